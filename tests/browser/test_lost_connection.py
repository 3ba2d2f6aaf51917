"""The connection to the database is lost when a sign-out has been committed."""

from django.conf import settings
from django.db import OperationalError, connection, transaction

from auth_sessions.models import Session
from auth_sessions.signals import sessions_ending


def test_the_entry_cannot_be_flushed(office_browser):
    """The answer is that of a sign-out, and takes the cookie: Django would answer 400, for a session it cannot save."""
    lost = []
    entries = connection.ops.quote_name("django_session")

    def fail(execute, sql, *args):
        if lost and entries in sql:
            raise OperationalError
        return execute(sql, *args)

    def lose_on_commit(**event):
        transaction.on_commit(lambda: lost.append(event))

    sessions_ending.connect(lose_on_commit)
    try:
        with connection.execute_wrapper(fail):
            response = office_browser.submit("/account/devices/everywhere/sign-out/")
    finally:
        sessions_ending.disconnect(lose_on_commit)
    assert lost
    assert response.status_code == 302
    assert response.cookies[settings.SESSION_COOKIE_NAME].value == ""
    assert not Session.objects.exists()
    assert not office_browser.is_signed_in()
