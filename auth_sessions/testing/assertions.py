"""Whether a device, or a person, is signed in.

Everything that a device holds is presented, in a transaction that is rolled back: the question changes nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.settings import api_settings

from auth_sessions import exceptions
from auth_sessions.authentication import CachedSessionJWTAuthentication, SessionJWTAuthentication
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.core import session_cache
from auth_sessions.core.browser_rows import has_password_of, select_browser_session
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.core.django_session_store import store_class
from auth_sessions.core.presented import NOBODY, Login
from auth_sessions.core.rotation import read_refresh_token
from auth_sessions.core.stored_logins import entry_model
from auth_sessions.core.validity import get_end_reason
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet
from auth_sessions.testing.devices import BaseDevice, Browser, Device
from auth_sessions.testing.requests import make_request, pass_middleware, without_writing
from auth_sessions.tokens import SessionRefreshToken, parse

SESSION = "the session"


@dataclass(frozen=True)
class Presented:
    """One thing that a device holds, and why it is refused; "" if it is accepted."""

    what: str
    refusal: str


def assert_signed_out(device: Device | Browser) -> None:
    """Fail if anything that the device holds, or held last, is accepted.

    Its session must be gone, or not live; its access token refused by ``SessionJWTAuthentication``, by the cached check
    and by the project's own subclasses among the defaults; its refresh token refused, or its cookie.
    """
    if accepted := [each.what for each in present(device) if not each.refusal]:
        raise AssertionError(f"The device is still signed in. Accepted: {', '.join(accepted)}.")


def assert_signed_in(device: Device | Browser) -> None:
    """Fail if neither a token nor the cookie of the device is accepted."""
    presented = present(device)
    if all(each.refusal for each in presented if each.what != SESSION):  # a live row alone lets nobody in
        refused = "; ".join(f"{each.what}: {each.refusal}" for each in presented if each.refusal)
        raise AssertionError(f"The device is signed out. Refused: {refused}.")


def assert_signed_out_everywhere(user: AbstractBaseUser) -> None:
    """Fail if a session of the user is live, or one in which the user acts in another person's name.

    Where Django's sessions are rows (``db``, ``cached_db``), also if one is accepted that the app knows nothing of.
    """
    if not isinstance(user, get_user_model()):
        raise TypeError(f"A user is asked for, an instance of {settings.AUTH_USER_MODEL}, not {user!r}.")
    if user.pk is None:
        raise ValueError("The user has no primary key any more; before the deletion, keep a copy of the object.")
    with _rolled_back():
        live = [
            f"{session.kind} session {session.pk} ({session})"
            for session in _with_people(all_sessions().of_person(user.pk))
            if _refusal_of(session) == ""
        ]
        if not live:
            live = [f"Django's session {key[:4]}…" for key in _stored_logins(user) if not _refusal_of_cookie(key)]
    if live:
        raise AssertionError(f"{user} is still signed in: {', '.join(live)}.")


def present(device: BaseDevice) -> list[Presented]:
    if not isinstance(device, BaseDevice):
        raise TypeError(f"A Device or a Browser of auth_sessions.testing is asked for, not {device!r}.")
    with _rolled_back():
        presented = list(_present_cookie(device) if isinstance(device, Browser) else _present_tokens(device))
        if not presented:
            raise ValueError("The device was never signed in, unless by requests that it has not sent itself.")
        if device.session_id is not None:
            row = _with_people(all_sessions().filter(pk=device.session_id)).first()
            login = _login_of(device.cookie) if isinstance(device, Browser) else NOBODY
            presented.append(Presented(SESSION, _refusal_of(row, login)))
    return presented


@contextmanager
def _rolled_back() -> Iterator[None]:
    using = write_alias()
    with transaction.atomic(using=using):
        yield
        transaction.set_rollback(True, using=using)


def _present_tokens(device: Any) -> Iterator[Presented]:
    if device.access is not None:
        request = _request_of(device)
        for each in _checked_classes():
            yield Presented(f"the access token, by {each.__name__}", _refusal_of_access(each, request))
    if device.refresh_token is not None:
        yield Presented("the refresh token", _refusal_of_refresh(device.refresh_token))


def _present_cookie(browser: Browser) -> Iterator[Presented]:
    if browser.cookie:
        yield Presented("the cookie", _refusal_of_cookie(browser.cookie, browser.request_defaults))


def _request_of(device: BaseDevice) -> HttpRequest:
    cookies = {name: morsel.value for name, morsel in device.client.cookies.items()}
    return make_request(device.request_defaults, headers=device.credentials, cookies=cookies)


def _checked_classes() -> list[type[SessionJWTAuthentication]]:
    defaults = cast("list[Any]", api_settings.DEFAULT_AUTHENTICATION_CLASSES)
    own = [each for each in defaults if isinstance(each, type) and issubclass(each, SessionJWTAuthentication)]
    cached = [CachedSessionJWTAuthentication] if session_cache.is_shared() else []  # otherwise it reads the database
    return list(dict.fromkeys([SessionJWTAuthentication, *cached, *own]))


def _refusal_of_access(authentication: type[SessionJWTAuthentication], request: HttpRequest) -> str:
    try:
        authenticated = authentication().authenticate(Request(request))
    except APIException as refusal:
        return str(refusal)
    return "" if authenticated else "it finds no token in the request"


def _refusal_of_refresh(token: str) -> str:
    try:
        parsed = parse(SessionRefreshToken, token)
        read_refresh_token(parsed.session_id, generation=parsed.generation, jti=parsed.jti)
    except exceptions.AuthSessionsError as error:
        return error.code
    return ""


def _refusal_of_cookie(cookie: str, defaults: Mapping[str, str] | None = None) -> str:
    login = _login_of(cookie)
    if login.session_id is not None and (refusal := _refusal_of(select_browser_session(login.session_id), login)):
        return refusal  # the middleware would end what is left of the session, and send its signals
    found: list[bool] = []
    request = make_request(defaults or {}, cookies={settings.SESSION_COOKIE_NAME: cookie})
    pass_middleware(request, lambda request: found.append(request.user.is_authenticated), is_question=True)
    return "" if found == [True] else "nobody is signed in by it"


def _login_of(cookie: str | None) -> Login:
    store = store_class()
    return Login.of(without_writing(store)(cookie)) if store is not None and cookie else NOBODY


def _refusal_of(session: Session | None, login: Login = NOBODY) -> str:
    """Why a session is not live; "" if it is. ``login`` is that of the cookie that a browser holds."""
    if session is None:
        return "it does not exist"
    is_bound = _has_djangos_hash(session.user)
    if session.kind == SessionKind.BROWSER:
        named = [each for each in (login, _login_of(session.django_session_key)) if each.session_id == str(session.pk)]
        if named:
            is_bound = False
            if not has_password_of(named[0], session.user):
                return EndReason.PASSWORD_CHANGED.value
    reason = get_end_reason(
        session, last_used_at=session.last_used_at, checks_browser_password=is_bound, asks_backend=True
    )
    return "" if reason is None else str(reason.value)


def _has_djangos_hash(user: AbstractBaseUser) -> bool:
    """Whether Django's hash in a cookie is that of the password alone, as the fingerprint in the row is."""
    return type(user).get_session_auth_hash is AbstractBaseUser.get_session_auth_hash


def _with_people(sessions: SessionQuerySet) -> SessionQuerySet:
    return sessions.select_related("user", "refresh_token")


def _stored_logins(user: AbstractBaseUser) -> Iterator[str]:
    """The keys of Django's sessions in which the user is logged in; none where they are no rows."""
    if (model := entry_model()) is None:
        return
    key = user._meta.pk.value_to_string(user)
    for entry in model.objects.using(router.db_for_write(model)).filter(expire_date__gt=timezone.now()):
        if entry.get_decoded().get(SESSION_KEY) == key:
            yield entry.session_key
