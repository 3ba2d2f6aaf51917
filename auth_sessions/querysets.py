"""Which sessions are live, and how they end.

Sessions end in one way: by ``db.ending.end``, which ``SessionQuerySet.end()`` and ``core.sign_out`` call.
"""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from auth_sessions import moments, passwords
from auth_sessions.choices import EndReason, Scope
from auth_sessions.conf import conf
from auth_sessions.db import ending
from auth_sessions.db.locking import lock, write_alias_of
from auth_sessions.db.managers import hides_nobody

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

    from auth_sessions.models import Session

LAST_USED_AT = Greatest("last_seen_at", Coalesce("refresh_token__rotated_at", "last_seen_at"))
"""``Session.last_used_at`` as an expression of a query."""


def used_after(moment: datetime) -> Q:
    """The sessions last used later. Two plain comparisons, of which the database has statistics."""
    moment = moments.as_bound(moment)
    return Q(last_seen_at__gt=moment) | Q(refresh_token__rotated_at__gt=moment)


def unused_since(moment: datetime) -> Q:
    """The other sessions: the opposite of :func:`used_after`."""
    moment = moments.as_bound(moment)
    not_refreshed = Q(refresh_token=None) | Q(refresh_token__rotated_at__lte=moment)
    return Q(last_seen_at__lte=moment) & not_refreshed


def live_at(now: datetime) -> Q:
    """The sessions that are neither expired nor idle."""
    live = Q(expires_at=None) | Q(expires_at__gt=moments.as_bound(now))
    if conf.AUTH_SESSIONS_IDLE_TIMEOUT is not None:
        live &= used_after(moments.add(now, -conf.AUTH_SESSIONS_IDLE_TIMEOUT))
    return live


class SessionQuerySet(QuerySet["Session"]):
    """Sessions; ``delete()`` ends them as ``end()`` does."""

    def live(self, *, user: AbstractBaseUser | None = None) -> SessionQuerySet:
        """The sessions that are neither expired nor idle.

        With ``user``, only the sessions of that user with the fingerprint of the user's present password, and those of
        a kind that ``AUTH_SESSIONS_PASSWORD_CHANGE_ENDS`` does not name. Without it the password is not compared: SQL
        cannot compute the fingerprint.
        """
        live = self.filter(live_at(timezone.now()))
        return live if user is None else live.with_password_of(user)

    def with_password_of(self, user: AbstractBaseUser) -> SessionQuerySet:
        """The sessions of a user, those of another password only if they are of a kind that does not depend on it."""
        has_password = Q(password_fingerprint__in=passwords.fingerprints(user.password))
        if unbound := passwords.unbound_kinds():
            has_password |= Q(kind__in=unbound)
        return self.filter(has_password, user_id=user.pk)

    def not_live(self) -> SessionQuerySet:
        """The sessions that are expired or idle, and whose rows are still there: the opposite of :meth:`live`."""
        now = timezone.now()
        ended = Q(expires_at__lte=moments.as_bound(now))
        if conf.AUTH_SESSIONS_IDLE_TIMEOUT is not None:
            ended |= unused_since(moments.add(now, -conf.AUTH_SESSIONS_IDLE_TIMEOUT))
        return self.filter(ended)

    def with_other_password(self, user: AbstractBaseUser) -> SessionQuerySet:
        """The sessions of another password than the user's present one, as far as a key of this process can tell."""
        known_keys = [Q(password_fingerprint__startswith=key_id) for key_id in passwords.key_ids()]
        can_tell = self.filter(reduce(or_, known_keys))
        return can_tell.exclude(password_fingerprint__in=passwords.fingerprints(user.password))

    def with_user_visibility(self) -> SessionQuerySet:
        """The sessions with ``is_user_visible``: whether the user model's default manager finds their user.

        It is part of the same statement, and left out where the manager hides nobody.
        """
        manager = get_user_model()._default_manager
        if hides_nobody(manager):
            return self
        return self.annotate(is_user_visible=Exists(manager.using(self.db).filter(pk=OuterRef("user_id"))))

    def of_person(self, user_id: Any) -> SessionQuerySet:
        """The sessions of a user, and those in which they act in another person's name."""
        return self.filter(Q(user_id=user_id) | Q(actor_id=user_id))

    def last_used_first(self) -> SessionQuerySet:
        """Ordered by last use, the later of ``last_seen_at`` and ``rotated_at``; ties by age, newest first."""
        return self.select_related("refresh_token").order_by(LAST_USED_AT.desc(), "-pk")

    def current_first(self, current: Session | None, *, limit: int | None = None) -> list[Session]:
        """The sessions as they are listed: the current one, then by last use; with ``limit`` no more than so many."""
        listed = self.last_used_first()
        if limit is not None and current is not None:
            is_other = Case(When(pk=current.pk, then=0), default=1)
            listed = listed.order_by(is_other, LAST_USED_AT.desc(), "-pk")
        if limit is not None:
            listed = listed[:limit]
        return sorted(listed, key=lambda session: session != current)

    def end(
        self,
        *,
        reason: EndReason,
        scope: Scope | None = None,
        actor: AbstractBaseUser | None = None,
        request: HttpRequest | None = None,
    ) -> int:
        """End these sessions: delete them and everything that references them. Returns the number of sessions ended.

        In one transaction the rows are locked in key order, ``sessions_ending`` is sent, related objects are deleted as
        their ``on_delete`` says, and then the rows are deleted. ``sessions_ended`` is sent on commit. The number of
        statements does not depend on the number of sessions, unless other rows reference the related objects. An error
        in a receiver of ``sessions_ending`` rolls everything back and propagates.
        """
        using = write_alias_of(self)
        return ending.end(
            lambda record: lock(self.using(using), record=record),
            using=using,
            reason=reason,
            scope=scope,
            actor=actor,
            request=request,
        )

    end.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """End these sessions (``EndReason.DELETED``). Returns what Django's ``delete()`` returns, for the sessions."""
        ended = self.end(reason=EndReason.DELETED)
        return ended, {self.model._meta.label: ended} if ended else {}

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]
