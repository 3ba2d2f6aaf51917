"""Which sessions are alive, and how rows are locked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connections, router
from django.db.models import F, Model, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from auth_sessions import passwords
from auth_sessions.choices import EndReason, Scope
from auth_sessions.conf import conf
from auth_sessions.db import deletion

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

    from auth_sessions.models import Session

M = TypeVar("M", bound=Model)

LAST_USED_AT = Greatest("last_seen_at", Coalesce("refresh_token__rotated_at", "last_seen_at"))


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
        depend on the number of sessions, as long as nothing hangs on what hangs on them. An error in a
        ``sessions_ending`` receiver undoes it all and propagates.
        """
        using = self._db or router.db_for_write(self.model)  # type: ignore[attr-defined]
        lock_them = partial(self.locked, using)
        return deletion.end(lock_them, using=using, reason=reason, scope=scope, actor=actor, request=request)

    end.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """End these sessions; the answer has the shape of Django's own ``delete()``."""
        ended = self.end(reason=EndReason.DELETED)
        return ended, {self.model._meta.label: ended} if ended else {}

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def locked(self, using: str) -> list[Session]:
        """These sessions, locked in key order until the transaction ends."""
        keys: Any = self.using(using).values("pk")
        if connections[using].vendor == "mysql":
            # InnoDB locks the entries of the index it reads by before the rows. Reading the keys first lets every
            # sign-out lock by primary key, in one order; and MySQL knows no LIMIT in a subquery.
            keys = [row["pk"] for row in keys]
        return lock(self.model._base_manager.using(using).filter(pk__in=keys))


def locks_as_it_reads(using: str) -> bool:
    """Whether one SELECT reads rows and locks them in the order it is told."""
    connection = connections[using]
    return connection.features.has_select_for_update and connection.vendor != "mysql"


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
