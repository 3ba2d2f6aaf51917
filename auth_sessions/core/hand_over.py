"""Hands a sign-in over from an app to a browser: by a code, which the browser turns into a login of Django's.

The code is signed, and holds the session's key, a nonce, its time and where the browser goes next. The row of the
session's refresh token holds the digest of the nonce and of the password's fingerprint, one at a time: a new password
makes the code worthless, and the statement that clears the digest decides which of many requests redeems it. The
browser's session depends on the app's (:mod:`core.dependents`).
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.core.exceptions import ImproperlyConfigured
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

from auth_sessions import exceptions, moments, passwords, refusals
from auth_sessions.choices import SessionKind
from auth_sessions.core import browser_acting
from auth_sessions.core.backends import find_reader
from auth_sessions.core.browser_sign_in import log_in
from auth_sessions.core.browser_state import LoginDetails, RequestState, get_state
from auth_sessions.core.database import write_alias
from auth_sessions.core.lifetimes import DEFAULT, Lifetime
from auth_sessions.core.statements.reading import select_session
from auth_sessions.core.validity import get_end_reason
from auth_sessions.db.transactions import retry_conflicts
from auth_sessions.masking import Secret, secret_arguments
from auth_sessions.models import RefreshToken, Session

LIFETIME = timedelta(seconds=60)
"""How long a code is good."""

NEXT_LENGTH = 1000
"""The maximum length of a path to go to, as it is sent: it is part of the code, and the code of a cookie."""

_SALT = "auth_sessions.core.hand_over"


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """What a code stands for: the app's ``session``, with its user, and the path of the site to go to ("" for none)."""

    session: Session
    next_url: str = ""


def is_path(url: str) -> bool:
    """Whether a URL is a path of the same site, to which a browser may be redirected, and not too long."""
    is_own = url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
    return is_own and len(_as_sent(url)) <= NEXT_LENGTH


def _as_sent(url: str) -> str:
    return iri_to_uri(url.encode(errors="replace").decode())


def create_hand_over(session: Session, *, next_url: str = "") -> str:
    """A code by which a browser signs in as the person of an app's session, once and within 60 seconds.

    It replaces the session's earlier one. ``next_url`` is a path of the site, at most 1000 characters, to which the
    browser goes then.

    Raises ``ValueError`` for any other ``next_url``, :class:`~auth_sessions.exceptions.SessionNotFound` if the session
    has ended, and :class:`~auth_sessions.exceptions.HandOverRefused` for one that hands nothing over: a browser's, one
    in which somebody acts in another person's name, and one that has outlived its password.
    """
    if next_url and not is_path(next_url):
        raise ValueError("next_url must be a path of this site")
    if not _may_hand_over(session):
        raise exceptions.HandOverRefused
    nonce = Secret(secrets.token_urlsafe(32))
    tokens = _token_of(session)
    if not retry_conflicts(partial(tokens.update, hand_over_digest=_digest(nonce, session)), using=tokens.db):
        raise exceptions.SessionNotFound
    return Secret(_signer().sign_object([session.pk.hex, nonce, timezone.now().timestamp(), _as_sent(next_url)]))


@secret_arguments("code")
def get_hand_over(code: str) -> HandOver:
    """What a code stands for, as long as it is good. Nothing is changed.

    Raises :class:`~auth_sessions.exceptions.HandOverNotValid`, whatever the reason is: the code is expired, used,
    replaced or not ours, or its session is not live, or has another password than the user.
    """
    return _read(code)[0]


@secret_arguments("code")
def redeem_hand_over(request: HttpRequest, code: str) -> Session:
    """Sign a browser in as the person of an app's session, by Django's ``login()``. Returns the browser's session.

    It has the methods and the time of the proof of the app's session, ends with it, and expires no later. Of many
    requests with one code, one succeeds. Whoever was signed in in this browser is signed out first. ``request`` is a
    POST whose CSRF token was checked, from a person who has seen as whom they will be signed in: otherwise an attacker
    could sign somebody in as the attacker (OWASP: login CSRF). It has passed ``BrowserSessionMiddleware``.

    Raises :class:`~auth_sessions.exceptions.HandOverNotValid`.
    """
    state = get_state(request)
    if state is None:
        raise ImproperlyConfigured("A hand-over needs auth_sessions.middleware.BrowserSessionMiddleware in MIDDLEWARE.")
    with refusals.telling_sign_in(None, request):
        found, digest = _read(code)
        session = found.session
        backend = find_reader(session.user, session.auth_backend)
        tokens = _token_of(session).filter(hand_over_digest=digest)
        if backend is None or not retry_conflicts(partial(tokens.update, hand_over_digest=None), using=tokens.db):
            raise exceptions.HandOverNotValid
    _leave(request, state)
    details = LoginDetails(amr=tuple(session.amr), lifetime=_lifetime(request, session), handed_over_from=session)
    try:
        return log_in(request, session.user, details, backend=backend)
    except exceptions.SessionInvalid:  # the app's session has ended, or its user was deleted, meanwhile
        raise exceptions.HandOverNotValid from None


@secret_arguments("code")
def use_up(code: str) -> None:
    """Let a code be worth nothing from now on: the browser needs it no more. Raises ``HandOverNotValid``."""
    found, digest = _read(code)
    tokens = _token_of(found.session).filter(hand_over_digest=digest)
    retry_conflicts(partial(tokens.update, hand_over_digest=None), using=tokens.db)


@secret_arguments("code")
def is_genuine(code: str) -> bool:
    """Whether a code is ours, and not too old. The database, which is not asked, may know more."""
    try:
        _parse(code)
    except exceptions.HandOverNotValid:
        return False
    return True


@secret_arguments("code")
def _parse(code: str) -> tuple[uuid.UUID, str, str]:
    """The session's key, the nonce, and the path to go to."""
    try:
        key, nonce, created_at, next_url = _signer().unsign_object(code)
    except (BadSignature, ValueError) as error:  # a character that cannot be encoded
        raise exceptions.HandOverNotValid from error
    if timezone.now().timestamp() - created_at >= LIFETIME.total_seconds():
        raise exceptions.HandOverNotValid
    return uuid.UUID(key), Secret(nonce), next_url


@secret_arguments("code")
def _read(code: str) -> tuple[HandOver, str]:
    """What a good code stands for, and the digest of its nonce."""
    key, nonce, next_url = _parse(code)
    session = select_session(key, "user", "refresh_token", with_user_visibility=True)
    if session is None:
        raise exceptions.HandOverNotValid
    digest = _digest(nonce, session)
    if not constant_time_compare(session.refresh_token.hand_over_digest or "", digest):
        raise exceptions.HandOverNotValid
    reason = get_end_reason(session, last_used_at=session.last_used_at, asks_backend=True)
    if reason is not None or not _may_hand_over(session):
        raise exceptions.HandOverNotValid
    return HandOver(session=session, next_url=next_url), digest


def _may_hand_over(session: Session) -> bool:
    """Whether a session that is live may be handed over.

    Where ``AUTH_SESSIONS_PASSWORD_CHANGE_ENDS`` leaves apps signed in, their sessions may have an earlier password,
    with which no browser is signed in.
    """
    is_own = session.kind == SessionKind.TOKEN and not session.is_staff_help
    return is_own and passwords.matches(session.password_fingerprint, session.user)


def _lifetime(request: HttpRequest, session: Session) -> Lifetime:
    """The rest of the app's session where that is shorter than Django's would be; else Django's settings decide."""
    if session.expires_at is None or settings.SESSION_EXPIRE_AT_BROWSER_CLOSE:  # the row expires no later anyway
        return DEFAULT
    rest = -moments.age(session.expires_at)
    return rest if rest < timedelta(seconds=settings.SESSION_COOKIE_AGE) else DEFAULT


def _leave(request: HttpRequest, state: RequestState) -> None:
    """Sign out whoever is signed in in this browser, and who was left in it to act in another person's name."""
    if SESSION_KEY in request.session:
        logout(request)
    browser_acting.end_left(request)
    state.presented.acting = None


def _token_of(session: Session) -> "QuerySet[RefreshToken]":
    return RefreshToken.objects.using(write_alias()).filter(pk=session.pk)


def _digest(nonce: str, session: Session) -> str:
    return hashlib.sha256(f"{nonce}{session.password_fingerprint}".encode()).hexdigest()


def _signer() -> Any:
    """With ``SECRET_KEY``; codes signed with ``SECRET_KEY_FALLBACKS`` are accepted."""
    return Signer(salt=_SALT)
