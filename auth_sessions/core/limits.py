"""The limit of sessions of one person, ``AUTH_SESSIONS_MAX_PER_USER``."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from auth_sessions import exceptions, signals
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.database import all_sessions, as_told, user_row, write_alias
from auth_sessions.db.locking import lock_by_update, read_keys
from auth_sessions.db.transactions import in_transaction
from auth_sessions.models import Session


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
            enforce_limit_while_locked(session, request=request, using=using)

    in_transaction(work, using=using)


def enforce_limit_while_locked(session: Session, *, request: HttpRequest | None, using: str) -> None:
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
    surplus = read_keys(counted.last_used_first()[max(limit - 1, 0) :])
    if not surplus:
        return
    if conf.AUTH_SESSIONS_LIMIT_POLICY == "refuse" and session.kind == SessionKind.TOKEN:
        raise exceptions.SessionLimitReached
    all_sessions(using).filter(pk__in=surplus).end(reason=EndReason.LIMIT, actor=session.user, request=request)


@contextmanager
def refusals_announced(session: Session, *, request: HttpRequest | None, using: str) -> Iterator[None]:
    """Send ``session_limit_reached`` when the limit refuses the session, whose transaction is rolled back then."""
    try:
        yield
    except exceptions.SessionLimitReached:
        if signals.session_limit_reached.has_listeners(Session):
            told = as_told(session)
            signals.session_limit_reached.send_robust(sender=Session, session=told, request=request, using=using)
        raise
