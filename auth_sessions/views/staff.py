"""Another user's sessions, for staff."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import Http404
from rest_framework import status
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions.choices import EndReason, Scope
from auth_sessions.core.database import all_sessions, all_users
from auth_sessions.views.sessions import SessionsView


class HasSessionPermission(BasePermission):
    """Requires the view's ``permission_required``; ``is_staff`` is not required."""

    def has_permission(self, request: Request, view: Any) -> bool:
        has_perm = getattr(request.user, "has_perm", None)
        return bool(has_perm and has_perm(view.permission_required))


class StaffView(SessionsView):
    """Another user's sessions, for callers with ``permission_required``."""

    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated, HasSessionPermission)
    permission_required: str

    def get_owner(self) -> AbstractBaseUser:
        if "\0" in self.kwargs["pk"]:
            raise Http404
        return get_object_or_404(all_users(), pk=self.kwargs["pk"])


class UserSessionListView(StaffView):
    """``GET ?limit=``: a user's sessions. Needs ``auth_sessions.view_session``."""

    permission_required = "auth_sessions.view_session"

    def get(self, request: Request, **kwargs: object) -> Response:
        return self.show_list()


class UserSignOutView(StaffView):
    """``POST``: ends all sessions of a user; 204. Needs ``auth_sessions.delete_session``."""

    permission_required = "auth_sessions.delete_session"

    def post(self, request: Request, **kwargs: object) -> Response:
        owner = self.get_owner()
        sessions = all_sessions().of_person(owner.pk)
        self.end(sessions, reason=EndReason.REVOKED, scope=Scope.GLOBAL, revoked_users=[owner.pk])
        return Response(status=status.HTTP_204_NO_CONTENT)
