"""How a session is created: for a user whose identity was proved, with tokens or with Django's own session."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any, Final, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions import exceptions, passwords, signals
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.database import all_sessions, send_on_commit, translate_missing_user, user_row, write_alias
from auth_sessions.core.statements import insert
from auth_sessions.db.locking import lock
from auth_sessions.devices import device, names
from auth_sessions.models import RefreshToken, Session


class Default:
    """The type of ``DEFAULT``: "as the setting says", where None already means "no limit"."""


DEFAULT: Final = Default()

Lifetime = timedelta | None | Default


def create_session(
    user: AbstractBaseUser,
    *,
    request: HttpRequest | None = None,
    name: str = "",
    tag: str = "",
    amr: Iterable[str] = (),
    lifetime: Lifetime = DEFAULT,
) -> Session:
    """Create a session that tokens carry, for a user whose identity was proved elsewhere.

    The session carries the fingerprint of the password hash on the user object as given: if the password has changed
    since the object was read, the session is refused from the start. ``amr`` are words of RFC 8176; ``lifetime``
    overrides ``AUTH_SESSIONS_LIFETIME`` (None: no absolute end). ``session_started`` is sent on commit.

    Raises :class:`~auth_sessions.exceptions.UserInactive`, :class:`~auth_sessions.exceptions.UserNotFound` (deleted
    meanwhile), and under the policy ``"refuse"`` :class:`~auth_sessions.exceptions.SessionLimitReached`.
    """
    session = _build(user, SessionKind.TOKEN, request=request, lifetime=lifetime)
    session.name, session.tag, session.amr = names.clean(name), tag, list(amr)
    _save(session, RefreshToken(session=session, rotated_at=session.created_at), request=request)
    return session


def create_browser_session(
    user: AbstractBaseUser,
    *,
    request: HttpRequest | None,
    lifetime: timedelta | None,
    django_session_key: str | None,
    is_authenticated_now: bool,
) -> Session:
    """Create a session that Django's own session carries.

    ``django_session_key`` is its key in the store. Unless the user ``is_authenticated_now``, nobody knows when they were.
    Under the policy ``"refuse"`` the least recently used session ends all the same, since Django has let the user in.
    Raises what :func:`create_session` raises.
    """
    session = _build(user, SessionKind.BROWSER, request=request, lifetime=lifetime)
    session.django_session_key = django_session_key
    if not is_authenticated_now:
        session.authenticated_at = None
    _save(session, request=request)
    return session


def _build(user: AbstractBaseUser, kind: SessionKind, *, request: HttpRequest | None, lifetime: Lifetime) -> Session:
    if not user.is_active:
        raise exceptions.UserInactive
    now = timezone.now()
    if isinstance(lifetime, Default):
        lifetime = conf.AUTH_SESSIONS_LIFETIME
    session = Session(
        user=cast("Any", user),
        kind=kind,
        created_at=now,
        authenticated_at=now,
        last_seen_at=now,
        expires_at=None if lifetime is None else now + lifetime,
        password_fingerprint=passwords.fingerprint(user.password),
    )
    if request is not None:
        session.user_agent = device.client_user_agent(request)
        session.ip_address = device.client_address(request)
    return session


def _save(session: Session, *related: RefreshToken, request: HttpRequest | None) -> None:
    """Insert the rows, and keep to the limit."""
    using, user = write_alias(), session.user
    # In a transaction as long as a request, InnoDB's shared lock for the foreign key would let two sign-ins of one
    # user wait for each other when last_login is written, and PostgreSQL would look at the key only at its end.
    must_lock = conf.AUTH_SESSIONS_MAX_PER_USER is not None or transaction.get_connection(using).in_atomic_block
    with translate_missing_user(user), transaction.atomic(using=using) if must_lock else nullcontext():
        if must_lock and not lock(user_row(user)):
            raise exceptions.UserNotFound
        insert(session, *related, using=using)
        _enforce_limit(session, request=request, using=using)
        send_on_commit(signals.session_started, using=using, session=session, request=request)


def _enforce_limit(session: Session, *, request: HttpRequest | None, using: str) -> None:
    """Keep to ``AUTH_SESSIONS_MAX_PER_USER``, under the lock on the user's row, which sign-ins of one user wait for."""
    limit = conf.AUTH_SESSIONS_MAX_PER_USER
    if limit is None:
        return
    counted = all_sessions(using).live(user=session.user).exclude(pk=session.pk)
    if conf.AUTH_SESSIONS_LIMIT_BY == "tag":
        counted = counted.filter(tag=session.tag)
    keys = list(counted.last_used_first().values_list("pk", flat=True))
    surplus = keys[max(limit - 1, 0) :]
    if not surplus:
        return
    if conf.AUTH_SESSIONS_LIMIT_POLICY == "refuse" and session.kind == SessionKind.TOKEN:
        raise exceptions.SessionLimitReached
    all_sessions(using).filter(pk__in=surplus).end(reason=EndReason.LIMIT, actor=session.user, request=request)


@contextmanager
def end_on_error(session: Session) -> Iterator[None]:
    """End a session if the rest of its sign-in fails: nobody holds it, and it would count against the limit."""
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):  # of a transaction that is rolled back, and the session with it
            all_sessions().filter(pk=session.pk).end(reason=EndReason.DELETED)
        raise
