from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path
from django.views.generic import TemplateView

from example_project.views import BrowserView, EdgeView, HomeView, MagicLinkView, MeView

urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("api/auth/", include("auth_sessions.urls")),
    path("api/auth/", include("auth_sessions.activity.urls")),
    path("auth/v1/", include("auth_sessions.supabase.urls")),
    path("account/", include("auth_sessions.pages.urls")),
    path("account/", include("auth_sessions.activity.page_urls")),
    path("api/magic-link/", MagicLinkView.as_view()),
    path("api/me/", MeView.as_view()),
    path("api/edge/", EdgeView.as_view()),
    path("demo/", TemplateView.as_view(template_name="example_project/demo.html"), name="demo"),
    path("browser/", BrowserView.as_view(), name="browser"),
    path("accounts/login/", LoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(next_page="login"), name="logout"),
    path("admin/", admin.site.urls),
    *staticfiles_urlpatterns(),  # with any server
]
