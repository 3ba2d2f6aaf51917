"""Authentication for Django REST framework that refuses a signed-out session at once."""

import math
from collections.abc import Callable
from copy import copy
from datetime import datetime
from functools import cache, partial
from typing import Any, NoReturn, cast

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError as InvalidValue
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework_simplejwt.authentication import AUTH_HEADER_TYPES, JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken

from auth_sessions import exceptions, refusals
from auth_sessions.core import browser_validation, session_cache
from auth_sessions.core.backends import is_known
from auth_sessions.core.database import all_users, write_alias
from auth_sessions.core.event_loops import Origin
from auth_sessions.core.rotation import confirm_generation, verify_refresh_token
from auth_sessions.core.statements import select_session, select_session_and_user
from auth_sessions.core.usage import next_touch_at, touch
from auth_sessions.core.validity import EXCEPTIONS, get_end_reason
from auth_sessions.db.compiled import set_related
from auth_sessions.masking import SecretBytes, secret_arguments
from auth_sessions.models import Session
from auth_sessions.preferences import tell_end_reason
from auth_sessions.tokens import SessionAccessToken, SessionRefreshToken, parse
from auth_sessions.tokens.keys import simple_jwt


class SessionJWTAuthentication(JWTAuthentication):
    """simplejwt's ``JWTAuthentication``, which also requires that the session of the access token is live.

    ``request.user`` is the user; ``request.auth`` is the validated :class:`~auth_sessions.tokens.SessionAccessToken`
    with the ``session``. Costs exactly one SELECT, as simplejwt's own class does. Answers 401 with the code
    ``token_not_valid`` (the client should refresh), ``session_not_found``, ``session_expired``, ``password_changed``,
    ``user_inactive`` or ``user_not_found``. ``await request.auser()`` gives the same user as ``request.user``. With the
    request header ``Prefer: end-reason``, ``session_not_found`` says why the session has ended, where that is known.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, SessionAccessToken] | None:  # type: ignore[override]
        try:
            with refusals.telling(request):
                authenticated = cast(
                    "tuple[AbstractBaseUser, SessionAccessToken] | None", super().authenticate(request)
                )
        except APIException as refusal:
            tell_end_reason(refusal, refusal.__cause__, request=request)
            raise
        if authenticated is not None:
            getattr(request, "_request", request).auser = partial(_auser, authenticated[0])
        return authenticated

    def get_header(self, request: Request) -> bytes | None:  # type: ignore[override]
        header = super().get_header(request)
        return None if header is None else SecretBytes(header)

    def get_raw_token(self, header: bytes) -> bytes | None:
        token = super().get_raw_token(header)
        return None if token is None else SecretBytes(token)

    def get_validated_token(self, raw_token: bytes) -> SessionAccessToken:
        try:
            return parse(SessionAccessToken, raw_token)
        except exceptions.TokenNotValid as error:
            raise self.to_api_exception(error) from error

    def get_user(self, validated_token: SessionAccessToken) -> AbstractBaseUser:  # type: ignore[override]
        try:
            validated_token.session = get_valid_session(validated_token)
        except exceptions.AuthSessionsError as error:
            raise self.to_api_exception(error) from error
        return validated_token.session.user

    def to_api_exception(self, error: exceptions.AuthSessionsError) -> APIException:
        """The DRF exception by which the class answers a refusal."""
        return to_api_exception(error)


class CachedSessionJWTAuthentication(SessionJWTAuthentication):
    """As :class:`SessionJWTAuthentication`, but without SQL for most requests: one round trip to a cache.

    The cache is that of ``AUTH_SESSIONS_CACHE``, and every process that shares it refuses an ended session at once. The
    refusal takes up to ``AUTH_SESSIONS_CACHE_TTL`` if the cache has lost the tombstone, and if no signal was sent
    (``queryset.update()`` of the user, raw SQL). The database is read if the cache does not answer, or is not shared.

    ``request.user`` is lazy: its row is read when an attribute is used that the token does not contain (see
    :class:`LazyUser`). In an async view the event loop waits for that SELECT, unless the row was read before by
    ``await request.auser()``. A project that sets this class on single views must set ``AUTH_SESSIONS_CACHE`` as well.
    """

    uses_cache = True

    def get_user(self, validated_token: SessionAccessToken) -> AbstractBaseUser:  # type: ignore[override]
        if not self.uses_cache:
            return super().get_user(validated_token)
        token = validated_token
        database_id = self.get_database_id()
        try:
            entry = session_cache.get(token.session_id, user_id=token.user_id, database_id=database_id)
        except exceptions.SessionNotFound as error:
            refusals.about(error, user_id=token.user_id if _names_primary_key() else None)
            raise self.to_api_exception(error) from error
        if entry is not None and timezone.now().timestamp() < _needs_no_touch_until(
            entry.touch_at, entry.confirmed_generation, token
        ):
            origin = Origin(entry.using, get_database_id=self.get_database_id, database_id=database_id)
            lazy_user = LazyUser.of(entry.user_id, origin)
            token.read_session = partial(_session_of, entry, lazy_user)
            return cast("AbstractBaseUser", lazy_user)
        read_at = timezone.now()
        user = super().get_user(token)
        if user.is_active:  # a hit says that the user is
            until = _needs_no_touch_until(next_touch_at(token.session), token.session.confirmed_generation, token)
            session_cache.add(
                token.session, user_id=token.user_id, database_id=database_id, read_at=read_at, until=until
            )
        return user

    def get_database_id(self) -> str:
        """The id of the database and schema that sessions are read from: an entry is accepted for this id only.

        Override it if the project selects tenants by other means than a database or ``connection.schema_name`` (such as
        a ``search_path`` set by hand), and add the tenant to the result.
        """
        return session_cache.get_database_id()


def get_bearer_classes() -> tuple[type[SessionJWTAuthentication], ...]:
    """The classes by which the app's own views find a token, such as a project's own that reads it from a cookie.

    They are those of ``DEFAULT_AUTHENTICATION_CLASSES`` that derive from :class:`SessionJWTAuthentication`, or else
    that class. The app's views list and end sessions: they read the database also where those classes read a cache.
    """
    defaults = cast("list[Any]", api_settings.DEFAULT_AUTHENTICATION_CLASSES)
    derived = [each for each in defaults if isinstance(each, type) and issubclass(each, SessionJWTAuthentication)]
    return tuple(_without_cache(cast("Any", each)) for each in derived) or (SessionJWTAuthentication,)


@cache
def _without_cache(authentication: type[SessionJWTAuthentication]) -> type[SessionJWTAuthentication]:
    if not issubclass(authentication, CachedSessionJWTAuthentication):
        return authentication
    if authentication is CachedSessionJWTAuthentication:
        return SessionJWTAuthentication
    return type(
        authentication.__name__,
        (authentication,),
        {
            "uses_cache": False,
            "__module__": authentication.__module__,
            "__doc__": authentication.__doc__,
            "__wrapped__": authentication,
        },
    )


def _needs_no_touch_until(touch_at: float, confirmed_generation: int, token: SessionAccessToken) -> float:
    """Until when ``touch()`` has nothing to record of a use with this token (Unix time)."""
    return min(touch_at, token.confirms_at.timestamp()) if token.generation > confirmed_generation else touch_at


def _session_of(entry: session_cache.Entry, user: "LazyUser") -> Session:
    set_related(entry.session, "user", cast("AbstractBaseUser", user))
    return entry.session


class LazyUser(SimpleLazyObject):  # type: ignore[type-arg]
    """The user of a session from the cache: primary key, ``is_authenticated`` and ``is_active`` need no SQL.

    Any other attribute reads the row; on an event loop, from a thread. If the row does not exist any more, the user has
    this primary key, no other data and no permissions, and cannot be saved (401 ``user_not_found``). Raises
    ``RuntimeError`` if that thread reads another database or schema than the one that authenticated the session
    (``get_database_id``).
    """

    is_authenticated = True
    is_anonymous = False

    def __init__(self, session: Session, *, get_database_id: Callable[[], str] = session_cache.get_database_id) -> None:
        self._set_up(session.user_id, Origin(session._state.db or write_alias(), get_database_id=get_database_id))
        set_related(session, "user", cast("AbstractBaseUser", self))

    @classmethod
    def of(cls, key: Any, origin: Origin) -> "LazyUser":
        """The user with this primary key, whose row is read from the origin."""
        user = cls.__new__(cls)
        user._set_up(key, origin)
        return user

    def _set_up(self, key: Any, origin: Origin) -> None:
        attributes = vars(self)  # an ordinary assignment would set an attribute of the user

        def load() -> AbstractBaseUser:
            found = origin.call(all_users(origin.using).filter(pk=key).first)
            attributes["loaded"] = user = found or _deleted_user(key)
            return user

        super().__init__(load)
        attributes.update({"pk": key, get_user_model()._meta.pk.attname: key, "loaded": None})

    def __bool__(self) -> bool:
        return True

    def __copy__(self) -> Any:
        """A copy of the user whose row has been read. Until then it is this object, whose primary key is fixed."""
        loaded = vars(self)["loaded"]
        return self if loaded is None else copy(loaded)

    @property
    def is_active(self) -> bool:
        loaded = vars(self)["loaded"]
        return loaded is None or loaded.is_active


def _deleted_user(key: Any) -> AbstractBaseUser:
    """A user whose row does not exist any more, and whose ``save()`` creates no other."""
    user = get_user_model()(pk=key)
    vars(user)["save"] = vars(user)["save_base"] = _refuse_to_save
    return user


def _refuse_to_save(*args: object, **kwargs: object) -> NoReturn:
    raise to_api_exception(exceptions.UserNotFound())


async def _auser(user: AbstractBaseUser) -> AbstractBaseUser:
    return await sync_to_async(_loaded)(user)


def _loaded(user: AbstractBaseUser) -> AbstractBaseUser:
    """The user, whose row has been read."""
    user.password  # noqa: B018 - reads it
    return user


class BrowserSessionAuthentication(SessionAuthentication):
    """Authenticates by Django's session cookie, with CSRF enforced, if the middleware has found the session live.

    The middleware is ``BrowserSessionMiddleware``. ``request.auth`` is None.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, None] | None:
        session = browser_validation.get_current(request._request)
        if session is None:
            return None
        self.enforce_csrf(request)
        return session.user, None


def get_valid_session(token: SessionAccessToken, *, optional: tuple[str, ...] = ()) -> Session:
    """The live session of a validated access token, with its user, in one SELECT. Records that it was used.

    ``optional`` names related rows that are read with it, if they exist.

    Raises :class:`~auth_sessions.exceptions.TokenNotValid` if session and user do not belong together, and
    subclasses of :class:`~auth_sessions.exceptions.SessionInvalid`.
    """
    session = _select(token, optional=optional)
    _require_live(session, last_used_at=max(session.last_seen_at, token.rotated_at))
    touch(session, generation=token.generation, confirms_at=token.confirms_at)
    return session


def get_session_of_expired_token(token: SessionAccessToken, *, optional: tuple[str, ...] = ()) -> Session:
    """The live session of an access token that is valid but for its ``exp``, for a sign-out. Records no use.

    A device whose clock is behind does not know that its token has expired, and believes that it has signed out. Raises
    :class:`~auth_sessions.exceptions.TokenExpired` for a token older than the previous generation, and what
    :func:`get_valid_session` raises.
    """
    session = _select(token, "refresh_token", optional=optional)
    if token.generation < session.refresh_token.generation - 1:
        raise exceptions.TokenExpired
    _require_live(session, last_used_at=session.last_used_at)
    return session


def _select(token: SessionAccessToken, *related: str, optional: tuple[str, ...] = ()) -> Session:
    user_field, primary_key = simple_jwt("USER_ID_FIELD"), get_user_model()._meta.pk
    if not related and _names_primary_key():
        key = _as_key(primary_key.to_python, token.user_id)
        _as_key(primary_key.get_prep_value, key)
        session, user = select_session_and_user(token.session_id, key, optional=optional)
    else:
        session = select_session(token.session_id, "user", *related, optional=optional, with_user_visibility=True)
        if session is None:
            user = _as_key(lambda value: all_users().filter(**{user_field: value}).first(), token.user_id)
        else:
            user = session.user
    if session is None:
        raise _missing(token, user)
    if user is None or session.user_id != user.pk or str(getattr(user, user_field)) != token.user_id:
        raise refusals.about(exceptions.TokenNotValid(), session_id=session.pk, user_id=session.user_id)
    return session


def _names_primary_key() -> bool:
    """Whether the claim of the user is the key of their row."""
    return simple_jwt("USER_ID_FIELD") in {"pk", get_user_model()._meta.pk.attname}


def _as_key(use: Callable[[Any], Any], value: Any) -> Any:
    """What ``use`` makes of it. Raises ``TokenNotValid`` for what cannot be a key."""
    try:
        return use(value)
    except (ValueError, TypeError, InvalidValue) as error:
        raise exceptions.TokenNotValid from error


def _require_live(session: Session, *, last_used_at: datetime) -> None:
    if reason := get_end_reason(session, last_used_at=last_used_at):
        raise EXCEPTIONS[reason](session)


def _missing(token: SessionAccessToken, user: AbstractBaseUser | None) -> exceptions.AuthSessionsError:
    """Why a session does not exist: it has ended, or its user does not exist or is known to no backend."""
    if user is None:
        return exceptions.UserNotFound(session_id=token.session_id)
    error = exceptions.SessionNotFound if is_known(user, "") else exceptions.UserInactive
    return refusals.about(error(session_id=token.session_id), user_id=user.pk)


@secret_arguments("token")
def get_session_of_refresh_token(token: str, *, request: HttpRequest | None = None) -> Session:
    """The session of a refresh token, which is verified as in a refresh, but not rotated.

    Raises what :func:`auth_sessions.api.refresh` raises.
    """
    with refusals.telling(request):
        parsed = parse(SessionRefreshToken, token)
        session = verify_refresh_token(parsed.session_id, generation=parsed.generation, jti=parsed.jti, request=request)
    confirm_generation(session, generation=parsed.generation)
    return session


def get_session(request: HttpRequest | Request, *, raise_exception: bool = False) -> Session | None:
    """The session of a request, by Bearer token or cookie; None if there is none.

    ``request`` is DRF's or Django's own. For Django's own, each call costs the one SELECT of
    :class:`SessionJWTAuthentication`. With ``raise_exception`` the reason is raised instead:
    :class:`~auth_sessions.exceptions.TokenNotValid`, or a subclass of
    :class:`~auth_sessions.exceptions.SessionInvalid` (``SessionNotFound`` for a request without credentials).
    """
    try:
        session = _find_session(request)
    except exceptions.AuthSessionsError:
        if raise_exception:
            raise
        return None
    if session is None and raise_exception:
        raise exceptions.SessionNotFound
    return session


def _find_session(request: HttpRequest | Request) -> Session | None:
    if isinstance(request, Request):
        return getattr(request.auth, "session", None) or _get_browser_session(request)
    for authentication in (each() for each in get_bearer_classes()):
        if token := _token_found_by(authentication, request):
            with refusals.telling(request):
                return _session_accepted_by(authentication, token)
    return browser_validation.get_current(request)


def _token_found_by(authentication: SessionJWTAuthentication, request: HttpRequest) -> bytes | None:
    """The access token in the header, or where the project's class has it; None if there is none.

    Raises ``TokenNotValid`` for a malformed header.
    """
    try:
        header = authentication.get_header(cast("Request", request))
        return None if header is None else authentication.get_raw_token(header)
    except AuthenticationFailed as error:
        raise exceptions.TokenNotValid from error


def _session_accepted_by(authentication: SessionJWTAuthentication, token: bytes) -> Session:
    """The session of an access token; a project's class may refuse more than the app does (``TokenNotValid``)."""
    try:
        validated = authentication.get_validated_token(token)
        if not isinstance(validated, SessionAccessToken):  # simplejwt's own
            raise exceptions.TokenNotValid
        authentication.get_user(validated)
    except APIException as error:
        if isinstance(error.__cause__, exceptions.AuthSessionsError):
            raise error.__cause__ from error.__cause__.__cause__
        raise exceptions.TokenNotValid from error
    return validated.session


def _get_browser_session(request: Request) -> Session | None:
    """The session of the cookie, if the request was authenticated as the same user."""
    session = browser_validation.get_current(request._request)
    return session if session is not None and request.user and session.user_id == request.user.pk else None


class StepUpRequired(APIException):
    """401 with the challenge of RFC 9470, section 3: the person must prove their identity again.

    The body is ``{"detail", "code", "max_age"?, "acr_values"?}``: seconds, and words of RFC 8176 with spaces between.
    """

    status_code = status.HTTP_401_UNAUTHORIZED

    def __init__(self, error: exceptions.InsufficientUserAuthentication) -> None:
        super().__init__({"detail": str(error), "code": error.code}, error.code)
        seconds = None if error.max_age is None else math.floor(error.max_age.total_seconds())
        description = "More recent" if error.is_too_old else "A different"
        parameters = {"error": error.code, "error_description": f"{description} authentication is required"}
        details = cast("dict[str, Any]", self.detail)
        if seconds is not None:
            parameters["max_age"], details["max_age"] = str(seconds), _DetailNumber(seconds)
        if error.methods:
            parameters["acr_values"] = " ".join(error.methods)
            details["acr_values"] = ErrorDetail(parameters["acr_values"], error.code)
        quoted = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
        # DRF's exception handler sends it as `WWW-Authenticate`.
        self.auth_header = f"{AUTH_HEADER_TYPES[0]} {quoted}"


class _DetailNumber(int):
    """A number in the details of an error, of which handlers ask the code, as of texts."""

    code = exceptions.InsufficientUserAuthentication.code


def to_api_exception(error: exceptions.AuthSessionsError) -> APIException:
    """The DRF exception for a refusal, ``{"detail", "code"}``: in general 401, as in simplejwt.

    403 for the session limit, for a session that may not be handed over, and for somebody who has no way to prove their
    identity again. A password that is too long is an error of its field, 400. A proof of identity that is too old is
    the challenge of RFC 9470.
    """
    if isinstance(error, exceptions.InsufficientUserAuthentication):
        return StepUpRequired(error)
    if isinstance(error, exceptions.PasswordTooLong):
        return ValidationError({"password": [str(error)]}, code=error.code)
    refused = (exceptions.SessionLimitReached, exceptions.HandOverRefused, exceptions.ReauthenticationUnavailable)
    if isinstance(error, refused):
        return PermissionDenied({"detail": str(error), "code": error.code})
    if isinstance(error, exceptions.TokenNotValid):
        return InvalidToken(str(error))
    return AuthenticationFailed(str(error), code=error.code)
