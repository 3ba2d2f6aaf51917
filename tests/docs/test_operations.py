"""What docs/operations.md recommends does what it says."""

import re
import sys
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, connections, transaction
from django.test.testcases import DatabaseOperationForbidden
from django.utils import timezone

from auth_sessions import passwords
from auth_sessions.core.creation import create_session
from auth_sessions.core.password_changes import change_password
from auth_sessions.db.uuid7 import uuid7
from auth_sessions.management.commands.clearauthsessions import Command
from auth_sessions.models import RefreshToken, Session
from tests.host.models import PushDevice
from tests.support.browser import Browser
from tests.support.device import Device, still_signed_in
from tests.support.device import code as refusal
from tests.support.host import has_browsers
from tests.support.paths import ROOT
from tests.support.sessions import clear_expired, create_browser_row

PAGE = (ROOT / "docs" / "operations.md").read_text()


def code(language, part):
    """The block of the page in which the part stands."""
    (found,) = [block for block in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if part in block]
    return found


def test_the_options():
    parser = Command().create_parser("manage.py", "clearauthsessions")
    for option in re.findall(r"^\| `(--.+?)`", PAGE, re.MULTILINE):
        name, _, value = option.partition(" ")
        assert name in parser.format_help()
        if value and value != "KEY":
            assert str(parser.get_default(name.strip("-").replace("-", "_"))) == value


@pytest.fixture
def recipe():
    """A module made of a block of the page, with changes."""

    def make(part, **changes):
        text = code("python", part)
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        module = sys.modules["recipe"] = ModuleType("recipe")
        exec(text, vars(module))
        return module

    yield make
    sys.modules.pop("recipe", None)


@pytest.mark.parametrize("package", ["django.tasks", "celery"])
def test_a_task_goes_on_until_the_end(clock, ada, ended, recipe, package):
    pytest.importorskip(package)
    for _ in range(5):
        create_session(ada)
    clock.shift(timedelta(days=31))
    task = recipe(package, max_seconds="batch_size=2, max_seconds", **{"=300": "=0"}).clear_sessions
    if package == "celery":
        task.app.conf.task_always_eager = task.app.conf.task_eager_propagates = True
        task.delay()
    else:
        task.enqueue()
    assert [len(event["sessions"]) for event in ended] == [2, 2, 1]


def answer_of(response):
    """As the page writes it: the status, and the code of a refusal."""
    return "200" if response.status_code == 200 else "{} `{}`".format(*refusal(response))


class TestNewSecretKey:
    NEW = "the new secret key is just as long as the one that it replaces"

    @pytest.fixture
    def rotate(self, settings):
        """Use another key, with these fallbacks."""
        old = settings.SECRET_KEY

        def rotate(secret_keys, verifying_keys):
            settings.SECRET_KEY = self.NEW
            settings.SECRET_KEY_FALLBACKS = eval(secret_keys, {"old": old})
            settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = eval(verifying_keys, {"old": old})

        return rotate

    def test_what_tokens_of_before_get(self, rotate, laptop):
        rows = re.findall(r"^\| `(\[.*\])` \| `(\[.*\])` \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
        assert len({row[:2] for row in rows}) == 4
        for secret_keys, verifying_keys, request, refresh in reversed(rows):
            rotate(secret_keys, verifying_keys)
            assert (answer_of(laptop.me()), answer_of(laptop.try_refresh())) == (request, refresh)

    def test_after_a_refresh_the_old_key_may_go(self, rotate, laptop, phone):
        rotate("[old]", "[]")
        assert laptop.refresh().status_code == 200
        rotate("[]", "[]")
        assert laptop.me().status_code == laptop.refresh().status_code == 200
        assert refusal(phone.refresh()) == (401, "token_not_valid")

    def test_the_use_of_an_access_token_is_not_enough(self, rotate, laptop):
        rotate("[old]", "[('HS256', old)]")
        assert laptop.me().status_code == 200
        rotate("[]", "[('HS256', old)]")
        assert refusal(laptop.me()) == (401, "password_changed")

    @has_browsers
    def test_after_a_request_a_browser_needs_it_no_longer(self, rotate, ada):
        office, library = Browser().sign_in(ada), Browser().sign_in(ada)
        rotate("[old]", "[]")
        assert office.is_signed_in()
        rotate("[]", "[]")
        assert still_signed_in(office=office, library=library) == {"office"}


@pytest.mark.django_db
class TestPartitions:
    """All in one transaction, which is rolled back: PostgreSQL does so with tables, too."""

    @pytest.fixture(autouse=True)
    def _partitions(self, ada):
        if connection.vendor != "postgresql":
            pytest.skip("Partitions are a recipe for PostgreSQL.")
        self.month = datetime.fromtimestamp((uuid7().int >> 80) / 1000, UTC).replace(day=1)
        self.next_month = (self.month + timedelta(days=31)).replace(day=1)
        make = code("sql", "CREATE FUNCTION")
        make = make.replace("REFERENCES auth_user", f"REFERENCES {get_user_model()._meta.db_table}")
        self.run(
            make.replace("old_refreshtoken, old_session", "old_refreshtoken, old_session CASCADE")
        )  # the key of the host's model
        self.run(
            "ALTER TABLE host_pushdevice ADD CONSTRAINT to_session FOREIGN KEY (session_id)"
            " REFERENCES auth_sessions_session DEFERRABLE INITIALLY DEFERRED"
        )
        self.run(code("sql", "SELECT add_sessions_of"))

    def run(self, block):
        """A block of SQL, about this month and the next."""
        months = {"11": self.month, "12": self.next_month}
        block = re.sub("2026([-_])(1[12])", lambda found: months[found[2]].strftime(f"%Y{found[1]}%m"), block)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(block)

    def in_months(self, model):
        """How many rows there are in this month and in the next."""
        table = model._meta.db_table
        counts = []
        for month in (self.month, self.next_month):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {table}_{month:%Y_%m}")
                counts += cursor.fetchone()
        return counts

    def start_next_month(self, user):
        later = int((self.next_month + timedelta(days=1)).timestamp() * 1000)
        key = type(uuid7())(int=later << 80 | uuid7().int & (1 << 80) - 1)
        session = Session(pk=key, user=user, password_fingerprint=passwords.fingerprint("another password"))
        session.save(force_insert=True)
        return RefreshToken.objects.create(session=session)

    def test_life(self, ada):
        laptop, phone = Device().sign_in(ada), Device().sign_in(ada)
        self.start_next_month(ada)
        push = PushDevice.objects.create(session_id=laptop.session_id, token="t")
        assert self.in_months(Session) == self.in_months(RefreshToken) == [2, 1]
        assert laptop.refresh().status_code == laptop.me().status_code == 200
        assert len(laptop.sessions()) == 2  # the third is not stamped with the password
        assert laptop.sign_out("local").status_code == 204
        assert not PushDevice.objects.filter(pk=push.pk).exists()
        assert phone.sign_out().status_code == 204
        assert not Session.objects.exists()

    def test_a_finished_month_goes(self, ada):
        laptop = Device().sign_in(ada)
        self.start_next_month(ada)
        Session.objects.filter(pk=laptop.session_id).update(expires_at=timezone.now())
        assert clear_expired(batch_size=1) == 2
        assert self.in_months(Session) == self.in_months(RefreshToken) == [0, 0]
        self.start_next_month(ada)
        self.run(code("sql", "DETACH PARTITION"))
        assert Session.objects.count() == 1

    def test_a_month_that_is_named_stays(self, ada):
        session = create_session(ada)
        PushDevice.objects.create(session=session, token="t")
        with pytest.raises(IntegrityError, match="violates foreign key"), transaction.atomic():
            self.run(code("sql", "DETACH PARTITION"))
        assert Session.objects.get() == session

    def test_the_key_of_a_browser_is_unique_in_a_month(self, ada):
        create_browser_row(ada, key="k")
        with pytest.raises(IntegrityError, match="django_session_key"), transaction.atomic():
            create_browser_row(ada, key="k")


class TestReplica:
    """Django's tests let nobody reach a database that the test did not ask for, so whoever reads the replica fails."""

    @pytest.fixture(autouse=True)
    def _replica(self, laptop, phone, settings, recipe):
        connections.settings["replica"] = connections.settings["default"]
        self.router = recipe("ReplicaRouter").ReplicaRouter
        self.router.DECIDED_BY_DJANGO |= {get_user_model()._meta.app_label}
        settings.DATABASE_ROUTERS = [self.router()]
        yield
        assert connections["replica"]  # there is one in this thread
        del connections["replica"], connections.settings["replica"]

    @pytest.fixture
    def everything(self, monkeypatch):
        """All reads go to the replica, those of users, too."""
        monkeypatch.setattr(self.router, "DECIDED_BY_DJANGO", set())

    def test_a_read_goes_there(self):
        with pytest.raises(DatabaseOperationForbidden, match="replica"):
            Session.objects.count()

    def test_all_of_rest(self, laptop, phone, rest_only, everything):
        assert laptop.refresh().status_code == laptop.me().status_code == 200
        assert len(laptop.sessions()) == 2
        assert laptop.get("sessions/current/").status_code == 200
        assert laptop.patch(f"sessions/{phone.session_id}/", {"name": "x"}).status_code == 200
        assert laptop.sign_out("others").status_code == 204
        assert phone.me().status_code == phone.refresh().status_code == 401
        assert laptop.delete(f"sessions/{laptop.session_id}/").status_code == 204
        assert not Session.objects.using("default").exists()

    def test_a_reused_token(self, clock, laptop, rest_only, everything):
        thief = laptop.copy()
        laptop.refresh()
        clock.shift(11)
        laptop.refresh()
        assert thief.refresh().status_code == laptop.me().status_code == 401

    def test_a_browser(self, ada):
        browser = Browser().sign_in(ada)
        assert browser.is_signed_in()
        tab = browser.copy()
        assert browser.sign_out().status_code == 204
        assert not tab.is_signed_in()

    def test_what_python_calls(self, ada, laptop, phone):
        session = Session.objects.using("default").get(pk=phone.session_id)
        PushDevice.objects.using("default").create(session=session, token="t")
        change_password(ada, "changed", keep=session)
        assert laptop.me().status_code == 401
        assert phone.me().status_code == 200
        Session.objects.filter(pk=phone.session_id).end(reason="revoked")
        create_session(ada, lifetime=timedelta(0))
        assert clear_expired() == 1
        ada.delete()
        assert not PushDevice.objects.using("default").exists()
