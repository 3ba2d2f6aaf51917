"""``clearauthsessions``: what is over goes, in batches that stand by themselves."""

import os
import subprocess
import sys
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import sessions_ended, sessions_ending
from tests.host.models import PushDevice
from tests.support.browser import Browser
from tests.support.nested_runs import usual_host
from tests.support.paths import ROOT
from tests.support.sessions import clear_expired

DAY = timedelta(days=1)


def clear(*arguments, stdout=None):
    out = stdout or StringIO()
    call_command("clearauthsessions", *arguments, stdout=out, no_color=True)
    return out.getvalue().strip()


@pytest.fixture
def over(clock, ada):
    """Five sessions that are over, older than the one of ``alive``."""
    sessions = [create_session(ada, lifetime=DAY) for _ in range(5)]
    clock.shift(2 * DAY)
    return sessions


@pytest.fixture
def alive(over, ada):
    return create_session(ada)


def left():
    return list(Session.objects.order_by("pk"))


@pytest.mark.usefixtures("heard_or_not")
@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 1000])
def test_batches(over, alive, size):
    assert clear(f"--batch-size={size}") == "5 sessions ended."
    assert left() == [alive]
    assert RefreshToken.objects.count() == 1


def test_nothing_there(ada):
    assert clear() == "0 sessions ended."


@pytest.mark.usefixtures("heard_or_not")
def test_browsers(clock, ada):
    browser = Browser().sign_in(ada)
    clock.shift(31 * DAY)
    assert clear() == "1 sessions ended."
    assert not browser.is_signed_in()


def test_what_is_related_goes(over):
    PushDevice.objects.create(session=over[0], token="t")
    clear()
    assert not PushDevice.objects.exists()


def test_signals_come_once_for_each_batch_and_reason(over, alive, ended, ada, clock):
    get_user_model().objects.filter(pk=ada.pk).update(password="changed")
    clear("--batch-size=4")
    assert [(event["reason"], len(event["sessions"])) for event in ended] == [
        ("expired", 4),
        ("expired", 1),
        ("password_changed", 1),
    ]


@pytest.mark.usefixtures("heard_or_not")
def test_a_session_that_ends_with_another_one_is_told_once(ada, clock, security_log, settings):
    """Both are over, for different reasons: the one ends with the other, and does not end again."""
    settings.AUTH_SESSIONS_IDLE_TIMEOUT = 10 * DAY
    app = create_session(ada, lifetime=12 * DAY)
    website = create_session(ada, lifetime=None)
    Session.objects.filter(pk=website.pk).update(depends_on=app)
    Session.objects.filter(pk=app.pk).update(has_dependents=True)
    clock.shift(13 * DAY)
    assert clear() == "2 sessions ended."
    lines = security_log.of("session_ended")
    assert sorted(line["session"] for line in lines) == sorted(str(session.pk) for session in (app, website))
    assert not left()


def test_a_dry_run(over, alive):
    assert clear("--dry-run", "--batch-size=2") == "5 sessions would be ended."
    assert len(left()) == 6


@pytest.mark.usefixtures("heard_or_not")
def test_in_several_runs(over, alive):
    runs = []
    go_on = ()
    while not runs or go_on:
        said = clear("--max-seconds=0", "--batch-size=2", *go_on).splitlines()
        runs.append(said[-1])
        go_on = said[0].split()[-2:] if len(said) > 1 else ()
    assert runs == ["2 sessions ended."] * 2 + ["1 sessions ended.", "0 sessions ended."]
    assert left() == [alive]


def test_after_a_key_the_earlier_ones_are_left(over, alive):
    assert clear("--after", str(over[2].pk)) == "2 sessions ended."
    assert left() == [*over[:3], alive]


def test_a_rest_between_two_batches(over):
    assert clear("--batch-size=3", "--sleep=0.01") == "5 sessions ended."


def test_no_rest_after_the_last(over):
    assert clear("--sleep=600") == "5 sessions ended."


def test_no_rest_that_ends_too_late(over):
    assert "Continue with --after" in clear("--batch-size=1", "--sleep=60", "--max-seconds=30")
    assert len(left()) == 4


def test_an_error_undoes_its_own_batch_only(over):
    def fail(sessions, **event):
        if over[3] in sessions:
            raise RuntimeError("The push service does not answer.")

    sessions_ending.connect(fail)
    with pytest.raises(RuntimeError, match="push service"):
        clear("--batch-size=2")
    sessions_ending.disconnect(fail)
    assert left() == over[2:]
    assert clear() == "3 sessions ended."


def test_sessions_begun_meanwhile_are_not_looked_at(over, ada):
    def sign_in_again(**event):
        create_session(ada, lifetime=-DAY)

    sessions_ended.connect(sign_in_again)
    assert clear("--batch-size=1") == "5 sessions ended."
    sessions_ended.disconnect(sign_in_again)
    assert len(left()) == 5


@pytest.mark.usefixtures("heard_or_not")
def test_a_session_that_lost_its_refresh_token(over):
    RefreshToken.objects.filter(pk=over[0].pk).delete()
    assert clear() == "5 sessions ended."


@pytest.mark.usefixtures("heard_or_not")
def test_a_user_deleted_meanwhile(over, bob):
    """Between the look at the sessions and that at their users; the others go on."""
    create_session(bob)
    gone = []

    def delete(execute, sql, params, many, context):
        if "host_" in sql or not sql.startswith("SELECT") or get_user_model()._meta.db_table not in sql or gone:
            return execute(sql, params, many, context)
        gone.append(bob.pk)
        bob.delete()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(delete):
        assert clear() == "5 sessions ended."
    assert gone
    assert not Session.objects.exists()


def test_a_session_in_which_somebody_acts_ends_meanwhile(over, ada, bob):
    """Between the look at the sessions and that at the actors' own; the others go on."""
    acted = create_session(ada, actor=bob, current=create_session(bob))
    gone = []

    def end(execute, sql, params, many, context):
        if not gone and sql.startswith("SELECT") and "JOIN" in sql and "auth_sessions_refreshtoken" in sql:
            gone.append(Session.objects.filter(pk=acted.pk).end(reason="revoked"))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(end):
        assert clear() == "5 sessions ended."
    assert gone == [1]
    assert [session.user for session in left()] == [bob]


@pytest.mark.usefixtures("heard_or_not")
def test_statements(over, alive, rest_only):
    """A batch costs the same whatever its size, and one in which nothing is over is only read."""
    costs = []
    for size in ("--batch-size=1", "--batch-size=4"):
        with CaptureQueriesContext(connection) as queries:
            clear(size, "--max-seconds=0")
        costs.append(len(queries))
    assert costs[0] == costs[1]
    with CaptureQueriesContext(connection) as queries:
        clear()
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"] * 5


TWO_DATABASES = """
import sys
from datetime import timedelta

import django
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

for alias, name in zip(("default", "elsewhere"), sys.argv[1:], strict=True):
    settings.DATABASES[alias] = {"ENGINE": "django.db.backends.sqlite3", "NAME": name}
django.setup()

from django.contrib.auth import get_user_model

from auth_sessions import passwords
from auth_sessions.models import Session
from auth_sessions.signals import sessions_ended

received = []
sessions_ended.connect(lambda using, sessions, **event: received.append((using, len(sessions))), weak=False)
for alias in settings.DATABASES:
    call_command("migrate", database=alias, verbosity=0)
    ada = get_user_model()(username="ada")
    ada.save(using=alias)
    for days in (-1, -1, 1):
        ends = timezone.now() + timedelta(days=days)
        Session(user=ada, expires_at=ends, password_fingerprint=passwords.fingerprint("of old")).save(using=alias)
call_command("clearauthsessions", "--database=elsewhere", "--batch-size=2")
print([Session.objects.using(alias).count() for alias in settings.DATABASES], received)
"""


@usual_host
@pytest.mark.integration
def test_another_database(tmp_path):
    """It is cleaned up, and the default one is not."""
    command = [sys.executable, "-c", TWO_DATABASES, str(tmp_path / "one"), str(tmp_path / "other")]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["3 sessions ended.", "[3, 0] [('elsewhere', 2), ('elsewhere', 1)]"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--batch-size=0"], "from 1 to"),
        (["--batch-size=-5"], "from 1 to"),
        (["--batch-size=1e3"], "from 1 to"),
        (["--batch-size=9999999"], "from 1 to"),
        (["--batch-size=²"], "from 1 to"),
        (["--sleep=-1"], "number of seconds"),
        (["--sleep=nan"], "number of seconds"),
        (["--sleep=inf"], "number of seconds"),
        (["--max-seconds=soon"], "number of seconds"),
        (["--max-seconds=1e400"], "number of seconds"),
        (["--after=5"], "not the key of a session"),
        (["--database=elsewhere"], "invalid choice"),
    ],
)
def test_what_cannot_be_meant(over, arguments, said):
    with pytest.raises(CommandError, match=said):
        clear(*arguments)
    assert len(left()) == 5


@pytest.mark.parametrize("size", [0, -1, 10**9])
def test_python_is_refused_as_well(over, size):
    with pytest.raises(ValueError, match="batch_size must be from 1"):
        clear_expired(batch_size=size)


class Terminal(StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(over, alive):
    said = clear("--batch-size=3", stdout=Terminal())
    assert [line.partition("] ")[2].strip() for line in said.split("\r")] == [
        "3 checked, 3 ended",
        "6 checked, 5 ended",
        "6 checked, 5 ended\n5 sessions ended.",
    ]
    assert "[" + "#" * 40 + "]" in said


@pytest.mark.usefixtures("heard_or_not")
class TestLocked:
    """What somebody holds at this moment is left for the next clean-up, where the database can skip.

    MariaDB deletes by reading the whole table, locked rows and all, where that is small and most of it goes.
    """

    @pytest.fixture(autouse=True)
    def others(self, over, ada):
        if not connection.features.has_select_for_update_skip_locked:
            pytest.skip("This database does not skip locked rows.")
        return [create_session(ada).pk for _ in range(100)]

    @pytest.mark.parametrize("model", [Session, RefreshToken])
    def test_it_is_passed_over(self, over, others, model):
        locked, done = threading.Event(), threading.Event()

        def hold():
            with transaction.atomic():
                assert model.objects.select_for_update().get(pk=over[1].pk)
                locked.set()
                assert done.wait(30)
            connections.close_all()

        holder = threading.Thread(target=hold)
        holder.start()
        assert locked.wait(30)
        assert clear() == "4 sessions ended."
        done.set()
        holder.join()
        assert [session.pk for session in left()] == [over[1].pk, *others]
        assert clear() == "1 sessions ended."


@pytest.mark.usefixtures("heard_or_not")
def test_what_is_used_in_the_last_moment_stays(clock, ada, laptop, phone):
    """The refresh comes between the look and the lock."""
    clock.shift(14 * DAY)
    refreshed = []

    def just_before(execute, sql, params, many, context):
        if not refreshed and ("FOR UPDATE" in sql or sql.startswith("UPDATE")):
            refreshed.append(True)
            RefreshToken.objects.filter(pk=phone.session_id).update(rotated_at=timezone.now())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(just_before):
        assert clear() == "1 sessions ended."
    assert [str(session.pk) for session in left()] == [phone.session_id]
