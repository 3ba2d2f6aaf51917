"""Records the use of a session, on commit and without a lock that outlives the statement."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions import moments, passwords, security_log
from auth_sessions.conf import conf
from auth_sessions.core import login_methods
from auth_sessions.core.database import all_sessions, all_users, lock_with_caller, write_alias
from auth_sessions.db.compiled import get_related
from auth_sessions.db.encoding import store_text
from auth_sessions.db.locking import lock, lock_by_primary_key, update_unless_locked
from auth_sessions.db.transactions import call_on_commit, in_transaction, is_outermost, retry_conflicts
from auth_sessions.devices import names
from auth_sessions.masking import conceal
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet


def touch(session: Session, *, confirms: int = 0) -> None:
    """Record that a session was seen in use, which shows that the client has stored the generation ``confirms``.

    Sets ``last_seen_at`` at most once per ``AUTH_SESSIONS_LAST_SEEN_INTERVAL``, and ``confirmed_generation`` once per
    generation. It is one conditional UPDATE on commit, so that no row stays locked while a view runs; an error of it is
    logged, not raised.
    """
    now = timezone.now()
    changes: dict[str, Any] = {"last_seen_at": now}
    if confirms > session.confirmed_generation:
        changes["confirmed_generation"] = session.confirmed_generation = confirms
        only_if: dict[str, Any] = {"confirmed_generation__lt": confirms}
    elif moments.age(session.last_seen_at) >= conf.AUTH_SESSIONS_LAST_SEEN_INTERVAL:
        only_if = {"last_seen_at": session.last_seen_at}
    else:
        return
    session.last_seen_at = now
    update_on_commit(session, changes, only_if=only_if)
    touch_actor_session(session)


def touch_actor_session(session: Session, **changes: Any) -> None:
    """Record that the actor's own session is in use, while they act in another person's name from it.

    Without ``changes``, and where the actor's session has been read, at most once per
    ``AUTH_SESSIONS_LAST_SEEN_INTERVAL``.
    """
    if not session.is_staff_help or session.depends_on_id is None:
        return
    own = get_related(session, "depends_on")
    is_noted = own is not None and moments.age(own.last_seen_at) < conf.AUTH_SESSIONS_LAST_SEEN_INTERVAL
    if is_noted and not changes:
        return
    now, using = timezone.now(), write_alias()
    row = all_sessions(using).filter(pk=session.depends_on_id, last_seen_at__lte=moments.as_upper_bound(now))
    _write_on_commit(row, {"last_seen_at": now, **changes}, using=using)


def next_touch_at(session: Session) -> float:
    """Until when :func:`touch` has nothing to record but a generation, and the session is live (Unix time).

    ``AUTH_SESSIONS_IDLE_TIMEOUT`` needs no comparison: it is longer than ``AUTH_SESSIONS_LAST_SEEN_INTERVAL``.
    """
    at = moments.to_past_seconds(session.last_seen_at) + conf.AUTH_SESSIONS_LAST_SEEN_INTERVAL.total_seconds()
    return at if session.expires_at is None else min(at, moments.to_seconds(session.expires_at))


def touch_browser(session: Session, *, django_session_key: str | None) -> None:
    """Record that a browser session was seen in use, as :func:`touch` does.

    A new key of Django's session, or another ``SESSION_ENGINE``, is recorded at once. Its expiry moves only when
    Django's session is saved.
    """
    changes: dict[str, Any] = {"django_session_key": django_session_key}
    if session.django_session_engine is not None:
        changes["django_session_engine"] = settings.SESSION_ENGINE
    as_read = {name: conceal(getattr(session, name)) for name in ("last_seen_at", *changes)}
    is_noted = moments.age(session.last_seen_at) < conf.AUTH_SESSIONS_LAST_SEEN_INTERVAL
    if is_noted and changes.items() <= as_read.items():
        return
    update_on_commit(session, {"last_seen_at": timezone.now(), **changes}, only_if=as_read)
    touch_actor_session(session)
    for name, value in changes.items():
        setattr(session, name, value)


def update_on_commit(session: Session, changes: dict[str, Any], *, only_if: dict[str, Any]) -> bool:
    """Write ``changes`` to the row on commit, if it then has the values of ``only_if``. An error is logged, not raised.

    False if that was tried at once, and nothing was written.

    Within a transaction the row would stay locked, out of the key order in which sessions are locked to be ended. A row
    that another transaction has locked is not written: whoever ends a session may take long, and the next use of the
    session writes again.
    """
    using = write_alias()
    return _write_on_commit(all_sessions(using).filter(pk=session.pk, **only_if), changes, using=using)


def _write_on_commit(row: SessionQuerySet, changes: dict[str, Any], *, using: str) -> bool:
    is_tried, is_written = False, False

    def write() -> None:
        nonlocal is_tried, is_written
        is_tried = True
        is_written = retry_conflicts(partial(update_unless_locked, row, changes), using=using)

    call_on_commit(write, using=using)
    return is_written or not is_tried


def mark_reauthenticated(
    session: Session,
    user: AbstractBaseUser | None = None,
    *,
    amr: Iterable[str] = (),
    auth_backend: str | None = None,
    request: HttpRequest | None = None,
) -> bool:
    """Record that a person has proved their identity again in an existing session. False if it has ended.

    ``amr`` is added to the methods of the session; of those that it does not name, the time of their last proof is kept
    in ``earlier_proofs``. With the ``user`` who was authenticated by the present password, the
    session gets its fingerprint. ``auth_backend`` is the path of another backend that carries the session from now on.
    Where somebody acts in their name, it is not they who prove anything: ``authenticated_at`` stays NULL.
    """
    using, methods = write_alias(), login_methods.checked(amr)
    # A transaction of the project's goes on, and may write to the user: Django's login() stores last_login.
    must_lock_user = not is_outermost(using)

    def work() -> bool:
        if must_lock_user:
            lock_by_primary_key(all_users(using).filter(pk=session.user_id))
        stored = {row.pk: row for row in lock(all_sessions(using).filter(user_id=session.user_id))}.get(session.pk)
        if stored is None:
            return False
        earlier = {method: stored.proved_at(method) for method in stored.amr if method not in methods}
        session.earlier_proofs = {method: at and moments.to_seconds(at) for method, at in earlier.items()}
        session.authenticated_at = timezone.now() if session.actor_id is None else None
        session.amr = list(dict.fromkeys([*stored.amr, *methods]))
        changes: dict[str, Any] = {
            name: getattr(session, name) for name in ("authenticated_at", "amr", "earlier_proofs")
        }
        # A new password that has kept this session meanwhile has given it a fingerprint of its own.
        if user is not None and stored.password_fingerprint == session.password_fingerprint:
            changes["password_fingerprint"] = session.password_fingerprint = passwords.fingerprint(user.password)
        if auth_backend is not None:
            changes["auth_backend"] = session.auth_backend = auth_backend
        all_sessions(using).filter(pk=session.pk).update(**changes)
        if session.authenticated_at is not None:
            security_log.write_on_commit(
                security_log.REAUTHENTICATED,
                using=using,
                request=request,
                of=session,
                methods=" ".join(methods) or None,
            )
        return True

    return in_transaction(work, using=using)


def rename_session(session: Session, name: str, *, caller: Session | None) -> bool:
    """Store the person's own label for a session, at most 100 characters. False if the session has just ended.

    ``caller`` is the session in which the person names it, if there is one. Raises
    :class:`~auth_sessions.exceptions.SessionNotFound` if that one has ended.
    """
    session.name = names.clean(name)
    using = write_alias()
    row = all_sessions(using).filter(pk=session.pk)

    def rename() -> int:
        locked = lock_with_caller(row, caller=caller, using=using)
        return row.update(name=session.name) if session.pk in {each.pk for each in locked} else 0

    return bool(store_text(session, ("name",), partial(in_transaction, rename, using=using)))
