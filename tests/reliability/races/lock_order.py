"""Which rows a transaction locks, in which order, as its statements tell.

The order is: the old token that is exchanged, the user, the sessions by key, all else. What is refused of a user's old
tokens is locked while the user is.
"""

import re
import uuid
from collections import defaultdict

from django.apps import apps
from django.contrib.auth import get_user_model

from auth_sessions.contrib.simplejwt.models import ExchangedToken, RefusedTokens
from auth_sessions.models import Session

ORDER = [ExchangedToken, get_user_model(), Session]
RANKS = {model._meta.db_table: rank for rank, model in enumerate(ORDER)}
RELATED = len(ORDER)
"""The rank of every other table."""

SESSIONS, USERS = Session._meta.db_table, get_user_model()._meta.db_table
WHILE_USER_IS_LOCKED = RefusedTokens._meta.db_table

NAME = r'["`](\w+)["`]'
QUERY = re.compile(rf"^\(?SELECT .*? FROM {NAME}(.*)$", re.DOTALL)
LOCKING = re.compile(r"FOR (?:NO KEY )?(?:UPDATE|SHARE)|LOCK IN SHARE MODE")
INSERT = re.compile(rf"INSERT (?:IGNORE )?INTO {NAME}")
READ_AGAIN = re.compile(r"SELECT `\w+`\.`id` AS `pk` FROM .* FOR UPDATE$", re.DOTALL)
"""InnoDB at REPEATABLE READ: what others have committed is read when all that was known is locked (``db.locking``)."""

KEY = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}")


class Lock:
    """A lock that a statement takes on rows of a table; one with SKIP LOCKED, or on a new row, does not wait."""

    def __init__(self, table, *, waits=True, is_new=False):
        self.table, self.waits, self.is_new = table, waits and not is_new, is_new
        self.rank = RANKS.get(table, RELATED)


def locks_of(statement):
    """The locks of one statement, in order. A new row locks the rows that it references."""
    sql = statement.sql
    if inserted := INSERT.findall(sql):
        for table in inserted:
            for parent in parents_of(table) - set(inserted):
                yield Lock(parent)
            yield Lock(table, is_new="IGNORE" not in sql and "ON CONFLICT" not in sql)
    elif found := re.match(rf"(?:UPDATE|DELETE FROM) {NAME}", sql):
        yield Lock(found[1], waits="SKIP LOCKED" not in sql)
    elif LOCKING.search(sql) and (found := QUERY.match(sql)):
        joined = re.findall(rf"JOIN {NAME}", found[2].partition(" WHERE ")[0])
        for table in [found[1], *joined]:
            yield Lock(table, waits="SKIP LOCKED" not in sql)


def parents_of(table):
    """The tables whose rows the database locks for a new row of this one."""
    return {
        field.related_model._meta.db_table
        for model in apps.get_models()
        if model._meta.db_table == table
        for field in model._meta.local_fields
        if field.is_relation and field.db_constraint
    } - {"django_content_type"}


def problems_of(statements):
    """What is wrong with the order in which one thread has locked rows, transaction by transaction."""
    transactions = defaultdict(list)
    for statement in statements:
        if statement.transaction is not None:
            transactions[statement.transaction].append(statement)
    for number in transactions:
        yield from _out_of_rank(transactions[number])
        yield from _out_of_key_order(transactions[number])


def _out_of_rank(statements):
    """A transaction waits for nothing of a lower rank than what it holds, unless it holds that, too.

    Nobody waits for a new row of a related object, which nobody knows.
    """
    highest, held = -1, set()
    for statement in statements:
        for lock in locks_of(statement):
            if lock.table == WHILE_USER_IS_LOCKED:
                if USERS not in held:
                    yield f"{lock.table} without its user: {statement.sql[:200]}"
                continue
            if lock.waits and lock.rank < highest and lock.table not in held:
                yield f"{lock.table} is late: {statement.sql[:200]}"
            held.add(lock.table)
            if not (lock.is_new and lock.rank == RELATED):
                highest = max(highest, lock.rank)


def _out_of_key_order(statements):
    """The first statement that locks sessions locks them all, in key order; later ones lock what it has locked."""
    held, has_all = set(), False
    for statement in statements:
        if not any(lock.table == SESSIONS and lock.waits for lock in locks_of(statement)):
            continue
        if READ_AGAIN.match(statement.sql):
            continue
        if INSERT.search(statement.sql):
            held |= keys_in(statement.params)
            continue
        keys, is_single = keys_in(statement.params), is_of_one_key(statement.sql)
        if not is_single and not has_all and not is_ordered(statement.sql) and not keys <= held:
            yield f"in no order: {statement.sql[:200]}"
        later = keys - held
        if held and later and not has_all and "depends_on_id" not in statement.sql and min(later) < max(held):
            yield f"a lower key later: {statement.sql[:200]}"
        held |= keys
        has_all = has_all or not keys or "user_id" in statement.sql.partition(" WHERE ")[2]


def is_ordered(sql):
    return bool(re.search(rf'ORDER BY {NAME}\.["`]id["`] ASC', sql) or re.search(r"ORDER BY 1 ASC", sql))


def is_of_one_key(sql):
    where = sql.partition(" WHERE ")[2]
    return bool(re.search(r'["`]id["`] = (?!ANY)', where))


def keys_in(params):
    """The keys of sessions among the parameters of a statement."""
    found = set()
    for each in params or ():
        if isinstance(each, (list, tuple)):
            found |= keys_in(each)
        elif isinstance(each, uuid.UUID) and each.version == 7:  # of a session, or of an activity
            found.add(each)
        elif isinstance(each, str) and each.startswith("{"):  # an array of PostgreSQL, as text
            found |= keys_in(each.strip("{}").split(","))
        elif isinstance(each, str) and KEY.fullmatch(each):
            found |= keys_in([uuid.UUID(each)])
    return found
