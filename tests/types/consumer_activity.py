"""As ``consumer``, for the history: a project that uses every public name, for type checkers alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

from django.urls import URLPattern, URLResolver, include, path
from rest_framework import serializers

from auth_sessions.activity import page_urls, sentences, urls, views
from auth_sessions.activity import serializers as own_serializers
from auth_sessions.activity.choices import ActivityKind
from auth_sessions.activity.models import Activity
from auth_sessions.activity.signals import activity_recorded


class Other(own_serializers.PresentedSerializer):
    place = serializers.CharField()


class Event(own_serializers.ActivitySerializer):
    other = Other(source="*")


class Page(views.ActivityPagination):
    page_size = min(views.PAGE_SIZE, views.LARGEST_PAGE)


class History(views.ActivityListView):
    serializer_class = Event


urlpatterns: list[URLPattern | URLResolver] = [
    path("activity/", History.as_view()),
    path("", include((urls.urlpatterns, urls.app_name))),
    path("", include((page_urls.urlpatterns, page_urls.app_name))),
]


def tell(activities: Sequence[Activity], kinds: frozenset[str], **kwargs: object) -> None:
    if ActivityKind.NEW_DEVICE in kinds:
        for activity in activities:
            assert_type(sentences.describe(activity), str)
            assert_type(sentences.format_when(activity.created_at), str)
            assert_type(activity.label, str)


activity_recorded.connect(tell, dispatch_uid="project")
