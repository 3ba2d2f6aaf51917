"""What the endpoints have in common: JSON, refusals, the bearer check."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.signals import got_request_exception
from django.utils.log import log_response
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView, set_rollback

from auth_sessions import refusals
from auth_sessions.core.credentials import keep_answer
from auth_sessions.exceptions import AuthSessionsError
from auth_sessions.mixins import OwnTransactionsMixin
from auth_sessions.supabase import errors
from auth_sessions.supabase.authentication import BearerAuthentication
from auth_sessions.supabase.request_body import BodyParser
from auth_sessions.throttling import ActionThrottle
from auth_sessions.tokens import SessionAccessToken


class JSONOnly(BaseContentNegotiation):
    """Responds with JSON, independently of ``Accept``."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        return BodyParser()

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class SupabaseView(OwnTransactionsMixin, APIView):
    """The base of the endpoints: no authentication (clients send the API key as a Bearer token), and refusals.

    Refusals are not passed to the project's ``EXCEPTION_HANDLER``: the clients support one format only.
    """

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes = ()
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = JSONOnly
    versioning_class = None
    metadata_class = None
    action_throttle_scope: str | None = None
    refusals: errors.Refusals = errors.BEARER_REFUSALS

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), ActionThrottle()]

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal without a rollback: a session that it has ended stays ended. Roll back and log any other."""
        refusals.tell(exc, request=self.request)
        if isinstance(exc, AuthSessionsError):
            return self._answer(errors.refused(exc, self.refusals))
        error = errors.translated(exc)
        if error is not None:
            return self._answer(error)
        set_rollback()
        request = self.request._request
        got_request_exception.send(sender=None, request=request)
        error = errors.unexpected(exc)
        error_id = uuid.uuid4().hex
        response = self._answer(error, error_id=error_id)
        log_response(
            "Unexpected failure %s: %s", error_id, request.path, response=response, request=request, exception=exc
        )
        return response

    def _answer(self, error: errors.SupabaseError, **more: str) -> Response:
        versioned = errors.is_versioned(self.request._request)
        body = error.body(versioned=versioned)
        return Response(body if versioned else {**body, **more}, status=error.status, headers=error.headers)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        final: Response = super().finalize_response(request, response, *args, **kwargs)
        final.headers.setdefault("Cache-Control", "no-store, private")  # Django 5.2.0 knows private only
        keep_answer(request._request)
        if errors.is_versioned(request._request):
            final[errors.VERSION_HEADER] = errors.VERSION.isoformat()
        return final


class SignedInView(SupabaseView):
    """The base of the endpoints that require an access token."""

    authentication_classes = (BearerAuthentication,)

    def get_caller(self) -> AbstractBaseUser:
        return cast("AbstractBaseUser", self.request.user)

    def get_token(self) -> SessionAccessToken:
        """The validated access token, with its ``session``."""
        return cast("SessionAccessToken", self.request.auth)
