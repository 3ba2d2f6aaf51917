"""The caller's own sessions: listed, shown, renamed and ended."""

import sys
import uuid
from collections.abc import Collection
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import Http404
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.fields import IntegerField
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from auth_sessions import api
from auth_sessions.authentication import get_session
from auth_sessions.choices import EndReason, Scope
from auth_sessions.core.database import all_sessions
from auth_sessions.core.listing import list_live
from auth_sessions.core.sign_out import end_chosen
from auth_sessions.core.usage import rename_session
from auth_sessions.exceptions import SessionNotFound
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet
from auth_sessions.serializers import SessionSerializer
from auth_sessions.views.base import AuthSessionsView


class SessionsView(AuthSessionsView):
    """The caller's own live sessions. The queryset contains no other person's, so those answer 404."""

    serializer_class: type[BaseSerializer[Any]] = SessionSerializer

    def get_queryset(self) -> SessionQuerySet:
        if getattr(self, "swagger_fake_view", False):  # a generator of schemas asks, without a request
            return all_sessions().none()
        return all_sessions().live(user=self.get_owner()).select_related("refresh_token")

    def get_owner(self) -> AbstractBaseUser:
        return self.get_caller()

    def get_caller(self) -> AbstractBaseUser:
        return cast("AbstractBaseUser", self.request.user)

    def get_session_id(self) -> uuid.UUID:
        try:
            return uuid.UUID(self.kwargs["session_id"])
        except ValueError:
            raise Http404 from None

    def get_object(self) -> Session:
        return get_object_or_404(self.get_queryset(), pk=self.get_session_id())

    def end(
        self,
        chosen: SessionQuerySet,
        *,
        reason: EndReason,
        scope: Scope | None = None,
        revoked_users: Collection[Any] = (),
    ) -> None:
        end_chosen(
            chosen,
            caller=get_session(self.request),
            reason=reason,
            scope=scope,
            actor=self.get_caller(),
            request=self.request._request,
            revoked_users=revoked_users,
        )

    def show(self, sessions: Session | list[Session]) -> Response:
        context = {"current": get_session(self.request)}
        shown = self.serializer_class(cast("Any", sessions), many=isinstance(sessions, list), context=context)
        return Response(shown.data)

    def show_list(self) -> Response:
        """All sessions, or with ``?limit=`` so many of them. Raises 400 for what is no positive integer."""
        limit, current = self.get_limit(), get_session(self.request)
        if limit is None and self._is_plain:
            return self.show(cast("Any", list_live(self.get_owner(), current=current)))
        return self.show(self.get_queryset().current_first(current, limit=limit))

    @property
    def _is_plain(self) -> bool:
        """Whether a project has changed neither what is listed nor how it is shown."""
        view = type(self)
        overridden = view.get_queryset, view.show, self.serializer_class
        return overridden == (SessionsView.get_queryset, SessionsView.show, SessionSerializer)

    def get_limit(self) -> int | None:
        if "limit" not in self.request.query_params:
            return None
        try:
            limit: int = IntegerField(min_value=1).run_validation(self.request.query_params["limit"])
        except ValidationError as error:
            raise ValidationError({"limit": error.detail}) from error
        return min(limit, sys.maxsize)  # what a database takes


class SessionListView(SessionsView):
    """``GET ?limit=``: the caller's sessions, the current one first, then by last use."""

    def get(self, request: Request, **kwargs: object) -> Response:
        return self.show_list()


class CurrentSessionView(SessionsView):
    """``GET``: the session this request comes from."""

    def get(self, request: Request, **kwargs: object) -> Response:
        session = get_session(request)
        if session is None:
            raise Http404
        shown = self.get_queryset().filter(pk=session.pk).first()
        if shown is None:  # it has just ended
            raise SessionNotFound
        return self.show(shown)


class SessionDetailView(SessionsView):
    """``GET``, ``PATCH {"name"}`` and ``DELETE`` of one of the caller's sessions; DELETE signs it out."""

    @property
    def is_own_sign_out(self) -> bool:
        """Whether the session that asks is the one that ends, for which ``RecentlyAuthenticated`` asks no proof."""
        current = get_session(self.request) if self.request.method == "DELETE" else None
        return current is not None and current.pk == self.get_session_id()

    def get(self, request: Request, **kwargs: object) -> Response:
        return self.show(self.get_object())

    def patch(self, request: Request, **kwargs: object) -> Response:
        session = self.get_object()
        name = self.read(request, session).validated_data.get("name", session.name)
        if not rename_session(session, name, caller=get_session(request)):
            raise Http404
        return self.show(session)

    def delete(self, request: Request, **kwargs: object) -> Response:
        session, current = self.get_object(), get_session(request)
        if session == current:
            api.sign_out(current, Scope.LOCAL, request=request._request)
        else:
            self.end(all_sessions().filter(pk=session.pk), reason=EndReason.SIGNED_OUT)
        return Response(status=status.HTTP_204_NO_CONTENT)
