"""The history in a schema, where ``auth_sessions.activity`` is installed."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers, status

from auth_sessions.activity.choices import ActivityKind
from auth_sessions.openapi.components import NamedSerializer, around
from auth_sessions.openapi.refusals import FORBIDDEN, INVALID, NO_CONTENT, NOT_FOUND, THROTTLED, UNAUTHORIZED
from auth_sessions.openapi.views import Described, DescribedViews, Descriptions, Operation

LIMIT = OpenApiParameter(
    "limit", {"type": "integer", "minimum": 1, "default": 50}, description="The size of a page, at most 100."
)

CURSOR = OpenApiParameter("cursor", str, description="Where a page begins: that of `next` or `previous`.")


class ActivityComponent(NamedSerializer):
    target_class = "auth_sessions.activity.serializers.ActivitySerializer"
    name = "AuthSessionsActivity"
    description = "An event of the history."
    choices = {"kind": ActivityKind}


class PresentedComponent(NamedSerializer):
    target_class = "auth_sessions.activity.serializers.PresentedSerializer"
    name = "AuthSessionsPresented"
    description = "The other device of an event."


@cache
def page(serializer: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """A page of events, as this serializer shows them."""
    return around(
        serializer,
        "AuthSessionsActivityPage",
        "A page of the history.",
        next=serializers.URLField(allow_null=True),
        previous=serializers.URLField(allow_null=True),
        results=serializer(many=True),
    )


def activity_list(view: Any) -> Described:
    return Described(
        operations={
            "get": Operation(
                id="auth_activity_list",
                summary="List the history",
                description="The user's history, newest first.",
                tags=("activity",),
                parameters=(LIMIT, CURSOR),
                responses={
                    status.HTTP_200_OK: page(view.serializer_class),
                    **INVALID,
                    **NOT_FOUND,
                    **THROTTLED,
                    **UNAUTHORIZED,
                },
            )
        }
    )


def activity_report(view: Any) -> Described:
    return Described(
        operations={
            "post": Operation(
                id="auth_activity_report",
                summary="Report an event",
                description="The event was not the user's: every other session ends, and this one if it is its own.",
                tags=("activity",),
                responses={**NO_CONTENT, **UNAUTHORIZED, **FORBIDDEN, **NOT_FOUND, **THROTTLED},
            )
        }
    )


DESCRIPTIONS: Descriptions = {
    "auth_sessions.activity.views.ActivityListView": activity_list,
    "auth_sessions.activity.report_views.ActivityReportView": activity_report,
}


class ActivityViews(DescribedViews):
    target_class = "auth_sessions.activity.views.ActivityListView"
    descriptions = DESCRIPTIONS
