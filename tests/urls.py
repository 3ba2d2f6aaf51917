from django.contrib import admin
from django.urls import include, path

from example_project.views import EdgeView, MagicLinkView, MeView
from tests.host import views

urlpatterns = [
    path("api/auth/", include("auth_sessions.urls")),
    path("auth/v1/", include("auth_sessions.supabase.urls")),
    path("api/magic-link/", MagicLinkView.as_view()),
    path("api/me/", MeView.as_view()),
    path("api/edge/", EdgeView.as_view()),
    path("admin/", admin.site.urls),
    *views.urlpatterns,
]
