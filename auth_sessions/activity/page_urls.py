"""Mount with ``path("account/", include("auth_sessions.activity.page_urls"))``, beside the pages."""

from django.urls import URLPattern, path

from auth_sessions.activity import pages

app_name = "auth_sessions_activity_pages"

urlpatterns: list[URLPattern] = [
    path("activity/", pages.ActivityPage.as_view(), name="activity"),
]
