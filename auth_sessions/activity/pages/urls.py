"""Mount with ``path("account/", include("auth_sessions.activity.pages.urls"))``. A GET never changes anything."""

from django.urls import URLPattern, path

from auth_sessions.activity.pages import views

app_name = "auth_sessions_activity_pages"

urlpatterns: list[URLPattern] = [
    path("activity/<uuid:pk>/", views.ActivityView.as_view(), name="activity"),
    path("activity/<uuid:pk>/report/", views.ReportView.as_view(), name="report"),
    path("activity/reported/", views.ReportedView.as_view(), name="reported"),
]
