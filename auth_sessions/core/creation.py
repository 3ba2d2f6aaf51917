"""How a session begins: by credentials, or for a person whose identity was proved elsewhere."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any, Final, cast

from django.contrib.auth import authenticate
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from auth_sessions import exceptions, passwords, signals
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.rows import all_sessions, database, row_of, send_on_commit, user_may_vanish
from auth_sessions.core.statements import insert
from auth_sessions.devices import device, names
from auth_sessions.models import RefreshToken, Session, unknown_moment
from auth_sessions.querysets import lock


class Default:
    """The type of ``DEFAULT``: "as the setting says", where None already means "no limit"."""


DEFAULT: Final = Default()

Lifetime = timedelta | None | Default


@sensitive_variables("credentials")
def sign_in(
    request: HttpRequest,
    credentials: Mapping[str, Any],
    *,
    name: str = "",
    tag: str = "",
    lifetime: Lifetime = DEFAULT,
) -> Session:
    """Sign a person in by credentials. ``django.contrib.auth.authenticate(request, ...)`` is the only judge of them.

    Sends Django's ``user_logged_in`` or ``user_login_failed``. Raises
    :class:`~auth_sessions.exceptions.NoActiveAccount`, and what :func:`start` raises.
    """
    user = authenticate(request, **credentials)
    if user is None or not user.is_active:
        raise exceptions.NoActiveAccount
    session = start(user, request=request, name=name, tag=tag, amr=("pwd",), lifetime=lifetime)
    with or_never(session), user_may_vanish(user):
        user_logged_in.send(sender=type(user), request=request, user=user, session=session)
    return session


@contextmanager
def or_never(session: Session) -> Iterator[None]:
    """Undo a sign-in that fails after it began: nobody holds the session, and it would count against the limit."""
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):  # of a transaction that is rolled back, and the session with it
            all_sessions().filter(pk=session.pk).end(reason=EndReason.DELETED)
        raise


def start(
    user: AbstractBaseUser,
    *,
    request: HttpRequest | None = None,
    kind: SessionKind = SessionKind.TOKEN,
    name: str = "",
    tag: str = "",
    amr: Iterable[str] = (),
    lifetime: Lifetime = DEFAULT,
    browser_key: str | None = None,
    is_proved: bool = True,
) -> Session:
    """Begin a session for a user whose identity was proved elsewhere (a magic link, a social login, a code).

    The session carries the fingerprint of the password hash on the user object as given: if the password changed
    since the object was read, the session is born refused. ``amr`` are RFC 8176 words; ``lifetime`` overrides
    ``AUTH_SESSIONS_LIFETIME`` (None: no absolute end); ``browser_key`` is the key of Django's session where that
    carries it; without ``is_proved`` it is not known when identity was proved. ``session_started`` is sent on commit.

    Raises :class:`~auth_sessions.exceptions.UserInactive`, :class:`~auth_sessions.exceptions.UserNotFound` (deleted
    meanwhile), and under the policy ``"refuse"`` :class:`~auth_sessions.exceptions.SessionLimitReached`.
    """
    if not user.is_active:
        raise exceptions.UserInactive
    now = timezone.now()
    if isinstance(lifetime, Default):
        lifetime = conf.LIFETIME
    session = Session(
        user=cast("Any", user),
        kind=kind,
        created_at=now,
        authenticated_at=now if is_proved else unknown_moment(),
        last_seen_at=now,
        expires_at=None if lifetime is None else now + lifetime,
        name=names.clean(name),
        tag=tag,
        amr=list(amr),
        browser_key=browser_key,
        password_fingerprint=passwords.fingerprint(user.password),
    )
    if request is not None:
        session.user_agent = device.client_user_agent(request)
        session.ip_address = device.client_address(request)
    using = database()
    # In a transaction as long as a request, InnoDB's shared lock for the foreign key would let two sign-ins of one
    # person wait for each other when last_login is written, and PostgreSQL would look at the key only at its end.
    must_lock = conf.MAX_PER_USER is not None or transaction.get_connection(using).in_atomic_block
    rows = [session, RefreshToken(session=session, rotated_at=now)] if kind == SessionKind.TOKEN else [session]
    with user_may_vanish(user), transaction.atomic(using=using) if must_lock else nullcontext():
        if must_lock and not lock(row_of(user)):
            raise exceptions.UserNotFound
        insert(*rows, using=using)
        _make_room(session, request=request, using=using)
        send_on_commit(signals.session_started, using=using, session=session, request=request)
    return session


def _make_room(session: Session, *, request: HttpRequest | None, using: str) -> None:
    """Keep to ``AUTH_SESSIONS_MAX_PER_USER``, under the lock on the user's row that makes sign-ins wait in line."""
    if conf.MAX_PER_USER is None:
        return
    counted = all_sessions(using).live(user=session.user).exclude(pk=session.pk)
    if conf.LIMIT_BY == "tag":
        counted = counted.filter(tag=session.tag)
    keys = list(counted.last_used_first().values_list("pk", flat=True))
    surplus = keys[max(conf.MAX_PER_USER - 1, 0) :]
    if not surplus:
        return
    if conf.LIMIT_POLICY == "refuse" and session.kind == SessionKind.TOKEN:
        raise exceptions.SessionLimitReached
    all_sessions(using).filter(pk__in=surplus).end(reason=EndReason.LIMIT, actor=session.user, request=request)
