"""The rules: how a session begins, is refreshed, is seen in use, and is signed out.

Rows are begun and changed here and ended in ``SessionQuerySet.end()``, nowhere else. Nothing here knows HTTP or JWT;
``request`` is Django's own and is only read for the device, and handed on to signals.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, cast

from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import DatabaseError, router, transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from auth_sessions import devices, exceptions, passwords, signals
from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.conf import conf
from auth_sessions.models import RefreshToken, Session
from auth_sessions.querysets import SessionQuerySet, lock

logger = logging.getLogger("auth_sessions")


class Default:
    """The type of ``DEFAULT``: "as the setting says", where None already means "no limit"."""


DEFAULT: Final = Default()

Lifetime = timedelta | None | Default

REFUSALS: dict[EndReason, type[exceptions.SessionOver]] = {
    EndReason.EXPIRED: exceptions.SessionExpired,
    EndReason.IDLE: exceptions.SessionIdle,
    EndReason.USER_INACTIVE: exceptions.UserInactive,
    EndReason.PASSWORD_CHANGED: exceptions.PasswordChanged,
}


# Beginning


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
    with _user_may_vanish(user):
        user_logged_in.send(sender=type(user), request=request, user=user, session=session)
    return session


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
) -> Session:
    """Begin a session for a user whose identity was proved elsewhere (a magic link, a social login, a code).

    The session carries the fingerprint of the password hash on the user object as given: if the password changed
    since the object was read, the session is born refused. ``amr`` are RFC 8176 words; ``lifetime`` overrides
    ``AUTH_SESSIONS_LIFETIME`` (None: no absolute end); ``browser_key`` is the key of Django's session where that
    carries it. ``session_started`` is sent on commit.

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
        authenticated_at=now,
        last_seen_at=now,
        expires_at=None if lifetime is None else now + lifetime,
        name=name,
        tag=tag,
        amr=list(amr),
        browser_key=browser_key,
        password_fingerprint=passwords.fingerprint(user.password),
    )
    if request is not None:
        session.user_agent = devices.client_user_agent(request)
        session.ip_address = devices.client_address(request)
    using = database()
    # In a transaction as long as a request, InnoDB's shared lock for the foreign key would let two sign-ins of one
    # person wait for each other when last_login is written, and PostgreSQL would look at the key only at its end.
    must_lock = conf.MAX_PER_USER is not None or transaction.get_connection(using).in_atomic_block
    with _user_may_vanish(user), transaction.atomic(using=using):
        if must_lock and not lock(row_of(user)):
            raise exceptions.UserNotFound
        session.save(force_insert=True, using=using)
        _make_room(session, request=request, using=using)
        if kind == SessionKind.TOKEN:
            RefreshToken(session=session, rotated_at=now).save(force_insert=True, using=using)
        _send_on_commit(signals.session_started, using=using, session=session, request=request)
    return session


@contextmanager
def _user_may_vanish(user: AbstractBaseUser) -> Iterator[None]:
    """A user deleted by somebody else in this very moment is a refusal, not an error of the database."""
    try:
        yield
    except DatabaseError:
        with transaction.atomic(using=database()):
            if lock(row_of(user)):  # under REPEATABLE READ a plain read still sees who was deleted
                raise
        raise exceptions.UserNotFound from None


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


# Refreshing


@sensitive_variables("proof")
def refresh(session_id: uuid.UUID, *, generation: int, proof: str, request: HttpRequest | None = None) -> Session:
    """Rotate a session's refresh token, or answer the same child again. The session returned carries user and token.

    One SELECT and one conditional UPDATE; of many that present one generation at once exactly one rotates, and the
    others get its child. Raises what :func:`present` raises.
    """
    session = present(session_id, generation=generation, proof=proof, request=request)
    if generation == session.refresh_token.counter and not _rotate(session.refresh_token):
        _reread(session)
        _refuse_spent(session, generation=generation, request=request)
    _stamp_with_todays_key(session)
    return session


@sensitive_variables("proof")
def present(session_id: uuid.UUID, *, generation: int, proof: str, request: HttpRequest | None = None) -> Session:
    """Judge a presented refresh token without rotating it; the session it proves, with its user and token.

    A spent token ends its own session, as does one whose session turns out to be over (expired, idle, password
    changed, user inactive): the row goes with that reason, and stays gone if the caller turns the error into an answer.

    Raises :class:`~auth_sessions.exceptions.SessionNotFound`, :class:`~auth_sessions.exceptions.SessionExpired`,
    :class:`~auth_sessions.exceptions.PasswordChanged`, :class:`~auth_sessions.exceptions.UserInactive`,
    :class:`~auth_sessions.exceptions.RefreshTokenForged` or
    :class:`~auth_sessions.exceptions.RefreshTokenAlreadyUsed`.
    """
    rows = all_sessions().select_related("user", "refresh_token")
    session = rows.filter(pk=session_id, refresh_token__isnull=False).first()
    if session is None:
        raise exceptions.SessionNotFound
    token = session.refresh_token
    if generation > token.counter or not constant_time_compare(token.proof(generation), proof):
        logger.warning("Forged refresh token for session %s, generation %s", session.pk, generation)
        raise exceptions.RefreshTokenForged
    if reason := over(session, last_used_at=session.last_used_at):
        all_sessions().filter(pk=session.pk).end(reason=reason, request=request)
        raise REFUSALS[reason]
    _refuse_spent(session, generation=generation, request=request)
    return session


def confirm(session: Session, *, generation: int) -> None:
    """Note that a refresh token was seen in use, where it was presented without being rotated."""
    if generation > session.confirmed:
        all_sessions().filter(pk=session.pk, confirmed__lt=generation).update(confirmed=generation)


def over(session: Session, *, last_used_at: datetime) -> EndReason | None:
    """Why a session whose row is still there counts for nothing any more, or None while it is alive.

    Browser sessions are exempt from the password: Django's own session hash judges it.
    """
    now = timezone.now()
    if session.expires_at is not None and session.expires_at <= now:
        return EndReason.EXPIRED
    if conf.IDLE_TIMEOUT is not None and last_used_at + conf.IDLE_TIMEOUT <= now:
        return EndReason.IDLE
    if not session.user.is_active:
        return EndReason.USER_INACTIVE
    if session.kind == SessionKind.TOKEN and not passwords.matches(session.password_fingerprint, session.user):
        return EndReason.PASSWORD_CHANGED
    return None


def _rotate(token: RefreshToken) -> bool:
    """Issue the next generation; False if somebody else did, or the session ended. This one UPDATE decides."""
    now = timezone.now()
    won = (
        RefreshToken.objects.using(token._state.db)
        .filter(pk=token.pk, counter=token.counter)
        .update(counter=token.counter + 1, rotated_at=now)
    )
    if won:
        token.counter, token.rotated_at = token.counter + 1, now
    return bool(won)


def _stamp_with_todays_key(session: Session) -> None:
    """After a change of ``SECRET_KEY``: the session outlives the old key's place in ``SECRET_KEY_FALLBACKS``."""
    stamp = passwords.fingerprint(session.user.password)
    if session.password_fingerprint != stamp:
        stamped = all_sessions().filter(pk=session.pk, password_fingerprint=session.password_fingerprint)
        stamped.update(password_fingerprint=stamp)
        session.password_fingerprint = stamp


def _reread(session: Session) -> None:
    """The token as the winner left it: by a locking read, since under REPEATABLE READ a plain one sees the past."""
    using = session._state.db
    with transaction.atomic(using=using):
        rows = RefreshToken.objects.using(using).select_for_update()
        token = rows.filter(pk=session.pk).first()
    if token is None:
        raise exceptions.SessionNotFound
    session.refresh_token = token


def _refuse_spent(session: Session, *, generation: int, request: HttpRequest | None) -> None:
    if not _is_spent(session, generation):
        return
    using = session._state.db or database()
    ended = all_sessions(using).filter(pk=session.pk)
    with transaction.atomic(using=using):
        if ended.end(reason=EndReason.REFRESH_TOKEN_REUSED, request=request):
            logger.warning("Spent refresh token for session %s, generation %s", session.pk, generation)
            _send_on_commit(
                signals.refresh_token_reused,
                using=using,
                session=session,
                generation=generation,
                request=request,
            )
    raise exceptions.RefreshTokenAlreadyUsed


def _is_spent(session: Session, generation: int) -> bool:
    """Whether a genuine token must have been copied: its child was seen in use, or it is older than the parent."""
    token = session.refresh_token
    if generation == token.counter:
        return False
    if generation < token.counter - 1:
        return True
    if conf.REUSE_POLICY == "lenient" or timezone.now() - token.rotated_at <= conf.REUSE_INTERVAL:
        return False
    return session.confirmed >= token.counter


# In use


def find(session_id: uuid.UUID) -> Session | None:
    """The row of a session, with its user, dead or alive, in one SELECT."""
    return all_sessions().select_related("user").filter(pk=session_id).first()


def touch(session: Session, *, generation: int = 0, rotated_at: datetime | None = None) -> None:
    """Note that a session was seen in use; ``generation`` and ``rotated_at`` are those of the access token it showed.

    Moves ``last_seen_at`` at most once per ``AUTH_SESSIONS_TOUCH_INTERVAL``, and ``confirmed`` once per rotation when
    the use comes later than ``AUTH_SESSIONS_REUSE_INTERVAL`` after it. One guarded UPDATE, run on commit, so that no
    session row stays locked while a view works; its failure is logged, not raised.
    """
    now = timezone.now()
    seen_before = now - conf.TOUCH_INTERVAL
    changes: dict[str, Any] = {"last_seen_at": now}
    if generation > session.confirmed and rotated_at is not None and now - rotated_at > conf.REUSE_INTERVAL:
        changes["confirmed"] = generation
        guard: dict[str, Any] = {"confirmed__lt": generation}
    elif session.last_seen_at <= seen_before:
        guard = {"last_seen_at__lte": seen_before}
    else:
        return
    _note(session, changes, guard)


def touch_browser(session: Session, *, expires_at: datetime, browser_key: str | None) -> None:
    """Note that a browser session was seen in use, as :func:`touch` does; its end moves with Django's own.

    A new key of Django's session is noted at once. Where Django let the person through with another password than the
    row is stamped with (``update_session_auth_hash()``), the row is stamped anew, and the person's other browsers,
    which Django refuses, end.
    """
    now = timezone.now()
    seen_before = now - conf.TOUCH_INTERVAL
    if session.browser_key != browser_key or session.last_seen_at <= seen_before:
        changes = {"last_seen_at": now, "expires_at": expires_at, "browser_key": browser_key}
        _note(session, changes, {"browser_key": session.browser_key, "last_seen_at": session.last_seen_at})
        session.expires_at = expires_at
    if passwords.matches(session.password_fingerprint, session.user):
        _stamp_with_todays_key(session)
    else:
        _follow_password(session)


def move_end(session: Session, expires_at: datetime) -> None:
    """Note that Django's own expiry of a browser session was changed."""
    _note(session, {"expires_at": expires_at}, {})


def _note(session: Session, changes: dict[str, Any], guard: dict[str, Any]) -> None:
    using = database()
    row = all_sessions(using).filter(pk=session.pk, **guard)
    transaction.on_commit(lambda: row.update(**changes), using=using, robust=True)


def _follow_password(session: Session) -> None:
    using = database()
    with transaction.atomic(using=using):
        if all(stored.password != session.user.password for stored in lock(row_of(session.user))):
            return  # the user was read before somebody changed the password
        browsers = all_sessions(using).filter(user_id=session.user_id, kind=SessionKind.BROWSER)
        browsers.filter(pk=session.pk).update(password_fingerprint=passwords.fingerprint(session.user.password))
        outdated = browsers.exclude(password_fingerprint__in=passwords.fingerprints(session.user.password))
        outdated.end(reason=EndReason.PASSWORD_CHANGED, actor=session.user)


def prove_again(session: Session, user: AbstractBaseUser) -> None:
    """Note that a person proved their identity again in the session they had."""
    session.authenticated_at, session.password_fingerprint = timezone.now(), passwords.fingerprint(user.password)
    all_sessions().filter(pk=session.pk).update(
        authenticated_at=session.authenticated_at, password_fingerprint=session.password_fingerprint
    )


def rename(session: Session, name: str) -> bool:
    """Give a session the person's own label, at most 100 characters; False if it has just ended."""
    session.name = name
    return bool(all_sessions().filter(pk=session.pk).update(name=name))


# Ending


def sign_out(
    session: Session,
    scope: Scope = Scope.GLOBAL,
    *,
    actor: AbstractBaseUser | None = None,
    request: HttpRequest | None = None,
) -> int:
    """Sign a person out from one of their sessions: everywhere, here, or everywhere else. Returns how many ended.

    ``actor`` is the person, unless told otherwise. Django's ``user_logged_out`` is sent once where the session the
    person calls from is among the ended ones and there is a ``request``.
    """
    using = database()
    sessions = all_sessions(using).filter(user_id=session.user_id)
    if scope == Scope.LOCAL:
        sessions = sessions.filter(pk=session.pk)
    elif scope == Scope.OTHERS:
        sessions = sessions.exclude(pk=session.pk)
    ended = sessions.end(reason=EndReason.SIGNED_OUT, scope=scope, actor=actor or session.user, request=request)
    if ended and request is not None and scope != Scope.OTHERS:
        user_logged_out.send(sender=type(session.user), request=request, user=session.user, session=session)
    return ended


def clear_away(over: exceptions.SessionOver, *, request: HttpRequest | None = None) -> None:
    """Sign out locally where the session turned out to be over: what is left of it goes, and nobody is refused."""
    if over.session is not None:
        sign_out(over.session, Scope.LOCAL, request=request)


def change_password(
    user: AbstractBaseUser,
    password: str,
    *,
    keep: Session | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Set a new password and end every session of the user but ``keep``, which is stamped anew, in one transaction.

    The password is not validated here: that is the form's or serializer's part. Raises
    :class:`~auth_sessions.exceptions.UserNotFound` (deleted meanwhile).
    """
    using = database()
    with _user_may_vanish(user), transaction.atomic(using=using):
        user.set_password(password)
        user.save(update_fields=["password"])
        sessions = all_sessions(using).filter(user_id=user.pk)
        if keep is not None:
            keep.password_fingerprint = passwords.fingerprint(user.password)
            sessions.filter(pk=keep.pk).update(password_fingerprint=keep.password_fingerprint)
            sessions = sessions.exclude(pk=keep.pk)
        sessions.end(reason=EndReason.PASSWORD_CHANGED, actor=user, request=request)


def upgrade_hash(user: AbstractBaseUser) -> None:
    """Store a hash of the same password by another hasher, and keep the sessions that were stamped with the old one.

    Both in one transaction, since a request in between would find its session stamped with another password.
    """
    using = database()
    with transaction.atomic(using=using):
        for stored in lock(row_of(user)):
            row_of(user).update(password=user.password)
            all_sessions(using).filter(
                user_id=user.pk, password_fingerprint__in=passwords.fingerprints(stored.password)
            ).update(password_fingerprint=passwords.fingerprint(user.password))


def end_before_deletion(user: AbstractBaseUser) -> int:
    """End all sessions of a user about to be deleted, under a lock that no new sign-in passes. Returns how many."""
    using = database()
    with transaction.atomic(using=using):
        lock(row_of(user))
        return all_sessions(using).filter(user_id=user.pk).end(reason=EndReason.USER_DELETED)


def end_outdated(user_id: Any) -> int:
    """End those of a user's sessions that are over (expired, idle, inactive, another password); how many there were."""
    return _end_over(all_sessions().filter(user_id=user_id))


def purge(*, batch_size: int = 1000) -> int:
    """End every session that is over, whoever's it is, ``batch_size`` rows at a time. Returns how many ended.

    Housekeeping only: a session that is over is refused whether or not this has run.
    """
    return sum(_end_over(batch) for batch in in_batches(all_sessions(), size=batch_size))


def in_batches(sessions: SessionQuerySet, *, size: int = 1000) -> Iterator[SessionQuerySet]:
    """The sessions in key order, ``size`` at a time, each batch read when the one before is done with."""
    keys = list(sessions.order_by("pk").values_list("pk", flat=True)[:size])
    while keys:
        yield all_sessions(sessions.db).filter(pk__in=keys)
        keys = list(sessions.filter(pk__gt=keys[-1]).order_by("pk").values_list("pk", flat=True)[:size])


def _end_over(sessions: SessionQuerySet) -> int:
    keys: dict[EndReason, list[uuid.UUID]] = defaultdict(list)
    for session in sessions.select_related("user", "refresh_token"):
        if reason := over(session, last_used_at=session.last_used_at):
            keys[reason].append(session.pk)
    rows = all_sessions()
    return sum(rows.filter(pk__in=found).end(reason=reason) for reason, found in keys.items())


def database() -> str:
    """The alias where decisions are read and written: a replica may lag behind a sign-out."""
    return router.db_for_write(Session)


def all_users() -> QuerySet[AbstractBaseUser]:
    """Everybody, where decisions are read and written; no manager of the project's hides anybody."""
    return get_user_model()._base_manager.using(database())


def row_of(user: AbstractBaseUser) -> QuerySet[AbstractBaseUser]:
    """The user's own row: what to lock, before any session, while something of theirs begins or ends."""
    return all_users().filter(pk=user.pk)


def all_sessions(using: str | None = None) -> SessionQuerySet:
    """All sessions, where decisions are read and written."""
    return Session.objects.using(using or database())


def _send_on_commit(signal: Signal, *, using: str, **event: Any) -> None:
    transaction.on_commit(partial(signal.send_robust, sender=Session, **event), using=using)
