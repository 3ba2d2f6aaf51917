"""What a project uses of step-up authentication, for type checkers alone: see ``consumer.py``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, assert_type

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from auth_sessions import api, authentication, decorators, exceptions, mixins, permissions, serializers, views
from auth_sessions.models import Session
from auth_sessions.pages import step_up as pages

# permissions, decorators


class Payment(APIView):
    permission_classes = [permissions.RecentlyAuthenticated.within(minutes=10, methods=["mfa"])]


class Address(APIView):
    permission_classes = [IsAuthenticated & permissions.RecentlyAuthenticated]


@decorators.recently_authenticated(timedelta(minutes=10))
def export(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse()


@decorators.recently_authenticated(minutes=10)
async def export_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


assert_type(export(HttpRequest(), pk=3), HttpResponse)


async def prove(request: HttpRequest, session: Session) -> list[str]:
    api.mark_reauthenticated(session, amr=["hwk"])
    assert_type(api.issue_access_token(session, request=request), str)
    return [await api.aissue_access_token(session)]


def step_up(error: exceptions.InsufficientUserAuthentication) -> APIException:
    assert_type(error.max_age, timedelta | None)
    assert_type(error.methods, tuple[str, ...])
    return authentication.StepUpRequired(error)


class OwnFactor(mixins.SecondFactorMixin):
    pass


class Passkeys(mixins.StepUpMixin):
    def verify_identity(
        self, request: HttpRequest, session: Session, credentials: Mapping[str, Any]
    ) -> tuple[AbstractBaseUser | None, Iterable[str]]:
        if "passkey" not in credentials:
            raise exceptions.ReauthenticationUnavailable
        if not credentials["passkey"]:
            raise exceptions.ReauthenticationFailed
        return None, ["hwk"]


class Reauthenticate(Passkeys, views.ReauthenticateView):
    serializer_class = serializers.ReauthenticateSerializer

    def get_response_data(self, session: Session) -> dict[str, Any]:
        return {**super().get_response_data(session), "proved_at": session.proved_at("hwk")}


PAGES: list[type[pages.ProofPage]] = [pages.ReauthenticateView]
