"""The end of sessions: locked, announced by a signal, and deleted with related objects, in one transaction."""

from __future__ import annotations

import logging
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from uuid import UUID

from django.apps import apps
from django.db import OperationalError, connections, transaction
from django.db.models import DO_NOTHING, Q, QuerySet
from django.db.models.deletion import Collector, get_candidate_relations_to_delete
from django.dispatch import Signal

from auth_sessions import signals
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.db.locking import is_mariadb, join_by_key
from auth_sessions.db.locking import lock as lock_rows
from auth_sessions.db.transactions import in_transaction, is_conflict, is_own
from auth_sessions.masking import Secret, conceal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

    from auth_sessions.choices import Scope
    from auth_sessions.models import Session

logger = logging.getLogger("auth_sessions")

T = TypeVar("T")

KEYS_PER_STATEMENT = 30_000
"""Below the limits of query parameters: 32,766 on SQLite, 65,535 on PostgreSQL with server-side binding."""


records_ending = Signal()
records_ended = Signal()
"""Sent before ``signals.sessions_ending`` and ``sessions_ended``, with ``records`` and without ``sessions``.

``is_certain`` says that after the commit the rows are gone: the transaction is the app's own (``transactions.is_own``).

The app's own receivers listen to these: instances are built only where a project listens to the others.
"""


class EndedSession(NamedTuple):
    """The values of an ended session that the app itself needs, as they were before any receiver ran."""

    id: UUID
    user_id: Any
    kind: str
    django_session_key: str | None
    actor_id: Any
    depends_on_id: UUID | None
    has_dependents: bool

    @classmethod
    def of(cls, values: Sequence[Any]) -> EndedSession:
        """From the values of the columns, in order."""
        pk, user_id, kind, key, *dependence = values
        return cls(pk, user_id, kind, key and Secret(key), *dependence)

    @property
    def sign_in_id(self) -> UUID:
        return find_sign_in(self)


def find_sign_in(session: Session | EndedSession) -> UUID:
    """The key of the session that all sessions of one sign-in depend on: the app's, or this one.

    Whoever acts in another person's name has signed in for themselves.
    """
    if session.depends_on_id is None or session.actor_id is not None:
        return session.id
    return session.depends_on_id


RECORDED = EndedSession._fields
"""The columns that are read."""


def end(
    lock: Callable[[type[EndedSession] | None], list[Any]],
    *,
    using: str,
    reason: EndReason,
    scope: Scope | None = None,
    actor: AbstractBaseUser | None = None,
    request: HttpRequest | None = None,
    is_robust: bool = False,
) -> int:
    """End the sessions that ``lock(record)`` reads and locks in key order. Returns their number.

    It is called with None, and returns instances, where a project listens to the end of sessions; otherwise it is
    called with ``EndedSession``, and returns these: ``db.locking.lock`` takes either.

    Every session ends by this function: see ``SessionQuerySet.end()`` for what it does. Which sessions end is decided
    before any receiver runs: changes that a receiver makes to the instances, or to the list, have no effect on it. With
    ``is_robust`` an error in a receiver, also in one of a related object that is deleted, is logged, and the sessions
    end nevertheless.

    The sessions that depend on them end with them, in the same transaction: a browser's that an app has handed over, as
    these do; and those in which somebody acts in another person's name from their own, before these, with signals of
    their own, since what happened to the actor (the ``reason``, the ``scope``) did not happen to the person in whose
    name they acted.
    """

    def work() -> int:
        record = None if _is_heard() else EndedSession
        chosen = lock(record)
        sessions = _with_dependents(chosen, record, using=using)
        actors = {session.user_id for session in sessions if session.actor_id is None}
        # Of whoever is deleted together with the actor nothing is told but that.
        deleted = {session.id for session in chosen} if reason == EndReason.USER_DELETED else set()
        acted = [each for each in sessions if each.actor_id in actors and each.id not in deleted]
        kept_apart = {session.id for session in acted}
        own = [session for session in sessions if session.id not in kept_apart] if acted else sessions
        event: dict[str, Any] = {"actor": actor, "request": request, "using": using}
        if acted:
            _end_locked(acted, {**event, "reason": EndReason.SIGNED_OUT, "scope": None}, is_robust=is_robust)
        if own:
            _end_locked(own, {**event, "reason": reason, "scope": scope}, is_robust=is_robust)
        return len(sessions)

    return in_transaction(work, using=using)


def _is_heard() -> bool:
    """Whether a project listens to the end of sessions."""
    model = apps.get_model("auth_sessions", "Session")
    return signals.sessions_ending.has_listeners(model) or signals.sessions_ended.has_listeners(model)


def _with_dependents(sessions: list[Any], record: type[EndedSession] | None, *, using: str) -> list[Any]:
    """These sessions and those that depend on them, locked. Costs one statement for each level of those, if any."""
    found = {session.id: session for session in sessions}
    rows: Any = apps.get_model("auth_sessions", "Session")._base_manager.using(using)
    level = sessions
    while depended_on := [session for session in level if session.has_dependents]:
        level = []
        for batch in batches(depended_on, size=KEYS_PER_STATEMENT // 3):  # each is named three times
            people = [session.user_id for session in batch]
            of_people = rows.filter(Q(user_id__in=people) | Q(actor_id__in=people))
            # One may have been added while this transaction, which had read the keys, waited for the locks.
            dependent = of_people.filter(depends_on_id__in=[session.id for session in batch])
            level += lock_rows(dependent, has_read=True, record=record)
        level = [session for session in level if session.id not in found]
        found.update((session.id, session) for session in level)
    return [found[key] for key in sorted(found)]


def _end_locked(locked: list[Any], event: dict[str, Any], *, is_robust: bool) -> None:
    using, is_heard = event["using"], not isinstance(locked[0], EndedSession)
    records = tuple(_record_of(row) for row in locked) if is_heard else tuple(locked)
    user_ids = {record.user_id for record in records}
    event = {**event, "sender": apps.get_model("auth_sessions", "Session"), "records": records}
    delete, is_certain = _prepare_deletion(records, using=using), is_own(using)

    def prepare(own: Signal, public: Signal, *, is_robust: bool) -> Callable[[], None]:
        """A function that sends both signals, with values that no receiver of the other two gets."""
        told = {**event, "user_ids": set(user_ids), "actor": copy(event["actor"])}
        sent = [(own, {**told, "is_certain": is_certain})]
        if is_heard:
            sent.append((public, {**told, "sessions": list(locked)}))

        def send() -> None:
            for signal, values in sent:
                (signal.send_robust if is_robust else signal.send)(**values)

        return send

    ending = prepare(records_ending, signals.sessions_ending, is_robust=is_robust)
    ended = prepare(records_ended, signals.sessions_ended, is_robust=True)
    if not is_robust:
        ending()
        delete()
    else:
        _call_in_savepoint(ending, using=using)
        if not _call_in_savepoint(delete, using=using):
            _delete_without_signals([record.id for record in records], using=using)
    transaction.on_commit(ended, using=using)


def _record_of(session: Session) -> EndedSession:
    return EndedSession.of([getattr(session, name) for name in EndedSession._fields])


def _call_in_savepoint(call: Callable[[], Any], *, using: str) -> bool:
    """Call receivers in a savepoint, which is rolled back if one of them fails or has broken the transaction."""
    try:
        with transaction.atomic(using=using):
            call()
    except Exception as error:
        if isinstance(error, OperationalError) and is_conflict(error):  # the transaction cannot go on
            raise
        logger.exception("A receiver of the end of sessions failed: they end, and what receivers wrote is rolled back")
        return False
    return True


def batches(items: list[T], *, size: int | None = None) -> list[list[T]]:
    """The items in lists that are short enough for one statement."""
    size = size or KEYS_PER_STATEMENT
    return [items[start : start + size] for start in range(0, len(items), size)]


def _prepare_deletion(records: Sequence[EndedSession], *, using: str) -> Callable[[], None]:
    """Return a function that deletes the related objects as their ``on_delete`` says, then the rows."""
    model: Any = apps.get_model("auth_sessions", "Session")
    keys = [record.id for record in records]
    has_tokens = any(record.kind == SessionKind.TOKEN for record in records)
    collector = UnbatchedCollector(
        using=using, without=None if has_tokens else apps.get_model("auth_sessions", "RefreshToken")
    )
    candidates: list[Any] = list(get_candidate_relations_to_delete(model._meta))
    relations = [
        relation
        for relation in candidates
        if relation.on_delete is not DO_NOTHING and relation.related_model is not collector.without
    ]
    if connections[using].vendor == "postgresql" and collector.can_delete_in_sql(model, relations):
        fields = [*(relation.field for relation in relations), model._meta.pk]
        return partial(_delete_in_sql, fields, keys, using=using)
    return partial(_delete_by_collector, collector, keys, using=using)


def _delete_by_collector(collector: UnbatchedCollector, keys: list[UUID], *, using: str) -> None:
    """For multi-table inheritance children, too, the instances are of the parent.

    The row of a child references that of the session, as any related object does.
    """
    model: Any = apps.get_model("auth_sessions", "Session")
    collector.collect([model.from_db(using, [model._meta.pk.attname], [key]) for key in keys])
    # The collector would delete the rows a hundred at a time.
    collector.data[model].clear()
    collector.delete()
    for batch in batches(keys):
        _delete_by_key(model, batch, using=using)


def _delete_without_signals(keys: list[UUID], *, using: str) -> None:
    """Delete the related objects as their ``on_delete`` says, and the rows, without a receiver of theirs."""
    model: Any = apps.get_model("auth_sessions", "Session")
    collector = UnbatchedCollector(using=using)
    collector.collect([model(pk=key) for key in keys])
    collector.sort()
    for rows in collector.fast_deletes:
        rows._raw_delete(using)
    for (field, value), groups in collector.field_updates.items():
        for group in cast("list[Any]", groups):
            _rows(field.model, group, using=using).update(**{field.name: value})
    for deleted, instances in collector.data.items():
        _delete_by_key(deleted, [instance.pk for instance in instances], using=using)


def _rows(model: Any, instances: Iterable[Any], *, using: str) -> Any:
    return model._base_manager.using(using).filter(pk__in=[instance.pk for instance in instances])


def delete_by_key(model: Any, keys: Iterable[Any], *, using: str) -> int:
    """Delete the rows of a model with these primary keys, and what refers to them as its ``on_delete`` says.

    As ``QuerySet.delete()``, but of the table no other row is read, unless another refers to it, or a receiver is
    called for each. Returns the number of rows of the model.
    """
    # No variable holds a queryset: an error report would read its rows, which may have a secret key.
    is_fast = UnbatchedCollector(using=using).can_fast_delete(model._base_manager.using(using).none())
    deleted = 0
    for batch in batches(list(keys)):
        if is_fast:
            deleted += _delete_by_key(model, batch, using=using)
        else:
            counts = model._base_manager.using(using).filter(pk__in=batch).delete()[1]
            deleted += counts.get(model._meta.label, 0)
    return deleted


def _delete_by_key(model: Any, keys: list[Any], *, using: str) -> int:
    """Delete the rows with these primary keys, and read no other. Returns their number.

    InnoDB would wait for the others that it reads, where another transaction has locked them. That one may wait for
    these: a deadlock.
    """
    if not keys:
        return 0
    connection, column = connections[using], model._meta.pk
    values = [conceal(column.get_db_prep_save(key, connection)) for key in keys]
    if is_mariadb(using):
        rows, join = ", ".join(["(%s)"] * len(values)), join_by_key(model, "named.id", using=using)
        sql = f"DELETE found FROM (WITH keys_ (id) AS (VALUES {rows}) SELECT id FROM keys_) AS named {join}"  # noqa: S608 - names of models
    else:
        table, key = (connection.ops.quote_name(name) for name in (model._meta.db_table, column.column))
        sql = f"DELETE FROM {table} WHERE {table}.{key} IN ({', '.join(['%s'] * len(values))})"  # noqa: S608 - as above
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


class KeyedRows(QuerySet[Any]):
    """Rows with the given primary keys, which a collector deletes by these."""

    keys: list[Any]

    def _raw_delete(self, using: str | None) -> int:
        return _delete_by_key(self.model, self.keys, using=using or self.db)


class UnbatchedCollector(Collector):
    """Django's collector, without its batches of 500 keys on SQLite: one statement for each related model.

    Of the model ``without`` there are no rows to delete.
    """

    def __init__(self, *, using: str, without: Any = None) -> None:
        super().__init__(using=using)
        self.without = without

    def get_del_batches(self, objs: Any, fields: Any) -> list[Any]:
        return list(batches(objs))

    def related_objects(self, related_model: Any, related_fields: Any, objs: Any) -> QuerySet[Any]:
        """The objects with the rows of their multi-table inheritance parents, which Django would read one by one."""
        if related_model is self.without:
            return related_model._base_manager.none()  # type: ignore[no-any-return]
        links = [link.name for link in related_model._meta.concrete_model._meta.parents.values() if link]
        rows: QuerySet[Any] = super().related_objects(related_model, related_fields, objs)
        if all(field.primary_key for field in related_fields):
            rows = KeyedRows(rows.model, rows.query, self.using)
            rows.keys = [getattr(each, related_fields[0].target_field.attname) for each in objs]
        return rows.select_related(*links) if links else rows

    def can_delete_in_sql(self, model: Any, relations: list[Any]) -> bool:
        """Whether all rows that reference a model can be deleted by SQL alone, without reading them."""
        has_generic = any(hasattr(field, "bulk_related_objects") for field in model._meta.private_fields)
        return not has_generic and all(self._is_plain_cascade(relation.field, model._meta.pk) for relation in relations)

    def _is_plain_cascade(self, field: Any, key: Any) -> bool:
        """Whether a foreign key is a CASCADE to the primary key, and Django would delete its rows without reading them.

        That is not so if the model has delete receivers, a base manager of its own, or rows that others reference.
        """
        connection = connections[self.using]
        holds_key = field.db_type(connection) == key.db_type(connection) and field.target_field.primary_key
        has_plain_base_manager = field.model._base_manager.auto_created
        return holds_key and has_plain_base_manager and self.can_fast_delete(field.model, from_field=field)


def _delete_in_sql(fields: list[Any], keys: list[UUID], *, using: str) -> None:
    """One statement for each column that holds keys of sessions, however many sessions there are.

    Not one for all columns (by common table expressions): a trigger on what is related would not find the session, none
    could write to rows that are deleted next, and PostgreSQL refuses rules there.

    The keys are sent as one text: the driver takes longer to adapt a list of them than the database to delete the rows.
    """
    quote, array = connections[using].ops.quote_name, f"{{{','.join([key.hex for key in keys])}}}"
    with connections[using].cursor() as cursor:
        for field in fields:
            table, column = quote(field.model._meta.db_table), quote(field.column)
            cursor.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s::uuid[])", [array])  # noqa: S608 - names of models
