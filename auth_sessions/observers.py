"""What the security log and the metrics hear by signals.

Refusals, for which there is no signal, are told by ``refusals``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from auth_sessions import exceptions, metrics, refusals, security_log, signals
from auth_sessions.choices import EndReason, Scope
from auth_sessions.db.ended_session import EndedSession
from auth_sessions.db.ending import records_ended
from auth_sessions.models import Session


def connect() -> None:
    user_login_failed.connect(tell_login_failure, dispatch_uid="auth_sessions.user_login_failed")
    signals.session_started.connect(write_start, dispatch_uid="auth_sessions.security_log.started")
    records_ended.connect(write_end, dispatch_uid="auth_sessions.security_log.ended")
    signals.refresh_token_reused.connect(write_reuse, dispatch_uid="auth_sessions.security_log.reused")
    signals.password_changed.connect(write_password_change, dispatch_uid="auth_sessions.security_log.password")
    if metrics.is_available:
        signals.session_started.connect(count_start, dispatch_uid="auth_sessions.metrics.started")
        records_ended.connect(count_ends, dispatch_uid="auth_sessions.metrics.ended")
        signals.refresh_token_reused.connect(count_reuse, dispatch_uid="auth_sessions.metrics.reused")


def tell_login_failure(
    credentials: Mapping[str, Any] | None = None,
    request: HttpRequest | None = None,
    code: str = exceptions.NoActiveAccount.code,
    reauthenticated_user: AbstractBaseUser | None = None,
    **kwargs: object,
) -> None:
    """After any refused login of the project's. The app's own say more than Django: see ``core.credentials``."""
    refusals.tell_sign_in(
        code,
        request=request,
        user=reauthenticated_user,
        credentials=credentials,
        is_again=reauthenticated_user is not None,
    )


def write_start(session: Session, request: HttpRequest | None, **kwargs: object) -> None:
    is_earlier = session.authenticated_at is None and session.actor_id is None
    event = security_log.SESSION_JOINED if is_earlier else security_log.SIGNED_IN
    methods = " ".join(session.amr) or None
    name = {} if is_earlier else {"device_name": session.name or None}
    security_log.write(event, request=request, of=session, methods=methods, **name)


def write_end(
    records: Sequence[EndedSession],
    reason: EndReason,
    scope: Scope | None,
    actor: AbstractBaseUser | None,
    request: HttpRequest | None,
    **kwargs: object,
) -> None:
    """One line for each session: whoever looks for one finds it by its key, and no line becomes too long."""
    security_log.write_each(
        security_log.SESSION_ENDED,
        ({"user": row.user_id, "session": row.id, "kind": row.kind} for row in records),
        request=request,
        actor=None if actor is None else actor.pk,
        reason=str(reason),
        scope=None if scope is None else str(scope),
    )


def write_reuse(session: Session, generation: int, request: HttpRequest | None, **kwargs: object) -> None:
    security_log.write(security_log.TOKEN_REUSED, request=request, of=session, generation=generation)


def write_password_change(
    user: AbstractBaseUser, session: Session | None, request: HttpRequest | None, using: str, **kwargs: object
) -> None:
    event = security_log.PASSWORD_CHANGED
    security_log.write_on_commit(event, using=using, request=request, of=session, user=user.pk)


def count_start(session: Session, **kwargs: object) -> None:
    metrics.STARTS.add({metrics.KIND: str(session.kind)})


def count_ends(records: Sequence[EndedSession], reason: EndReason, **kwargs: object) -> None:
    for kind, number in Counter(str(row.kind) for row in records).items():
        metrics.ENDS.add({metrics.KIND: kind, metrics.REASON: str(reason)}, number)


def count_reuse(**kwargs: object) -> None:
    metrics.REUSES.add({})
