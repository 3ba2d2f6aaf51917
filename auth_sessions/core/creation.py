"""Creates sessions: token sessions, and browser sessions for logins of Django's."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions import exceptions, moments, passwords, refusals
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.core import login_methods
from auth_sessions.core.acting import set_actor
from auth_sessions.core.backends import backend_of, is_accepted, is_visible
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.core.dependents import depend_on
from auth_sessions.core.lifetimes import DEFAULT, Lifetime, allowed_lifetime
from auth_sessions.core.storing import store_session
from auth_sessions.devices import device, names
from auth_sessions.models import RefreshToken, Session


def create_session(
    user: AbstractBaseUser,
    *,
    request: HttpRequest | None = None,
    name: str = "",
    tag: str = "",
    amr: Iterable[str] = (),
    lifetime: Lifetime = DEFAULT,
    actor: AbstractBaseUser | None = None,
    current: Session | None = None,
) -> Session:
    """Create a token session for a user whose identity the caller has verified.

    The session gets the fingerprint of the password hash on the user object: if the password has changed since the
    object was read, the session is refused from the start. ``name`` and ``tag`` have at most 100 characters; ``amr``
    are authentication method references (RFC 8176); ``lifetime`` overrides ``AUTH_SESSIONS_LIFETIME`` (None: no
    absolute end), with ``AUTH_SESSIONS_PRESET`` by a shorter one only. ``actor`` is the person who acts in the user's
    name, from their session ``current`` (:func:`~auth_sessions.core.acting.set_actor`). ``session_started`` is sent on
    commit.

    Raises :class:`~auth_sessions.exceptions.UserInactive`, :class:`~auth_sessions.exceptions.UserNotFound` (the user
    was deleted meanwhile), for an actor :class:`~auth_sessions.exceptions.SessionNotFound` (who was signed out
    meanwhile), and under the policy ``"refuse"`` :class:`~auth_sessions.exceptions.SessionLimitReached`.
    """
    session = _build(
        user,
        SessionKind.TOKEN,
        request=request,
        lifetime=lifetime,
        auth_backend=backend_of(user),
        actor=actor,
        current=current,
    )
    session.name, session.tag, session.amr = names.clean(name), tag, list(login_methods.checked(amr))
    store_session(session, RefreshToken(session=session, rotated_at=session.created_at), request=request)
    return session


def create_migrated_session(
    user: AbstractBaseUser,
    *,
    session_id: uuid.UUID,
    request: HttpRequest | None = None,
    tag: str = "",
    lifetime: Lifetime = DEFAULT,
) -> Session:
    """Create a token session for a sign-in that another package made, whose token the caller has verified.

    That token counts as generation 0: the session starts with generation 1, its child. When and how the person proved
    their identity is not known. Raises what :func:`create_session` raises.
    """
    with refusals.telling_sign_in(user, request):
        session = _build(
            user, SessionKind.TOKEN, request=request, lifetime=lifetime, auth_backend="", actor=None, current=None
        )
        session.pk, session.tag, session.authenticated_at = session_id, tag, None
        store_session(
            session, RefreshToken(session=session, generation=1, rotated_at=session.created_at), request=request
        )
    return session


def create_browser_session(
    user: AbstractBaseUser,
    *,
    request: HttpRequest | None,
    lifetime: timedelta | None,
    django_session_key: str | None,
    is_authenticated_now: bool,
    authenticated_at: datetime | None = None,
    auth_backend: str = "",
    amr: Iterable[str] = (),
    name: str = "",
    tag: str = "",
    actor: AbstractBaseUser | None = None,
    current: Session | None = None,
    is_provisional: bool = False,
    is_imported: bool = False,
    handed_over_from: Session | None = None,
) -> Session | None:
    """Create a browser session, which Django's session carries.

    ``django_session_key`` is the key of Django's session in its store, if there is one. ``lifetime`` None means no
    absolute end. ``auth_backend`` is the path of the backend that Django's session names. Unless the user
    ``is_authenticated_now``, Django's session does not name the row yet, and ``authenticated_at`` is the time of the
    login, None if that is not known. The limit is then enforced at once, and otherwise by ``limits.enforce_limit``.
    ``name``, ``tag``, ``actor`` and ``current`` are those of :func:`create_session`. If the session ``is_provisional``,
    it is still open whether somebody acts: it is not announced before ``storing.complete_session``. If it
    ``is_imported``, nobody is signing in, and it is not announced at all. It depends on the app's session that it was
    ``handed_over_from``, whose proof of identity is its own. Returns None if another session has this key.

    Raises :class:`~auth_sessions.exceptions.UserInactive`, :class:`~auth_sessions.exceptions.UserNotFound` and
    :class:`~auth_sessions.exceptions.SessionNotFound`.
    """
    with nullcontext() if is_imported else refusals.telling_sign_in(user, request):
        session = _build(
            user,
            SessionKind.BROWSER,
            request=request,
            lifetime=lifetime,
            auth_backend=auth_backend,
            actor=actor,
            current=current,
        )
        session.django_session_key, session.amr = django_session_key, list(login_methods.checked(amr))
        session.name, session.tag = names.clean(name), tag
        if is_authenticated_now or is_imported:
            session.django_session_engine = settings.SESSION_ENGINE
        if not is_authenticated_now and session.actor_id is None:
            session.authenticated_at = authenticated_at
        if handed_over_from is not None:
            depend_on(session, handed_over_from)
            session.authenticated_at = handed_over_from.authenticated_at
            session.earlier_proofs = dict(handed_over_from.earlier_proofs)
        is_saved = store_session(
            session,
            request=request,
            unless_exists=not is_authenticated_now,
            enforces_limit=not is_authenticated_now,
            is_announced=not (is_provisional or is_imported),
        )
    return session if is_saved else None


def _build(
    user: AbstractBaseUser,
    kind: SessionKind,
    *,
    request: HttpRequest | None,
    lifetime: Lifetime,
    auth_backend: str,
    actor: AbstractBaseUser | None,
    current: Session | None,
) -> Session:
    if not is_accepted(user, auth_backend) or not (actor is None or _may_act(actor)):
        raise exceptions.UserInactive
    now, lifetime = timezone.now(), allowed_lifetime(lifetime)
    session = Session(
        user=cast("Any", user),
        kind=kind,
        created_at=now,
        authenticated_at=now,
        last_seen_at=now,
        expires_at=None if lifetime is None else moments.add(now, lifetime),
        auth_backend=auth_backend,
        password_fingerprint=passwords.fingerprint(user.password),
    )
    if request is not None:
        session.user_agent = device.client_user_agent(request)
        session.ip_address = device.client_address(request)
    if actor is not None and actor.pk != user.pk:
        set_actor(session, actor, current=current)
    return session


def _may_act(actor: AbstractBaseUser) -> bool:
    return is_accepted(actor, backend_of(actor), is_visible=is_visible(actor, using=write_alias()))


@contextmanager
def end_on_error(session: Session) -> Iterator[None]:
    """End a session if the rest of its sign-in fails: no client holds it, and it would count against the limit."""
    key = session.pk
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):  # the transaction is rolled back, and the session with it
            all_sessions().filter(pk=key).end(reason=EndReason.DELETED)
        raise
