"""Who is calling: DRF authentication that refuses a signed-out session at once."""

from datetime import datetime
from functools import partial
from typing import cast

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject, empty
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken

from auth_sessions import core, exceptions
from auth_sessions.core import alive_cache, django_sessions
from auth_sessions.models import Session
from auth_sessions.tokens import SessionAccessToken, parse
from auth_sessions.tokens.keys import simple_jwt


class SessionJWTAuthentication(JWTAuthentication):
    """simplejwt's ``JWTAuthentication``, but the token is only as good as its session.

    ``request.user`` is the user; ``request.auth`` is the validated :class:`~auth_sessions.tokens.SessionAccessToken`
    with the ``session``. Costs exactly one SELECT, as simplejwt's own class does. Answers 401 with the code
    ``token_not_valid`` (worth a refresh), ``session_not_found``, ``session_expired``, ``password_changed``,
    ``user_inactive`` or ``user_not_found``.
    """

    def get_validated_token(self, raw_token: bytes) -> SessionAccessToken:
        try:
            return parse(SessionAccessToken, raw_token)
        except exceptions.TokenNotValid as error:
            raise refusal(error) from error

    def get_user(self, validated_token: SessionAccessToken) -> AbstractBaseUser:  # type: ignore[override]
        try:
            validated_token.session = find_session(validated_token)
        except exceptions.AuthSessionsError as error:
            raise refusal(error) from error
        return validated_token.session.user


class CachedSessionJWTAuthentication(SessionJWTAuthentication):
    """The same, without SQL for most requests: one round trip to the cache of ``AUTH_SESSIONS_CACHE``.

    A session that ends is refused at once by every process that shares the cache. Where the cache lost the word, and
    where nothing told Python (``queryset.update()`` of the user, raw SQL), within ``AUTH_SESSIONS_CACHE_TTL``. The
    database is asked where the cache does not answer, and over one that is not shared.

    ``request.user`` is then read when something of it is asked that the token does not tell: see :class:`LazyUser`.
    A project that names this class on single views names the cache as well, in ``AUTH_SESSIONS_CACHE``.
    """

    asks_cache = True

    def get_user(self, validated_token: SessionAccessToken) -> AbstractBaseUser:  # type: ignore[override]
        token = validated_token
        session = alive_cache.find(token.session_id, user_id=token.user_id)
        if session is not None and timezone.now() < _quiet_until(session, token):
            token.session = session
            return cast("AbstractBaseUser", LazyUser(session))
        asked_at = timezone.now()
        user = super().get_user(token)
        until = _quiet_until(token.session, token)
        alive_cache.keep(token.session, user_id=token.user_id, asked_at=asked_at, until=until)
        return user


def _quiet_until(session: Session, token: SessionAccessToken) -> datetime:
    return core.quiet_until(session, generation=token.generation, rotated_at=token.rotated_at)


class LazyUser(SimpleLazyObject):  # type: ignore[type-arg]
    """The user of a session that the cache vouches for: ``pk`` and that they are signed in and active are known.

    Anything else reads the row. Where that is gone, there is a user with this key and nothing else, no rights either.
    """

    is_authenticated = True
    is_anonymous = False

    def __init__(self, session: Session) -> None:
        super().__init__(partial(_load_user, session))
        key = session.user_id
        vars(self).update({"pk": key, get_user_model()._meta.pk.attname: key})
        Session._meta.get_field("user").set_cached_value(session, cast("AbstractBaseUser", self))

    def __bool__(self) -> bool:
        return True

    @property
    def is_active(self) -> bool:
        return True if self._wrapped is empty else self._wrapped.is_active


def _load_user(session: Session) -> AbstractBaseUser:
    return core.all_users().filter(pk=session.user_id).first() or get_user_model()(pk=session.user_id)


class BrowserSessionAuthentication(SessionAuthentication):
    """Django's own session cookie, with CSRF enforced, where ``BrowserSessionMiddleware`` found the session alive."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, None] | None:
        session = django_sessions.current(request._request)
        if session is None:
            return None
        self.enforce_csrf(request)
        return session.user, None


def find_session(token: SessionAccessToken) -> Session:
    """The live session of a validated access token, with its user, in one SELECT; notes that it was seen in use.

    Raises :class:`~auth_sessions.exceptions.TokenNotValid` where session and user do not belong together, and
    subclasses of :class:`~auth_sessions.exceptions.SessionOver`.
    """
    session = core.find(token.session_id, "user")
    if session is None:
        raise _missing(token)
    if str(getattr(session.user, simple_jwt("USER_ID_FIELD"))) != token.user_id:
        raise exceptions.TokenNotValid
    if reason := core.over(session, last_used_at=max(session.last_seen_at, token.rotated_at)):
        raise core.REFUSALS[reason](session)
    core.touch(session, generation=token.generation, rotated_at=token.rotated_at)
    return session


def _missing(token: SessionAccessToken) -> exceptions.AuthSessionsError:
    """Why there is no such session: mostly it was signed out, but perhaps the person is gone as well."""
    try:
        user = core.all_users().filter(**{simple_jwt("USER_ID_FIELD"): token.user_id}).first()
    except (ValueError, TypeError, ValidationError):
        return exceptions.TokenNotValid()
    if user is None:
        return exceptions.UserNotFound()
    return exceptions.SessionNotFound() if user.is_active else exceptions.UserInactive()


def get_session(request: HttpRequest | Request) -> Session | None:
    """The session a request comes from, or None. For a DRF request or a plain Django one, by Bearer token or cookie.

    On a plain request each call costs the one SELECT of :class:`SessionJWTAuthentication`; in an async view, call it
    through ``sync_to_async``.
    """
    if isinstance(request, Request):
        return getattr(request.auth, "session", None) or _browser_session(request)
    try:
        found = SessionJWTAuthentication().authenticate(cast("Request", request))
    except AuthenticationFailed:
        return None
    return cast("SessionAccessToken", found[1]).session if found else django_sessions.current(request)


def _browser_session(request: Request) -> Session | None:
    """The cookie's, if whatever authenticated the request found the same person."""
    session = django_sessions.current(request._request)
    return session if session is not None and session.user_id == request.user.pk else None


def refusal(error: exceptions.AuthSessionsError) -> APIException:
    """The HTTP answer to a refusal: ``{"detail", "code"}``, 403 for the session limit, else 401 as simplejwt does."""
    if isinstance(error, exceptions.SessionLimitReached):
        return PermissionDenied({"detail": str(error), "code": error.code})
    if isinstance(error, exceptions.TokenNotValid):
        return InvalidToken(str(error))
    return AuthenticationFailed(str(error), code=error.code)
