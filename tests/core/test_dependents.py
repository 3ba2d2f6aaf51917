"""What ends with another session, whatever their number."""

import re

from django.db import connection

from auth_sessions.choices import EndReason
from auth_sessions.core.creation import create_session
from auth_sessions.db import batches, ending
from auth_sessions.models import Session


def test_no_statement_has_more_parameters_than_it_may(make_user, monkeypatch):
    """Sessions of many people, each with one that depends on it (in which they act in another person's name)."""
    for n in range(25):
        actor = make_user(f"actor{n}")
        create_session(make_user(f"user{n}"), actor=actor, current=create_session(actor))
    for module in (batches, ending):
        monkeypatch.setattr(module, "KEYS_PER_STATEMENT", 10)
    counts = []

    def note(execute, sql, params, many, context):
        if re.search("depends_on_id.{1,2}IN", sql):
            counts.append(len(params or ()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert Session.objects.filter(actor=None).end(reason=EndReason.REVOKED) == 50
    assert not Session.objects.exists()
    assert counts
    assert max(counts) <= 10
