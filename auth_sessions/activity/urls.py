"""Mount with ``path("api/auth/", include("auth_sessions.activity.urls"))``."""

from django.urls import URLPattern, path

from auth_sessions.activity import report_views, views

app_name = "auth_sessions_activity"

urlpatterns: list[URLPattern] = [
    path("activity/", views.ActivityListView.as_view(), name="activity-list"),
    path("activity/<str:activity_id>/report/", report_views.ActivityReportView.as_view(), name="activity-report"),
]
