"""Two operations on one person's sessions at a time, at every isolation level: none fails, and both take effect."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as DjangoSession
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from auth_sessions import api
from auth_sessions.choices import Scope
from auth_sessions.contrib.simplejwt.exchange import refuse_old_tokens
from auth_sessions.contrib.simplejwt.models import ExchangedToken, RefusedTokens
from auth_sessions.db.locking import lock
from auth_sessions.db.transactions import is_conflict
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import sessions_ending
from auth_sessions.supabase import users as supabase_users
from auth_sessions.supabase.models import Profile
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.host import has_supabase
from tests.support.isolation import SNAPSHOTS
from tests.support.races import statuses, together, with_own_connection
from tests.support.supabase import share_tokens

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="On SQLite one transaction waits for the other.")

HELD = 0.3
"""Seconds for which a receiver holds the sign-out open, unless it is told before that it may end."""

LONGEST = 30
"""Seconds after which a test that waits has failed."""


@pytest.fixture(params=[0, 100], ids=["small table", "hundred rows"])
def table(request, make_user):
    """Other people's sessions: on a small table, a database may read all rows instead of an index."""
    others = make_user("zoe")
    Session.objects.bulk_create(Session(user=others) for _ in range(request.param))


class Held:
    """The first sign-out takes its time, and tells when it has begun."""

    def __init__(self):
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.longest = HELD

    def hold(self, **kwargs):
        if not self.begun.is_set():
            self.begun.set()
            self.may_end.wait(self.longest)


@pytest.fixture
def held():
    held = Held()
    sessions_ending.connect(held.hold, weak=False)
    yield held
    sessions_ending.disconnect(held.hold)


def with_weak_hash(user, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    return lambda: Device().post("token/", {user.USERNAME_FIELD: user.get_username(), "password": PASSWORD})


def sign_in_again(user, browser):
    return browser.submit("/login/", {"username": user.get_username(), "password": PASSWORD})


def save_password(user):
    person = get_user_model().objects.get(pk=user.pk)
    person.set_password("quite-new-1906")
    person.save()


OPERATIONS = {
    "sign-out, global": lambda user, phone, browser, settings: phone.sign_out,
    "sign-out, others": lambda user, phone, browser, settings: partial(phone.sign_out, "others"),
    "sign-out, local": lambda user, phone, browser, settings: partial(phone.sign_out, "local"),
    "another device by its id": lambda user, phone, browser, settings: partial(
        phone.delete, f"sessions/{browser.session_id}/"
    ),
    "name of another device": lambda user, phone, browser, settings: partial(
        phone.patch, f"sessions/{browser.session_id}/", {"name": "desk"}
    ),
    "metadata": lambda user, phone, browser, settings: partial(share_tokens(phone).update, data={"color": "red"}),
    "refresh": lambda user, phone, browser, settings: phone.refresh,
    "request": lambda user, phone, browser, settings: phone.me,
    "sign-in": lambda user, phone, browser, settings: partial(
        Device().post, "token/", {user.USERNAME_FIELD: user.get_username(), "password": PASSWORD}
    ),
    "sign-in with a hash upgrade": lambda user, phone, browser, settings: with_weak_hash(user, settings),
    "new password": lambda user, phone, browser, settings: partial(
        share_tokens(phone).update, password="quite-new-1906"
    ),
    "login again in a browser": lambda user, phone, browser, settings: partial(sign_in_again, user, browser),
    "the others, on the page": lambda user, phone, browser, settings: partial(
        browser.submit, "/account/devices/others/sign-out/", {"password": PASSWORD}
    ),
    "password saved": lambda user, phone, browser, settings: partial(save_password, user),
    "change_password": lambda user, phone, browser, settings: partial(api.change_password, user, "quite-new-1906"),
    "user deleted": lambda user, phone, browser, settings: partial(get_user_model().objects.get(pk=user.pk).delete),
    "command": lambda user, phone, browser, settings: partial(
        call_command, "revokeauthsessions", user=[user.get_username()], verbosity=0
    ),
}


def is_the_projects(name):
    """Whether the operation runs in a transaction of the project's.

    It reads an older snapshot on PostgreSQL. MariaDB reads a small table whole, and locks it, when a user is deleted.
    """
    in_request = name == "login again in a browser" and connection.settings_dict["ATOMIC_REQUESTS"]
    return name == "user deleted" or (connection.vendor == "postgresql" and in_request)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.usefixtures("any_transaction_mode", "table")
def test_an_operation_while_a_sign_out_is_open(ada, laptop, phone, office_browser, held, settings, name, any_level):  # noqa: PLR0917
    settings.AUTH_SESSIONS_REAUTHENTICATION_AGE = None
    laptop.client.raise_request_exception = False  # a client of Django's would raise what fails in another thread
    operation = OPERATIONS[name](ada, phone, office_browser, settings)

    def begun_then():
        assert held.begun.wait(LONGEST)
        try:
            return operation()
        except OperationalError as error:  # of this kind, so that the project can try again
            may_conflict = any_level in SNAPSHOTS or connection.vendor == "mysql"
            if may_conflict and is_the_projects(name) and is_conflict(error):
                return None
            raise

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(with_own_connection, (partial(laptop.sign_out, "global"), begun_then))
    assert first.status_code == 204
    assert getattr(second, "status_code", 200) < 500
    assert not Session.objects.filter(pk__in=[laptop.session_id, phone.session_id, office_browser.session_id]).exists()


@pytest.mark.usefixtures("any_level")
def test_an_older_login_in_a_signed_cookie_that_is_signed_out_while_it_is_named(ada, phone, settings, held):
    """Its request does not wait for the sign-out, which may take long."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    browser = Browser()
    browser.client.raise_request_exception = False
    browser.client.force_login(ada)  # without the app's middleware
    assert browser.is_signed_in()
    held.longest = LONGEST

    def change_data():
        assert held.begun.wait(LONGEST)
        threading.Timer(5, held.may_end.set).start()
        answer, waited = browser.page("/basket/"), held.may_end.is_set()
        held.may_end.set()
        assert not waited
        return answer

    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(with_own_connection, (partial(phone.sign_out, "others"), change_data))
        assert [answer.status_code for answer in answers] == [204, 200]
    assert not browser.is_signed_in()


@pytest.mark.usefixtures("any_level")
def test_a_signed_cookie_that_is_named_while_its_row_is_locked(ada, settings):
    """What one tab has changed is not lost to another that still has the older cookie."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    old = Browser()
    old.client.force_login(ada)
    tab, late_tab = old.copy(), old.copy()
    assert old.is_signed_in()
    is_locked, may_end = threading.Event(), threading.Event()

    def hold_row():
        with transaction.atomic():
            assert lock(Session.objects.all())
            is_locked.set()
            may_end.wait(LONGEST)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(with_own_connection, hold_row)
        assert is_locked.wait(LONGEST)
        assert tab.page("/basket/").json() == {"basket": 1}
        may_end.set()
        holding.result()
    assert tab.page("/basket/").json() == {"basket": 2}
    sent = late_tab.cookie
    assert late_tab.is_signed_in()
    assert late_tab.cookie == sent


@pytest.mark.usefixtures("any_transaction_mode", "any_level")
@pytest.mark.parametrize("scope", Scope)
def test_a_sign_out_while_the_sessions_of_others_are_locked(ada, bob, laptop, scope):
    """MariaDB would read a small table whole, and wait for all of its rows."""
    for user in (ada, ada, ada, bob, ada, ada, ada):
        Device().sign_in(user)
        Browser().sign_in(user)
    of_others = Session.objects.exclude(user=ada)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lock(of_others)
        lock(RefreshToken.objects.filter(session__in=of_others))
        lock(DjangoSession.objects.filter(pk__in=list(of_others.values_list("django_session_key", flat=True))))
        answer = pool.submit(with_own_connection, partial(laptop.sign_out, scope)).result(timeout=10)
    assert answer.status_code == 204


@has_supabase
@pytest.mark.usefixtures("any_level")
def test_profiles_of_others_are_locked(make_user):
    """As above, for the profiles of users about to be deleted."""
    users = [make_user(f"ada{number}") for number in range(6)]
    for user in users:
        supabase_users.profile(user)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lock(Profile.objects.filter(user=users[2]))
        deleted = [user.pk for user in users if user != users[2]]
        pool.submit(with_own_connection, partial(supabase_users.delete_profiles, deleted)).result(timeout=10)
    assert [profile.user_id for profile in Profile.objects.all()] == [users[2].pk]


@pytest.mark.usefixtures("any_level", "transactional_db")
def test_a_clean_up_while_other_old_tokens_are_locked():
    """As above, for what is known of old tokens."""
    for number in range(6):
        expires_at = timezone.now() + timedelta(days=1 if number == 2 else -1)
        ExchangedToken.objects.create(digest=str(number), expires_at=expires_at)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lock(ExchangedToken.objects.filter(digest="2"))
        pool.submit(with_own_connection, partial(call_command, "clearauthsessions", verbosity=0)).result(timeout=10)
    assert [row.digest for row in ExchangedToken.objects.all()] == ["2"]


@pytest.mark.usefixtures("any_level")
def test_old_tokens_are_refused_while_those_of_others_are_locked(make_user):
    """As above, for the rows that refuse them."""
    users = [make_user(f"ada{number}") for number in range(6)]
    refuse_old_tokens([user.pk for user in users])
    refused = [user.pk for user in users if user != users[2]]
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lock(RefusedTokens.objects.filter(user=users[2]))
        pool.submit(with_own_connection, partial(refuse_old_tokens, refused)).result(timeout=10)
    assert RefusedTokens.objects.latest("issued_until").pk in refused


@pytest.mark.usefixtures("any_transaction_mode", "any_level")
@pytest.mark.parametrize("scope", ["others", "global"])
def test_a_sign_in_after_the_first_read_of_a_sign_out(ada, laptop, scope):
    """The sign-out ends it, too: it is committed before the sign-out locks the sessions."""
    tablet = Device()

    def sign_in_first(execute, sql, params, many, context):
        if tablet.access is None and sql.startswith("SELECT"):
            result = execute(sql, params, many, context)
            tablet.access = "soon"
            with ThreadPoolExecutor(1) as pool:
                pool.submit(with_own_connection, partial(tablet.sign_in, ada)).result()
            return result
        return execute(sql, params, many, context)

    with connection.execute_wrapper(sign_in_first):
        assert laptop.sign_out(scope).status_code == 204
    assert tablet.session_id is not None
    assert not Session.objects.filter(pk=tablet.session_id).exists()


@pytest.mark.parametrize("kind", ["token", "browser"])
def test_a_request_does_not_wait_for_a_sign_out(laptop, phone, office_browser, held, clock, settings, kind):  # noqa: PLR0917
    """Its write of "last seen" is left out while the row is locked."""
    settings.AUTH_SESSIONS_LAST_SEEN_INTERVAL = timedelta(seconds=1)
    clock.shift(60)
    held.longest = LONGEST
    ended = []

    def sign_out():
        laptop.sign_out("global")
        ended.append(True)

    def request():
        assert held.begun.wait(LONGEST)
        answer = (phone if kind == "token" else office_browser).me()
        found = answer.status_code, list(ended)
        held.may_end.set()
        return found

    with ThreadPoolExecutor(2) as pool:
        _, answer = pool.map(with_own_connection, (sign_out, request))
    assert answer == (200, [])


@pytest.mark.usefixtures("any_transaction_mode", "any_level")
@pytest.mark.parametrize("scope", ["others", "global"])
def test_two_devices_sign_out_at_once(ada, scope):
    """On a table of six rows."""
    for _ in range(3):
        devices = [Device().sign_in(ada) for _ in range(6)]
        answers = together(*[partial(device.sign_out, scope) for device in devices])
        assert set(statuses(answers)) <= {204, 401}
        assert 204 in statuses(answers)
        assert Session.objects.filter(user=ada).count() <= 1
        together(*[partial(device.sign_out, "global") for device in devices])
        assert not Session.objects.filter(user=ada).exists()


@pytest.mark.usefixtures("any_transaction_mode", "any_level")
@pytest.mark.parametrize("policy", ["evict_oldest", "refuse"])
def test_ten_sign_ins_at_a_limit_of_two(ada, settings, policy):
    settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 2, policy
    data = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}
    answers = together(*[partial(Device().post, "token/", data) for _ in range(10)])
    assert set(statuses(answers)) <= {200, 403}
    assert Session.objects.filter(user=ada).count() == 2


@pytest.mark.usefixtures("any_transaction_mode")
def test_ten_browser_logins_at_a_limit_of_two(ada, settings, any_level):
    """MariaDB deletes by a scan of a table of some rows, and waits for all: under ATOMIC_REQUESTS, a deadlock."""
    from django.contrib.sessions.models import Session as StoreEntry

    settings.AUTH_SESSIONS_MAX_PER_USER = 2
    expire_date = timezone.now() + timedelta(days=1)
    StoreEntry.objects.bulk_create(StoreEntry(session_key=f"{n:032}", expire_date=expire_date) for n in range(200))

    def sign_in():
        try:
            return sign_in_again(ada, Browser()).status_code
        except OperationalError as error:
            if any_level in SNAPSHOTS and is_the_projects("login again in a browser") and is_conflict(error):
                return None
            raise

    answers = together(*[sign_in] * 10)
    assert set(answers) <= {302, 400, None}  # Django's SessionInterrupted: ended by the limit meanwhile
    assert Session.objects.filter(user=ada).count() <= 2


@pytest.mark.usefixtures("any_transaction_mode", "any_level")
def test_twenty_refreshes_at_once(laptop):
    clients = [laptop.copy() for _ in range(20)]
    answers = together(*[client.refresh for client in clients])
    assert statuses(answers) == [200] * 20
    assert len({client.refresh_token for client in clients}) == 1
