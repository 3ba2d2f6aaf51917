"""The order in which locks are taken, from the statements of each operation; and that a wrong order is found."""

import pytest
from django.db import connection

from auth_sessions.db.uuid7 import uuid7
from tests.reliability.races import lock_order
from tests.reliability.races.databases import connected
from tests.reliability.races.lock_order import SESSIONS, USERS
from tests.reliability.races.operations import OPERATIONS
from tests.reliability.races.scheduler import Statement, Switch

KEYS = [uuid7() for _ in range(3)]

LOCK_USER = f'SELECT "id" FROM "{USERS}" WHERE "id" = %s FOR UPDATE'
LOCK_SESSIONS = (
    f'SELECT "id" FROM "{SESSIONS}" WHERE "{SESSIONS}"."id" IN (%s) ORDER BY "{SESSIONS}"."id" ASC FOR UPDATE'
)
LOCK_ONE = f'UPDATE "{SESSIONS}" SET "name" = %s WHERE "{SESSIONS}"."id" = %s'
SKIP_LOCKED = LOCK_USER + " SKIP LOCKED"
DELETE_TOKENS = 'DELETE FROM "auth_sessions_refreshtoken" WHERE "session_id" = ANY(%s::uuid[])'
DELETE_SESSIONS = f'DELETE FROM "{SESSIONS}" WHERE "id" = ANY(%s::uuid[])'
INSERT_RELATED = 'INSERT INTO "host_pushdevice" ("session_id") VALUES (%s)'
UNORDERED = f'SELECT "id" FROM "{SESSIONS}" WHERE "id" IN (%s) FOR UPDATE'


def problems(*statements):
    """Of one transaction, each statement with its keys."""
    return list(lock_order.problems_of([Statement(1, sql, params) for sql, *params in statements]))


@pytest.mark.any_database
class TestTheCheck:
    def test_the_order(self):
        everything = (LOCK_USER, 1), (LOCK_SESSIONS, KEYS), (DELETE_TOKENS, KEYS), (DELETE_SESSIONS, KEYS)
        assert problems(*everything) == []

    @pytest.mark.parametrize(
        "statements",
        [
            [(LOCK_SESSIONS, KEYS), (LOCK_USER, 1)],
            [(DELETE_TOKENS, KEYS), (LOCK_SESSIONS, KEYS)],
            [(DELETE_TOKENS, KEYS), (INSERT_RELATED, KEYS[0])],
            [(UNORDERED, KEYS)],
            [(DELETE_SESSIONS, KEYS)],
            [(LOCK_ONE, "laptop", KEYS[1]), (LOCK_SESSIONS, KEYS)],
            [(LOCK_SESSIONS, KEYS[1:]), (LOCK_ONE, "laptop", KEYS[0])],
        ],
    )
    def test_another_order(self, statements):
        assert len(problems(*statements)) == 1

    def test_what_is_locked_already_and_what_does_not_wait(self):
        assert problems((LOCK_USER, 1), (LOCK_SESSIONS, KEYS), (LOCK_USER, 1)) == []
        assert problems((LOCK_SESSIONS, KEYS), (SKIP_LOCKED, 1)) == []
        assert problems((LOCK_SESSIONS, KEYS), (LOCK_ONE, "laptop", KEYS[1])) == []

    def test_statements_without_a_transaction(self):
        statements = [Statement(None, LOCK_ONE, ["laptop", KEYS[1]]), Statement(None, LOCK_ONE, ["laptop", KEYS[0]])]
        assert list(lock_order.problems_of(statements)) == []


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no row locks")
def test_each_operation(transactional_db):
    """Alone, so that it does all that it does, and with the longest transactions."""
    with connected(isolation="repeatable read", atomic_requests=True) as races:
        outcomes = [races.run((name,), Switch(100)) for name in OPERATIONS]
    assert [outcome.problems for outcome in outcomes] == [[]] * len(OPERATIONS)
    answers = {name: outcome.answers[0] for outcome in outcomes for name in outcome.names}
    assert {name for name, answer in answers.items() if answer not in OPERATIONS[name].succeeds} == set()
    statements = [each for outcome in outcomes for each in outcome.trace.statements[0]]
    locked = {lock.table for each in statements for lock in lock_order.locks_of(each)}
    assert locked >= {model._meta.db_table for model in lock_order.ORDER}
