"""The history of the person who is signed in, over REST."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from auth_sessions.activity.history import history_of
from auth_sessions.activity.models import Activity
from auth_sessions.activity.serializers import ActivitySerializer
from auth_sessions.authentication import get_session
from auth_sessions.views import SessionsView

PAGE_SIZE = 50

LARGEST_PAGE = 100


class ActivityPagination(CursorPagination):
    """By key, so that a page costs the same however long the history is. Newest first; a ``cursor`` is opaque."""

    ordering = "-pk"

    def __init__(self, page_size: int) -> None:
        self.page_size = page_size

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Raises 404 for what is no cursor of this list."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                uuid.UUID(str(cursor.position))
            except ValueError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor


class ActivityListView(SessionsView):
    """``GET ?limit=&cursor=``: the caller's history, newest first: 200 ``{"next", "previous", "results"}``.

    A page has 50 events, or as many as ``limit`` says, at most 100.
    """

    serializer_class: type[BaseSerializer[Any]] = ActivitySerializer

    def get(self, request: Request, **kwargs: object) -> Response:
        paginator = ActivityPagination(min(self.get_limit() or PAGE_SIZE, LARGEST_PAGE))
        page = paginator.paginate_queryset(self.get_activities(), request, view=self)
        shown = self.serializer_class(page, many=True, context={"current": get_session(request)})
        return paginator.get_paginated_response(shown.data)

    def get_activities(self) -> QuerySet[Activity]:
        return history_of(self.get_owner().pk)
