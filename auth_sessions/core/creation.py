"""Creates sessions: token sessions, and browser sessions for logins of Django's."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions import exceptions, passwords, signals
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.backends import backend_of, is_accepted
from auth_sessions.core.database import all_sessions, send_on_commit, translate_missing_user, user_row, write_alias
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
) -> Session:
    """Create a token session for a user whose identity the caller has verified.

    The session gets the fingerprint of the password hash on the user object: if the password has changed since the
    object was read, the session is refused from the start. ``name`` and ``tag`` have at most 100 characters; ``amr``
    are authentication method references (RFC 8176); ``lifetime`` overrides ``AUTH_SESSIONS_LIFETIME`` (None: no
    absolute end). ``session_started`` is sent on commit.

    Raises :class:`~auth_sessions.exceptions.UserInactive`, :class:`~auth_sessions.exceptions.UserNotFound` (the user
    was deleted meanwhile), and under the policy ``"refuse"`` :class:`~auth_sessions.exceptions.SessionLimitReached`.
    """
    session = _build(user, SessionKind.TOKEN, request=request, lifetime=lifetime, auth_backend=backend_of(user))
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
    authenticated_at: datetime | None = None,
    auth_backend: str = "",
    amr: Iterable[str] = (),
) -> Session | None:
    """Create a browser session, which Django's session carries.

    ``django_session_key`` is the key of Django's session in its store, if there is one. ``lifetime`` None means no
    absolute end. ``auth_backend`` is the path of the backend that Django's session names. Unless the user
    ``is_authenticated_now``, Django's session does not name the row yet, and ``authenticated_at`` is the time of the
    login, None if that is not known. Under the policy ``"refuse"`` the least recently used session ends nevertheless:
    Django has already logged the user in. Returns None if another session has this key.

    Raises :class:`~auth_sessions.exceptions.UserInactive` and :class:`~auth_sessions.exceptions.UserNotFound`.
    """
    session = _build(user, SessionKind.BROWSER, request=request, lifetime=lifetime, auth_backend=auth_backend)
    session.django_session_key, session.amr = django_session_key, list(amr)
    if is_authenticated_now:
        session.django_session_engine = settings.SESSION_ENGINE
    else:
        session.authenticated_at = authenticated_at
    return session if _save(session, request=request, unless_exists=not is_authenticated_now) else None


def _build(
    user: AbstractBaseUser, kind: SessionKind, *, request: HttpRequest | None, lifetime: Lifetime, auth_backend: str
) -> Session:
    if not is_accepted(user, auth_backend):
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
        auth_backend=auth_backend,
        password_fingerprint=passwords.fingerprint(user.password),
    )
    if request is not None:
        session.user_agent = device.client_user_agent(request)
        session.ip_address = device.client_address(request)
    return session


def _save(session: Session, *related: RefreshToken, request: HttpRequest | None, unless_exists: bool = False) -> bool:
    """Insert the rows and enforce the limit. False if they are not inserted: see ``statements.insert``."""
    using, user = write_alias(), session.user
    # In a transaction as long as a request, two sign-ins of one user could deadlock on InnoDB: each holds a shared lock
    # for the foreign key, and waits to write last_login. PostgreSQL would check the key only at the end of it.
    has_limit, is_own = conf.AUTH_SESSIONS_MAX_PER_USER is not None, is_outermost(using)

    def save() -> bool:
        if not insert(session, *related, using=using, unless_exists=unless_exists):
            return False
        send_on_commit(signals.session_started, using=using, session=session, request=request)
        return True

    def lock_and_save() -> bool:
        user_exists = lock_by_update(user_row(user)) if has_limit else lock_by_primary_key(user_row(user))
        if not user_exists:
            raise exceptions.UserNotFound
        if not save():
            return False
        _enforce_limit(session, request=request, using=using)
        return True

    def write() -> bool:
        if is_own and not has_limit:
            return retry_conflicts(save, using=using)
        return in_transaction(lock_and_save, using=using)

    with translate_missing_user(user):
        return store_text(session, "name", write)


def _enforce_limit(session: Session, *, request: HttpRequest | None, using: str) -> None:
    """Enforce ``AUTH_SESSIONS_MAX_PER_USER``. The caller has locked the user's row, so sign-ins of one user wait."""
    limit = conf.AUTH_SESSIONS_MAX_PER_USER
    if limit is None:
        return
    counted = all_sessions(using).live(user=session.user).exclude(pk=session.pk)
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
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):  # the transaction is rolled back, and the session with it
            all_sessions().filter(pk=session.pk).end(reason=EndReason.DELETED)
        raise
