"""Creates sessions: token sessions, and browser sessions for logins of Django's."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions import exceptions, moments, passwords, refusals, signals
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core import login_methods
from auth_sessions.core.acting import set_actor
from auth_sessions.core.backends import backend_of, is_accepted, is_visible
from auth_sessions.core.database import (
    all_sessions,
    as_told,
    send_on_commit,
    translate_missing_user,
    user_row,
    write_alias,
)
from auth_sessions.core.dependents import depend_on, mark_depended_on
from auth_sessions.core.statements import insert
from auth_sessions.db.encoding import store_text
from auth_sessions.db.locking import lock_by_primary_key, lock_by_update, read_keys
from auth_sessions.db.transactions import in_transaction, is_outermost, retry_conflicts
from auth_sessions.devices import device, names
from auth_sessions.models import RefreshToken, Session


class Default:
    """The type of ``DEFAULT``, which means "as the setting says"; None already means "no limit"."""


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
    _save(session, RefreshToken(session=session, rotated_at=session.created_at), request=request)
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
        _save(session, RefreshToken(session=session, generation=1, rotated_at=session.created_at), request=request)
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
    login, None if that is not known. The limit is then enforced at once, and otherwise by :func:`enforce_limit`.
    ``name``, ``tag``, ``actor`` and ``current`` are those of :func:`create_session`. If the session ``is_provisional``,
    it is still open whether somebody acts: it is not announced before :func:`complete_session`. If it ``is_imported``,
    nobody is signing in, and it is not announced at all. It depends on the app's session that it was
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
        is_saved = _save(
            session,
            request=request,
            unless_exists=not is_authenticated_now,
            enforces_limit=not is_authenticated_now,
            is_announced=not (is_provisional or is_imported),
        )
    return session if is_saved else None


def complete_session(
    session: Session, *, actor: AbstractBaseUser | None, current: Session | None, request: HttpRequest
) -> bool:
    """Complete a provisional session, in which ``actor`` acts or nobody does. False if it has ended meanwhile.

    Raises :class:`~auth_sessions.exceptions.UserNotFound` and :class:`~auth_sessions.exceptions.SessionNotFound`.
    """
    using = write_alias()
    if actor is not None:
        set_actor(session, actor, current=current)
    acting = {name: getattr(session, name) for name in ("actor_id", "depends_on_id", "authenticated_at", "expires_at")}

    def work() -> bool:
        _lock_people(session, using=using)
        if not all_sessions(using).filter(pk=session.pk).update(**acting):
            return False
        _announce(session, request=request, using=using)
        return True

    with refusals.telling_sign_in(session.user, request), _translate_missing_people(session):
        return in_transaction(work, using=using)


def enforce_limit(session: Session, *, request: HttpRequest) -> None:
    """Enforce ``AUTH_SESSIONS_MAX_PER_USER`` for a new browser session, unless it has ended meanwhile.

    Under the policy ``"refuse"`` the least recently used session ends nevertheless: Django has already logged the user
    in.
    """
    if conf.AUTH_SESSIONS_MAX_PER_USER is None:
        return
    using = write_alias()

    def work() -> None:
        lock_by_update(user_row(session.user))
        if read_keys(all_sessions(using).filter(pk=session.pk)):
            _enforce_limit(session, request=request, using=using)

    in_transaction(work, using=using)


def _allowed(lifetime: Lifetime) -> timedelta | None:
    """The lifetime that a session gets. With ``AUTH_SESSIONS_PRESET`` no sign-in exceeds ``AUTH_SESSIONS_LIFETIME``."""
    usual = conf.AUTH_SESSIONS_LIFETIME
    if isinstance(lifetime, Default) or (lifetime is None and conf.AUTH_SESSIONS_PRESET is not None):
        return usual
    if lifetime is None or usual is None or conf.AUTH_SESSIONS_PRESET is None:
        return lifetime
    return min(lifetime, usual)


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
    now, lifetime = timezone.now(), _allowed(lifetime)
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


def _save(
    session: Session,
    *related: RefreshToken,
    request: HttpRequest | None,
    unless_exists: bool = False,
    enforces_limit: bool = True,
    is_announced: bool = True,
) -> bool:
    """Insert the rows, enforce the limit and announce the session, if it ``is_announced``.

    False if they are not inserted: see ``statements.insert``.
    """
    using = write_alias()
    # In a transaction as long as a request, two sign-ins of one user could deadlock on InnoDB: each holds a shared lock
    # for the foreign key, and waits to write last_login. PostgreSQL would check the key only at the end of it.
    enforces_limit = enforces_limit and conf.AUTH_SESSIONS_MAX_PER_USER is not None
    depends = session.actor_id is not None or session.depends_on_id is not None
    must_lock = enforces_limit or depends or not is_outermost(using)

    def save() -> bool:
        if not insert(session, *related, using=using, unless_exists=unless_exists):
            return False
        if is_announced:
            _announce(session, request=request, using=using)
        return True

    def lock_and_save() -> bool:
        _lock_people(session, using=using)
        if not save():
            return False
        if enforces_limit:
            _enforce_limit(session, request=request, using=using)
        return True

    def write() -> bool:
        if must_lock:
            return in_transaction(lock_and_save, using=using)
        if is_announced and signals.session_starting.has_listeners(Session):
            return in_transaction(save, using=using)
        return retry_conflicts(save, using=using)

    with _refusals_announced(session, request=request, using=using), _translate_missing_people(session):
        return store_text(session, ("name", "tag"), write)


def _lock_people(session: Session, *, using: str) -> None:
    """Lock the row of the user, and the session that this one depends on: neither is deleted before it exists."""
    user = user_row(session.user)
    has_limit = conf.AUTH_SESSIONS_MAX_PER_USER is not None
    if not (lock_by_update(user) if has_limit else lock_by_primary_key(user)):
        raise exceptions.UserNotFound
    if not mark_depended_on(session, using=using):
        raise exceptions.SessionNotFound


@contextmanager
def _translate_missing_people(session: Session) -> Iterator[None]:
    """Raise ``UserNotFound`` for a database error if the user, or the actor, has just been deleted."""
    of_actor = nullcontext() if session.actor is None else translate_missing_user(session.actor)
    with translate_missing_user(session.user), of_actor:
        yield


def _announce(session: Session, *, request: HttpRequest | None, using: str) -> None:
    if signals.session_starting.has_listeners(Session):
        signals.session_starting.send(sender=Session, session=as_told(session), request=request, using=using)
    send_on_commit(signals.session_started, using=using, session=session, request=request)


@contextmanager
def _refusals_announced(session: Session, *, request: HttpRequest | None, using: str) -> Iterator[None]:
    """Send ``session_limit_reached`` when the limit refuses the session, whose transaction is rolled back then."""
    try:
        yield
    except exceptions.SessionLimitReached:
        if signals.session_limit_reached.has_listeners(Session):
            told = as_told(session)
            signals.session_limit_reached.send_robust(sender=Session, session=told, request=request, using=using)
        raise


def _enforce_limit(session: Session, *, request: HttpRequest | None, using: str) -> None:
    """Enforce ``AUTH_SESSIONS_MAX_PER_USER``. The caller has locked the user's row, so sign-ins of one user wait.

    Sign-ins of the user are counted: neither sessions in which somebody acts in the user's name, nor what an app has
    handed over, which is a part of the app's. Those end no other, either.
    """
    limit = conf.AUTH_SESSIONS_MAX_PER_USER
    if limit is None or session.actor_id is not None or session.depends_on_id is not None:
        return
    counted = all_sessions(using).live(user=session.user).filter(actor=None, depends_on=None).exclude(pk=session.pk)
    if conf.AUTH_SESSIONS_LIMIT_BY == "tag":
        counted = counted.filter(tag=session.tag)
    surplus = read_keys(counted.last_used_first())[max(limit - 1, 0) :]
    if not surplus:
        return
    if conf.AUTH_SESSIONS_LIMIT_POLICY == "refuse" and session.kind == SessionKind.TOKEN:
        raise exceptions.SessionLimitReached
    all_sessions(using).filter(pk__in=surplus).end(reason=EndReason.LIMIT, actor=session.user, request=request)


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
