"""Reads go to a replica that knows nothing yet: what a request has just written it reads where it wrote.

The replica is a second, empty database. Every endpoint of every interface and both commands run beside it.
"""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from rest_framework.test import APIClient

from auth_sessions import api, urls
from auth_sessions.models import RefreshToken, Session
from tests.host.middleware import VIEWS_ASKED
from tests.host.models import PushDevice
from tests.support.admin import SESSIONS, USERS, AdminClient, page, rows
from tests.support.browser import Browser
from tests.support.device import IPHONE, PASSWORD, Device, code
from tests.support.hand_over import Website, ask
from tests.support.host import has_browsers
from tests.support.inputs import each
from tests.support.pages import (
    EVERYWHERE,
    LIST,
    OTHERS,
    PROOF,
    SIGNED_OUT,
    make_sign_in_old,
    message_after,
    name_path,
    sign_out_path,
    text,
)
from tests.support.supabase import EMAIL, NEW_PASSWORD, SupabaseDevice, add_user, needs_email, written

pytestmark = pytest.mark.slow


class Router:
    """That of docs/operations.md."""

    decided_by_django = {"auth", "sessions", get_user_model()._meta.app_label}

    def db_for_read(self, model, **hints):
        return "default" if model._meta.app_label in self.decided_by_django else "replica"

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, one, other, **hints):
        return True


@pytest.fixture(autouse=True)
def read_there(transactional_db, settings):
    """What was read from the replica, as SQL; of this app's tables, nothing."""
    replica = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    both = connections.configure_settings({"default": dict(connections.settings["default"]), "replica": replica})
    connections.settings["replica"] = both["replica"]
    connection = connections["replica"]
    connection.connect()
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            editor.create_model(model)
    migrated = ContentType.objects.using("default").all()  # long ago
    ContentType.objects.using("replica").bulk_create(migrated)
    asked = []

    def note(execute, sql, parameters, many, context):
        asked.append(sql)
        return execute(sql, parameters, many, context)

    settings.DATABASE_ROUTERS = [Router()]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.host.middleware.remember_views"]
    VIEWS_ASKED.clear()
    with connection.execute_wrapper(note):
        yield asked
    del connections["replica"], connections.settings["replica"]
    connection.connection.close()
    labels = ("auth_sessions", "auth_sessions_supabase")
    ours = {model._meta.db_table for model in apps.get_models() if model._meta.app_label in labels}
    assert [sql for sql in asked if any(table in sql for table in ours)] == []
    assert [sql for sql in asked if not sql.startswith("SELECT")] == []


@pytest.fixture
def ada(make_user):
    return add_user(make_user) if apps.is_installed("auth_sessions.supabase") else make_user()


def asked(app_name):
    return {name.partition(":")[2] for name in VIEWS_ASKED if name and name.partition(":")[0] == app_name}


def names(urlpatterns):
    return {pattern.name for pattern in urlpatterns if pattern.name}


def test_the_replica_is_read_and_empty(ada, read_there):
    Device().sign_in(ada)
    assert (Session.objects.count(), Session.objects.using("default").count()) == (0, 1)
    assert PushDevice.objects.count() == 0
    assert read_there.pop().startswith("SELECT")
    assert read_there.pop().startswith("SELECT")


@pytest.mark.usefixtures("any_transaction_mode")
@has_browsers
def test_rest(ada, grace):
    laptop, phone, staff = Device().sign_in(ada), Device(IPHONE).sign_in(ada), Device().sign_in(grace)
    assert laptop.refresh().status_code == laptop.refresh().status_code == laptop.me().status_code == 200
    assert laptop.fast("name/").json()["name"] == ada.get_username()
    assert [each["is_current"] for each in laptop.sessions()] == [True, False]
    assert laptop.get("sessions/current/").json()["id"] == laptop.session_id
    path = f"sessions/{phone.session_id}/"
    assert laptop.patch(path, {"name": "Phone"}).json()["name"] == laptop.get(path).json()["name"] == "Phone"
    assert len(staff.get(f"users/{ada.pk}/sessions/").json()) == 2
    laptop.access = laptop.post("reauthenticate/", {"password": PASSWORD}).json()["access"]
    assert api.get_hand_over(ask(laptop)).session == Session.objects.using("default").get(pk=laptop.session_id)
    assert laptop.sign_out("others").status_code == 204
    assert code(phone.me()) == code(phone.refresh()) == (401, "session_not_found")
    assert [session["id"] for session in laptop.sessions()] == [laptop.session_id]
    assert staff.post(f"users/{ada.pk}/sign-out/").status_code == 204
    assert laptop.me().status_code == 401
    tablet = Device().sign_in(ada)
    assert tablet.delete(f"sessions/{tablet.session_id}/").status_code == 204
    assert code(tablet.me()) == (401, "session_not_found")
    browser = APIClient()
    answer = browser.post("/api/auth/sign-in/", {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD})
    assert answer.status_code == 200
    assert browser.get("/api/auth/sessions/current/").json()["id"] == answer.json()["id"]
    assert browser.post("/api/auth/sign-out/").status_code == 204
    assert asked("auth_sessions") == names(urls.urlpatterns)


def test_a_reused_refresh_token(clock, ada):
    laptop = Device().sign_in(ada)
    thief = laptop.copy()
    for _ in range(2):
        clock.shift(11)
        assert laptop.refresh().status_code == 200
    assert code(thief.refresh()) == (401, "refresh_token_already_used")
    assert code(laptop.me()) == (401, "session_not_found")


@pytest.mark.skipif(not apps.is_installed("auth_sessions.activity"), reason="there is no history")
def test_the_history_of_a_reused_refresh_token(clock, ada):
    """When it was last used, and what a device has handed over, is read where the history is written."""
    from auth_sessions.activity import receivers
    from auth_sessions.activity.models import Activity

    receivers.connect()
    try:
        laptop = Device().sign_in(ada)
        Website().takes_over(laptop)
        thief = laptop.copy()
        for _ in range(2):
            clock.shift(11)
            assert laptop.refresh().status_code == 200
        refreshed_at = RefreshToken.objects.using("default").get(session_id=laptop.session_id).rotated_at
        assert code(thief.refresh()) == (401, "refresh_token_already_used")
    finally:
        receivers.disconnect()
    told = Activity.objects.using("default").order_by("pk").values_list("kind", flat=True)
    assert [kind for kind in told if kind != "new_device"] == [
        *["signed_in"] * 2,
        "refresh_token_reused",
        *["signed_out"] * 2,
    ]
    reused = Activity.objects.using("default").get(kind="refresh_token_reused")
    assert reused.last_used_at == refreshed_at


@pytest.mark.parametrize("policy", ["evict_oldest", "refuse"])
def test_the_limit(ada, settings, policy):
    settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, policy
    laptop, phone = Device().sign_in(ada), Device()
    answer = phone.post("token/", {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD})
    assert (answer.status_code, laptop.is_signed_in()) == ((200, False) if policy == "evict_oldest" else (403, True))


@needs_email
@pytest.mark.skipif(not apps.is_installed("auth_sessions.supabase"), reason="there is no Supabase API")
class TestSupabase:
    @pytest.mark.usefixtures("any_transaction_mode")
    def test_every_endpoint(self, ada, settings):
        from auth_sessions.supabase.urls import urlpatterns

        laptop, phone = SupabaseDevice().sign_in(), SupabaseDevice().sign_in()
        assert laptop.user().json()["id"] == phone.user_id
        assert written(laptop.update(data={"colour": "green"}).json()) == {"colour": "green"}
        assert written(phone.user().json()) == {"colour": "green"}
        assert laptop.update(data={"size": 7}, password=NEW_PASSWORD).status_code == 200
        assert phone.user().status_code == 403
        assert laptop.refresh().status_code == 200
        assert written(laptop.claims) == {"colour": "green", "size": 7}
        for path in ("health", "settings", ".well-known/jwks.json"):
            assert laptop.send("GET", path).status_code == 200
        assert laptop.logout().status_code == 204
        assert laptop.refresh().status_code == 400
        assert asked("auth_sessions_supabase") == names(urlpatterns) - {"signup"}

    @pytest.mark.usefixtures("any_transaction_mode")
    def test_a_sign_up(self, settings):
        """The profile that it has just made is changed and read back at once."""
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        device = SupabaseDevice()
        answer = device.signup(data={"name": "Ada"})
        assert written(answer.json()["user"]) == {"name": "Ada"}
        device.keep(answer)
        answer = device.update(data={"born": 1815, "name": None})
        assert (answer.status_code, written(answer.json())) == (200, {"born": 1815})
        assert device.user().json()["user_metadata"] == answer.json()["user_metadata"]
        assert SupabaseDevice().signup().status_code == 422
        assert SupabaseDevice().sign_in(EMAIL).user_id == device.user_id

    def test_no_profile_is_made_twice(self, ada):
        """An IntegrityError would put the user's key into the database's own log."""
        from auth_sessions.supabase.models import Profile

        with connections["default"].execute_wrapper(refuse_errors):
            ids = {SupabaseDevice().sign_in().user_id for _ in range(3)}
        assert ids == {str(profile.pk) for profile in Profile.objects.using("default")}

    def test_an_expired_token_signs_out(self, clock, ada):
        laptop = SupabaseDevice().sign_in()
        clock.shift(301)
        assert laptop.logout("local").status_code == 204
        assert laptop.refresh().status_code == 400

    def test_deletion_of_the_user(self, ada):
        from auth_sessions.supabase.models import Profile

        SupabaseDevice().sign_in()
        ada.delete()
        assert not Profile.objects.using("default").exists()


def refuse_errors(execute, sql, parameters, many, context):
    """A statement that fails is noted even where its error is caught."""
    try:
        return execute(sql, parameters, many, context)
    except Exception as error:
        raise AssertionError(sql) from error


@has_browsers
class TestPages:
    @pytest.mark.usefixtures("any_transaction_mode")
    def test_every_page(self, ada):
        from auth_sessions.pages.urls import urlpatterns

        office, phone, tablet = Browser().sign_in(ada), Device(IPHONE).sign_in(ada), Device().sign_in(ada)
        assert text(office.page(LIST)).count("Sign out") >= 3
        assert "Phone" in message_after(office, office.submit(name_path(phone), {"name": "Phone"}))
        assert 'value="Phone"' in office.page(name_path(phone)).content.decode()
        assert office.page(sign_out_path(phone)).status_code == 200
        assert office.submit(sign_out_path(phone)).status_code == 302
        assert (phone.me().status_code, tablet.me().status_code) == (401, 200)
        assert office.page(OTHERS).status_code == 200
        assert office.submit(OTHERS).status_code == 302
        assert tablet.me().status_code == 401
        assert office.is_signed_in()
        make_sign_in_old(office, using="default")
        assert office.submit(PROOF, {"password": PASSWORD}).status_code == 403  # there is no second factor
        assert office.page(PROOF.partition("?")[0]).status_code == 302
        assert office.page(EVERYWHERE).status_code == 200
        assert office.submit(EVERYWHERE).status_code == 302
        assert not office.is_signed_in()
        app = Device().sign_in(ada)
        website = Website().takes_over(app)
        assert website.is_signed_in()
        assert app.sign_out().status_code == 204
        assert not website.is_signed_in()
        assert office.page(SIGNED_OUT).status_code == office.page(f"{SIGNED_OUT}everywhere/").status_code == 200
        assert asked("auth_sessions_pages") == names(urlpatterns)
        assert not Session.objects.using("default").exists()

    @each("how", ["sign-out", "logout", "elsewhere"])
    def test_a_browser(self, ada, how):
        browser, phone = Browser().sign_in(ada), Device().sign_in(ada)
        tab = browser.copy()
        assert tab.is_signed_in()
        if how == "sign-out":
            assert browser.sign_out("local").status_code == 204
        elif how == "logout":
            browser.page("/in-and-out/o/")
        else:
            assert phone.sign_out("others").status_code == 204
        assert not tab.is_signed_in()


@has_browsers
@pytest.mark.skipif(not apps.is_installed("django.contrib.admin"), reason="there is no admin")
class TestAdmin:
    """An administrator sees and ends what there is, not what there was."""

    @pytest.mark.usefixtures("any_transaction_mode")
    def test_every_page(self, ada, grace):
        devices = [Device().sign_in(ada) for _ in range(6)]
        sessions = [Session.objects.using("default").get(pk=device.session_id) for device in devices]
        admin = AdminClient(grace)
        assert len(rows(admin.get())) == 6 + 1
        assert len(rows(admin.get(q=ada.get_username()))) == 6
        for query in ({"state": "live"}, {"used": "hour"}, {"kind": "token"}):
            assert len(rows(admin.get(**query))) >= 6
        assert admin.get(page(sessions[0])).status_code == 200
        assert admin.get(page(sessions[0], "history")).status_code == 200
        assert admin.get(page(sessions[0], "delete")).status_code == 200
        assert admin.delete_one(sessions[0]).status_code == 302
        assert admin.delete_selected(sessions[1]).status_code == 302
        assert admin.confirm("revoke_selected", [sessions[2]]).status_code == 302
        assert [device.is_signed_in() for device in devices] == [False] * 3 + [True] * 3
        assert len(rows(admin.get())) == 3 + 1
        assert admin.ask("revoke_others", [sessions[3]]).status_code == 200
        assert admin.confirm("revoke_others", [sessions[3]]).status_code == 302
        assert [device.is_signed_in() for device in devices[3:]] == [True, False, False]
        assert admin.get(page(ada)).content.decode().count("field-state") >= 1
        assert admin.ask("sign_out_everywhere", [ada]).status_code == 200
        assert admin.confirm("sign_out_everywhere", [ada]).status_code == 302
        assert not devices[3].is_signed_in()
        assert admin.get(USERS).status_code == admin.get(SESSIONS).status_code == 200
        seen = {name for name in asked("admin") if name.startswith("auth_sessions_session_")}
        assert seen == {f"auth_sessions_session_{name}" for name in ("changelist", "change", "delete", "history")}

    def test_the_tags_of_the_filter(self, ada, grace):
        for tag in ("app", "kiosk"):
            api.sign_in_user(ada, tag=tag)
        shown = AdminClient(grace).get().content.decode()
        assert "?tag=app" in shown
        assert "?tag=kiosk" in shown


def test_the_commands(clock, ada, grace, capsys):
    laptop, staff = Device().sign_in(ada), Device().sign_in(grace)
    call_command("revokeauthsessions", user=[ada.get_username()])
    assert (laptop.is_signed_in(), staff.is_signed_in()) == (False, True)
    api.sign_in_user(ada, lifetime=timedelta(seconds=1))
    clock.shift(2)
    call_command("clearauthsessions")
    assert "1 sessions ended." in capsys.readouterr().out
    call_command("revokeauthsessions", all=True, excepted=[ada.get_username()])
    assert not Session.objects.using("default").exists()
    assert not RefreshToken.objects.using("default").exists()


def test_what_python_calls(ada, rf):
    pair = api.sign_in_user(ada)
    pair = api.refresh(pair.refresh)
    request = rf.get("/", HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    assert api.get_session(request, raise_exception=True) == pair.session
    other = api.sign_in_user(ada)
    assert api.change_password(ada, "changed", keep=pair.session) == 1
    assert api.get_session(rf.get("/", HTTP_AUTHORIZATION=f"Bearer {other.access}")) is None
    assert [batch.ended for batch in api.clear_expired()] == [0]
    assert api.sign_out(pair.session) == 1
    ada.set_password("changed again")
    api.sign_in_user(ada)
    ada.save()
    ada.delete()
    assert not Session.objects.using("default").exists()
