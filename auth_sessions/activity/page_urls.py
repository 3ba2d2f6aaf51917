"""Mount with ``path("account/", include("auth_sessions.activity.page_urls"))``, beside the pages."""

from django.urls import URLPattern, path

from auth_sessions.activity import pages, report_pages

app_name = "auth_sessions_activity_pages"

urlpatterns: list[URLPattern] = [
    path("activity/", pages.ActivityPage.as_view(), name="activity"),
    path("activity/<uuid:pk>/", report_pages.EventView.as_view(), name="event"),
    path("activity/<uuid:pk>/report/", report_pages.ReportPage.as_view(), name="report"),
    path("activity/reported/", report_pages.ReportedPage.as_view(), name="reported"),
]
