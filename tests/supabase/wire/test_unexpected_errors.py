"""What nobody foresaw: an answer in the promised shape, reported and logged, and nothing is left of it."""

import pytest
from django.contrib.auth.signals import user_logged_in
from django.core.signals import got_request_exception
from django.db import OperationalError, connection
from django.test import Client

from auth_sessions.models import Session
from auth_sessions.signals import access_token_issuing
from tests.support.supabase import (
    UNEXPECTED,
    code,
    needs_email,
    refusal,
)

pytestmark = [needs_email, pytest.mark.any_database]


def fail_with(error):
    """A receiver that fails, or a database that takes up a transaction and then fails."""

    def fail(execute=None, sql="", *args, **kwargs):
        if sql.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            return execute(sql, *args)
        raise error

    return fail


@pytest.mark.usefixtures("any_transaction_mode")
class TestUnexpected:
    @pytest.mark.parametrize(
        ("error", "status"),
        [(RuntimeError("swordfish"), 500), (ValueError("swordfish"), 500), (OperationalError("swordfish"), 503)],
    )
    def test_an_error_of_the_database(self, laptop, error, status):
        calls = [laptop.try_sign_in, laptop.try_refresh, laptop.user, lambda: laptop.update(data={}), laptop.logout]
        for call in calls:
            with connection.execute_wrapper(fail_with(error)):
                answer = call()
            assert refusal(answer) == (status, "unexpected_failure", UNEXPECTED)
            assert b"swordfish" not in answer.content
        assert laptop.user().status_code == 200

    def test_it_is_reported_and_logged(self, laptop, version, caplog):
        events = []

        def listen(request, **kwargs):
            events.append(request.path)

        got_request_exception.connect(listen)
        with connection.execute_wrapper(fail_with(RuntimeError("swordfish"))):
            answer = laptop.user()
        got_request_exception.disconnect(listen)
        assert events == ["/auth/v1/user"]
        [record] = [record for record in caplog.records if record.name == "django.request"]
        assert "swordfish" in str(record.exc_info[1])
        if version is None:
            assert answer.json()["error_id"] in record.getMessage()
        else:
            assert "error_id" not in answer.json()

    def test_a_client_for_tests_raises_it(self, laptop):
        laptop.client = Client()
        with connection.execute_wrapper(fail_with(RuntimeError("swordfish"))), pytest.raises(RuntimeError):
            laptop.user()

    def test_what_was_done_is_undone(self, ada, nobody):
        fail = fail_with(RuntimeError("no mail server"))
        user_logged_in.connect(fail, dispatch_uid="fail")
        answer = nobody.try_sign_in()
        user_logged_in.disconnect(dispatch_uid="fail")
        assert refusal(answer) == (500, "unexpected_failure", UNEXPECTED)
        assert not Session.objects.exists()
        assert nobody.try_sign_in().status_code == 200

    def test_a_failing_receiver_of_claims(self, laptop):
        """The refresh token stays good."""
        fail = fail_with(RuntimeError("no directory"))
        access_token_issuing.connect(fail, dispatch_uid="fail")
        answer = laptop.refresh()
        access_token_issuing.disconnect(dispatch_uid="fail")
        assert refusal(answer) == (500, "unexpected_failure", UNEXPECTED)
        assert laptop.refresh().status_code == 200

    def test_a_refusal_is_not_one(self, laptop, caplog):
        events = []

        def listen(**kwargs):
            events.append(kwargs)

        got_request_exception.connect(listen)
        assert code(laptop.send("PUT", "user", b"junk")) == (400, "bad_json")
        got_request_exception.disconnect(listen)
        assert events == []
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []
