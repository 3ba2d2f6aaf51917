"""Which sessions are alive, and the one door through which sessions end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connections, router, transaction
from django.db.models import F, Model, Q, QuerySet
from django.db.models.deletion import Collector
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from auth_sessions import passwords, signals
from auth_sessions.choices import EndReason, Scope
from auth_sessions.conf import conf

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

    from auth_sessions.models import Session

M = TypeVar("M", bound=Model)

LAST_USED_AT = Greatest("last_seen_at", Coalesce("refresh_token__rotated_at", "last_seen_at"))

KEYS_PER_STATEMENT = 30_000
"""Below the limits of parameters: 32,766 on SQLite, 65,535 on PostgreSQL with server-side binding."""


class SessionQuerySet(QuerySet["Session"]):
    def live(self, *, user: AbstractBaseUser | None = None) -> SessionQuerySet:
        """The sessions that are neither expired nor idle.

        With ``user``, only that user's, and only those that carry the user's password of today. Without one the
        password is not looked at: SQL cannot compute the fingerprint.
        """
        now = timezone.now()
        live = self.filter(Q(expires_at=None) | Q(expires_at__gt=now))
        if conf.IDLE_TIMEOUT is not None:
            used_after = now - conf.IDLE_TIMEOUT
            live = live.filter(Q(last_seen_at__gt=used_after) | Q(refresh_token__rotated_at__gt=used_after))
        if user is None:
            return live
        return live.filter(password_fingerprint__in=passwords.fingerprints(user.password), user_id=user.pk)

    def last_used_first(self) -> SessionQuerySet:
        """Ordered by last use, the later of ``last_seen_at`` and ``rotated_at``; ties by age, newest first."""
        return self.select_related("refresh_token").order_by(LAST_USED_AT.desc(), "-pk")

    def end(
        self,
        *,
        reason: EndReason,
        scope: Scope | None = None,
        actor: AbstractBaseUser | None = None,
        request: HttpRequest | None = None,
    ) -> int:
        """End these sessions: destroy them and everything that hangs on them. Returns how many there were.

        In one transaction the rows are locked in key order, ``sessions_ending`` is sent, and what hangs on the rows
        and the rows themselves are deleted; ``sessions_ended`` follows on commit. The number of statements does not
        depend on the number of sessions. An error in a ``sessions_ending`` receiver undoes it all and propagates.
        """
        using = self._db or router.db_for_write(self.model)  # type: ignore[attr-defined]
        with transaction.atomic(using=using):
            sessions = self._locked(using)
            if not sessions:
                return 0
            event: dict[str, Any] = {
                "sender": self.model,
                "sessions": sessions,
                "user_ids": {session.user_id for session in sessions},
                "reason": reason,
                "scope": scope,
                "actor": actor,
                "request": request,
                "using": using,
            }
            signals.sessions_ending.send(**event)
            _delete(sessions, using=using)
            transaction.on_commit(partial(signals.sessions_ended.send_robust, **event), using=using)
        return len(sessions)

    end.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """End these sessions; the answer has the shape of Django's own ``delete()``."""
        ended = self.end(reason=EndReason.DELETED)
        return ended, {self.model._meta.label: ended} if ended else {}

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _locked(self, using: str) -> list[Session]:
        keys: Any = self.using(using).values("pk")
        if connections[using].vendor == "mysql":
            # InnoDB locks the entries of the index it reads by before the rows. Reading the keys first lets every
            # sign-out lock by primary key, in one order; and MySQL knows no LIMIT in a subquery.
            keys = [row["pk"] for row in keys]
        return lock(self.model._base_manager.using(using).filter(pk__in=keys))


def lock(rows: QuerySet[M], *, skip_locked: bool = False) -> list[M]:
    """The rows, locked in key order until the transaction ends; with ``skip_locked`` without those somebody else holds.

    A database that cannot skip waits.

    SQLite has no row locks: there a write that changes nothing takes the database's write lock, and waits for it as a
    later write, after a read in the same transaction, would not.
    """
    features = connections[rows.db].features
    if not features.has_select_for_update:
        key = rows.model._meta.pk.attname
        rows.update(**{key: F(key)})
    skip_locked = skip_locked and features.has_select_for_update_skip_locked
    return list(rows.select_for_update(skip_locked=skip_locked).order_by("pk"))


class _WideCollector(Collector):
    """Django's collector, without its batches of 500 keys on SQLite: one statement for each related model."""

    def get_del_batches(self, objs: Any, fields: Any) -> list[Any]:
        return list(batches(objs))


def batches(items: list[Any]) -> list[list[Any]]:
    """Portions that fit into one statement."""
    return [items[start : start + KEYS_PER_STATEMENT] for start in range(0, len(items), KEYS_PER_STATEMENT)]


def _delete(sessions: list[Session], *, using: str) -> None:
    """Delete what hangs on the rows as ``on_delete`` says, then the rows."""
    model = type(sessions[0])
    collector = _WideCollector(using=using)
    collector.collect(sessions)
    # Left to the collector, the rows would go a hundred at a time and lose their keys, which sessions_ended tells.
    del collector.data[model]
    collector.delete()
    for batch in batches(sessions):
        keys = [session.pk for session in batch]
        model._base_manager.using(using).filter(pk__in=keys)._raw_delete(using)
