"""Sessions made without HTTP, and the clean-up without its command."""

from django.db import connection

from auth_sessions.conf import conf
from auth_sessions.core import cleanup
from auth_sessions.core.creation import create_browser_session, create_session
from auth_sessions.models import Session


def create_browser_row(user, *, key=None, is_authenticated_now=True, **fields):
    """The row of a Django login that has no entry in a store."""
    session = create_browser_session(
        user,
        request=None,
        lifetime=conf.AUTH_SESSIONS_LIFETIME,
        django_session_key=key,
        is_authenticated_now=is_authenticated_now,
    )
    for name, value in fields.items():
        setattr(session, name, value)
    if fields:
        session.save()
    return session


def create_both_kinds(user, number, **fields):
    """One of each kind in turn."""
    return create_browser_row(user, **fields) if number % 2 else create_session(user, **fields)


def clear_expired(**options):
    """How many sessions a whole run ends."""
    return sum(batch.ended for batch in cleanup.clear_expired(**options))


def end_when_authenticated(session_id):
    """Another sign-out ends the session of a request as soon as it is authenticated."""
    ended = []

    def watch(execute, sql, *args):
        result = execute(sql, *args)
        if not ended and sql.startswith("SELECT") and "auth_sessions_session" in sql:
            ended.append(True)
            Session.objects.filter(pk=session_id).end(reason="revoked")
        return result

    return connection.execute_wrapper(watch)
