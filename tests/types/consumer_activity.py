"""As ``consumer``, for the history: a project that uses every public name, for type checkers alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import assert_type

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path
from rest_framework import serializers

from auth_sessions.activity import page_urls, sentences, urls, views
from auth_sessions.activity import serializers as own_serializers
from auth_sessions.activity.apps import ActivityConfig
from auth_sessions.activity.choices import ActivityKind
from auth_sessions.activity.models import Activity
from auth_sessions.activity.report_views import ActivityReportView
from auth_sessions.activity.signals import activity_recorded, activity_reported
from auth_sessions.models import Session


class Other(own_serializers.PresentedSerializer):
    place = serializers.CharField()


class Event(own_serializers.ActivitySerializer):
    other = Other(source="*")


class Page(views.ActivityPagination):
    page_size = min(views.PAGE_SIZE, views.LARGEST_PAGE)


class History(views.ActivityListView):
    serializer_class = Event


class Report(ActivityReportView):
    def get_activity(self) -> Activity:
        return super().get_activity()


class OurActivity(ActivityConfig):
    def get_email(self, user: AbstractBaseUser) -> str:
        return super().get_email(user).lower()

    def get_language(self, user: AbstractBaseUser) -> str:
        return "de" if super().get_time_zone(user) == UTC else super().get_language(user)

    def get_password_url(self, user: AbstractBaseUser | None) -> str:
        return super().get_password_url(user) or "/"


urlpatterns: list[URLPattern | URLResolver] = [
    path("activity/", History.as_view()),
    path("activity/<str:activity_id>/report/", Report.as_view()),
    path("", include((urls.urlpatterns, urls.app_name))),
    path("", include((page_urls.urlpatterns, page_urls.app_name))),
]


def tell(activities: Sequence[Activity], kinds: frozenset[str], **kwargs: object) -> None:
    if ActivityKind.NEW_DEVICE in kinds:
        for activity in activities:
            assert_type(sentences.describe(activity), str)
            assert_type(sentences.format_when(activity.created_at), str)
            assert_type(activity.label, str)


def tell_the_team(activity: Activity, session: Session | None, request: HttpRequest, **kwargs: object) -> None:
    assert_type(activity.reported_at is None, bool)


activity_recorded.connect(tell, dispatch_uid="project")
activity_reported.connect(tell_the_team, dispatch_uid="project")
