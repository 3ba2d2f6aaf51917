from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from example_project.views import EdgeView, MagicLinkView, MeView
from tests.host import views

urlpatterns = [
    path("api/auth/", include("auth_sessions.activity.urls")),
    path("api/auth/", include("auth_sessions.urls")),
    path("api/magic-link/", MagicLinkView.as_view()),
    path("api/me/", MeView.as_view()),
    path("api/edge/", EdgeView.as_view()),
    *views.urlpatterns,
]
if apps.is_installed("auth_sessions.supabase"):
    urlpatterns += [path("auth/v1/", include("auth_sessions.supabase.urls"))]
if "auth_sessions.middleware.BrowserSessionMiddleware" in settings.MIDDLEWARE:
    urlpatterns += [
        path("account/", include("auth_sessions.activity.page_urls")),
        path("account/", include("auth_sessions.pages.urls")),
    ]
if apps.is_installed("django.contrib.admin"):
    urlpatterns += [path("admin/", admin.site.urls)]
