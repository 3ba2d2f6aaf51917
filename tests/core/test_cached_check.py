"""The cached check: no SQL on a hit, and no way back for a session that ended."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.cache import caches
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions.authentication import LazyUser
from auth_sessions.core import alive_cache, circuit_breaker
from auth_sessions.core.sign_out import sign_out
from auth_sessions.models import Session
from tests.core.test_lock_order import apart
from tests.host.caches import Shared
from tests.rest.test_queries import statements
from tests.rest.test_sign_out import DOORS, OF_BROWSERS
from tests.support.device import Device, code

BOUND = timedelta(seconds=60)


@pytest.fixture(autouse=True)
def _breaker(monkeypatch):
    """A new one, and patient: a busy machine is no slow cache."""
    monkeypatch.setattr(alive_cache, "breaker", circuit_breaker.CircuitBreaker())
    monkeypatch.setattr(circuit_breaker, "SLOW", 30)


@pytest.fixture(autouse=True)
def shared(settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "shared": {"BACKEND": "tests.host.caches.Shared", "LOCATION": "shared"},
    }
    settings.AUTH_SESSIONS_CACHE = "shared"
    Shared.asked, Shared.before = [], None
    caches["shared"].clear()
    yield Shared
    Shared.before = None


REDIS_CACHES = {"Redis": "django.core.cache.backends.redis.RedisCache", "django-redis": "django_redis.cache.RedisCache"}


@pytest.fixture(params=["in this process", *REDIS_CACHES])
def any_cache(request, settings):
    if request.param in REDIS_CACHES:
        address = f"{request.getfixturevalue('redis_address')}/14"
        if request.param == "django-redis":
            pytest.importorskip("django_redis", reason="django-redis is not installed")
        redis_cache = {"BACKEND": REDIS_CACHES[request.param], "LOCATION": address}
        settings.CACHES = {**settings.CACHES, "shared": redis_cache}


def asked(call):
    """The SQL statements and the cache's round trips of a call."""
    Shared.asked = []
    with CaptureQueriesContext(connection) as queries:
        call()
    return statements(queries), Shared.asked


@pytest.mark.usefixtures("rest_only")
def test_what_it_costs(laptop):
    assert asked(laptop.fast) == (["SELECT"], ["get", "add"])
    assert asked(laptop.fast) == ([], ["get"])
    assert asked(lambda: laptop.fast("name/")) == (["SELECT"], ["get"])
    assert asked(lambda: laptop.sign_out("local"))[1] == ["set_many", "set_many"]


def test_what_it_tells(laptop, ada):
    told = [laptop.fast("name/").json() for _ in range(2)]
    assert (
        told[0]
        == told[1]
        == {
            "pk": str(ada.pk),
            "is_active": True,
            "session": laptop.session_id,
            "name": ada.get_username(),
        }
    )


class TestLazyUser:
    @pytest.fixture
    def user(self, laptop):
        return LazyUser(Session.objects.get(pk=laptop.session_id))

    @pytest.mark.django_db
    def test_what_needs_no_row(self, user, ada):
        with CaptureQueriesContext(connection) as queries:
            assert bool(user)
            assert user.is_authenticated
            assert not user.is_anonymous
            assert user.is_active
            assert user.pk == ada.pk
            assert getattr(user, type(ada)._meta.pk.attname) == ada.pk
        assert len(queries) == 0

    def test_anything_else_is_the_user(self, user, ada):
        assert isinstance(user, get_user_model())
        assert user == ada
        assert user.check_password(" lovelace 1815 ")
        assert not isinstance(user, AnonymousUser)
        assert str(user) == str(ada)
        user.is_active = False
        assert not user.is_active
        assert Session.objects.filter(user=user).count() == 1

    def test_it_is_the_user_of_the_session(self, laptop, ada):
        session = Session.objects.get(pk=laptop.session_id)
        user = LazyUser(session)
        with CaptureQueriesContext(connection) as queries:
            assert session.user is user
            sign_out(session)
        assert Session.objects.count() == 0
        assert queries


@pytest.mark.usefixtures("any_cache")
@pytest.mark.parametrize("door", [door for door in DOORS if door not in OF_BROWSERS])
def test_every_door_bites_at_once(make_user, ada, laptop, door):
    bystander = Device().sign_in(make_user("carl"))
    assert [device.fast().status_code for device in (laptop, laptop, bystander)] == [200] * 3
    go_through, _ = DOORS[door]
    go_through(laptop, ada, make_user)
    assert code(laptop.fast()) == code(laptop.me())
    assert laptop.fast().status_code == 401
    assert bystander.fast().status_code == 200


@pytest.mark.usefixtures("any_cache")
class TestTheBound:
    """What nothing told Python bites within ``AUTH_SESSIONS_CACHE_TTL``."""

    UNTOLD = {
        "inactive": lambda user: get_user_model().objects.filter(pk=user.pk).update(is_active=False),
        "another password": lambda user: get_user_model().objects.filter(pk=user.pk).update(password="!"),
        "raw deletion": lambda user: Session.objects.filter(user_id=user.pk)._raw_delete(connection.alias),
    }

    @pytest.mark.parametrize("how", UNTOLD)
    def test_it_holds(self, clock, laptop, ada, how):
        assert laptop.fast().status_code == 200
        if how == "raw deletion":
            connection.cursor().execute("DELETE FROM auth_sessions_refreshtoken")
        self.UNTOLD[how](ada)
        clock.shift(BOUND - timedelta(seconds=1))
        assert laptop.fast().status_code == 200
        assert laptop.me().status_code == 401
        clock.shift(1)
        assert code(laptop.fast()) == code(laptop.me())

    def test_it_can_be_chosen(self, clock, laptop, ada, settings):
        settings.AUTH_SESSIONS_CACHE_TTL = timedelta(seconds=5)
        assert laptop.fast().status_code == 200
        self.UNTOLD["inactive"](ada)
        clock.shift(5)
        assert code(laptop.fast()) == (401, "user_inactive")


def test_a_user_whose_row_is_gone(laptop, ada):
    """As an object that was read before: a key without rights, in whatever reads it after the view, too."""
    laptop.fast()
    Session.objects.filter(user=ada).update(user=get_user_model().objects.create_user("x@example.org"))
    get_user_model().objects.filter(pk=ada.pk).delete()
    assert laptop.fast("name/").json()["name"] == ""


class TestTime:
    def test_an_end_in_between(self, clock, ada, settings):
        settings.AUTH_SESSIONS_LIFETIME = timedelta(seconds=30)
        laptop = Device().sign_in(ada)
        assert laptop.fast().status_code == 200
        clock.shift(30)
        assert laptop.fast().status_code == 401

    def test_unused_for_too_long(self, clock, ada, settings):
        settings.AUTH_SESSIONS_LAST_SEEN_INTERVAL = timedelta(seconds=10)
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(seconds=30)
        laptop = Device().sign_in(ada)
        assert laptop.fast().status_code == 200
        clock.shift(30)
        assert code(laptop.fast()) == (401, "session_expired")

    def test_use_is_noted_as_by_the_other_check(self, clock, laptop, settings):
        settings.AUTH_SESSIONS_LAST_SEEN_INTERVAL = timedelta(seconds=45)
        laptop.fast()
        clock.shift(50)
        assert asked(laptop.fast)[0] == ["SELECT", "UPDATE"]
        assert Session.objects.get().last_seen_at == timezone.now()
        assert asked(laptop.fast) == ([], ["get"])

    def test_a_child_in_use_is_confirmed(self, clock, laptop, settings):
        """Later than ``AUTH_SESSIONS_REUSE_INTERVAL`` after the rotation, though the entry is from before it."""
        clock.shift(60)
        thief = laptop.copy()
        laptop.fast()
        laptop.refresh()
        for _ in range(3):
            clock.shift(5)
            assert laptop.fast().status_code == 200
        assert Session.objects.get().confirmed_generation == 1
        clock.shift(5)
        assert code(thief.try_refresh()) == (401, "refresh_token_already_used")
        assert laptop.fast().status_code == 401

    def test_hits_after_a_rotation(self, clock, laptop):
        laptop.refresh()
        laptop.fast()
        clock.shift(11)
        assert asked(laptop.fast)[0] == ["SELECT", "UPDATE"]
        assert asked(laptop.fast) == ([], ["get"])

    def test_a_clock_that_is_ahead(self, clock, laptop):
        """An entry from the future is not believed: nobody knows how old it is."""
        clock.shift(30)
        laptop.fast()
        clock.shift(-10)
        assert asked(laptop.fast)[0] == ["SELECT"]


@pytest.fixture
def dawdle(monkeypatch):
    """From now on some operations take 0.2 s, by a clock that nothing else moves; more than 0.1 s is slow."""
    now = [100.0]
    monkeypatch.setattr(circuit_breaker, "SLOW", 0.1)
    monkeypatch.setattr(circuit_breaker, "monotonic", lambda: now[0])

    def over(*operations):
        def take_long(operation):
            now[0] += 0.2 if operation in operations else 0

        Shared.before = take_long

    return over


class TestWhatTheCacheSays:
    @pytest.mark.parametrize(
        "junk", ["x", b"", 7, (), (1, 2, 3), ("", "", ()), {"a": 1}, (None, None, None), object, "ending"]
    )
    def test_junk(self, laptop, junk):
        caches["shared"].set(f"{alive_cache.PREFIX}{laptop.session_id}", junk)
        assert laptop.fast().status_code == 200
        laptop.sign_out("local")
        assert laptop.fast().status_code == 401

    def test_another_person_s_token_does_not_fit(self, laptop, bob):
        """A token that names the wrong person for its session is refused as by the other check."""
        phone = Device().sign_in(bob)
        phone.fast()
        assert alive_cache.get(phone.session_id, user_id=str(bob.pk))
        assert alive_cache.get(phone.session_id, user_id="somebody else") is None

    def test_a_fingerprint_is_not_in_it(self, laptop):
        laptop.fast()
        session = alive_cache.get(laptop.session_id, user_id=str(Session.objects.get().user_id))
        assert session.get_deferred_fields() == {"password_fingerprint"}

    @pytest.mark.parametrize("operation", ["get", "add", "set_many"])
    def test_a_cache_that_fails(self, laptop, operation, caplog):
        def fail(now):
            if now == operation:
                raise ConnectionError("no cache")

        Shared.before = fail
        assert [laptop.fast().status_code for _ in range(3)] == [200] * 3
        assert laptop.sign_out("local").status_code == 204
        Shared.before = None
        alive_cache.breaker.open_until = 0.0
        assert ("was not told" in caplog.text) == (operation == "set_many")
        told = [record.getMessage() for record in caplog.records if "left alone" in record.getMessage()]
        assert told == ["The cache of sessions is left alone for a while: ConnectionError: no cache"]
        if operation != "set_many":
            assert laptop.fast().status_code == 401

    def test_the_bound_of_a_word_that_was_lost(self, clock, laptop):
        laptop.fast()
        Shared.before = _fail
        assert laptop.sign_out("local").status_code == 204
        Shared.before = None
        alive_cache.breaker.open_until = 0.0
        assert laptop.fast().status_code == 200
        clock.shift(BOUND)
        assert laptop.fast().status_code == 401

    def test_the_breaker(self, laptop, monkeypatch):
        """After one failure the cache is left alone; then one request tries it, and the others go on."""
        now = [100.0]
        monkeypatch.setattr(circuit_breaker, "monotonic", lambda: now[0])
        laptop.fast()
        Shared.before = _fail
        assert asked(laptop.fast)[1] == ["get"]
        assert asked(laptop.fast) == (["SELECT"], [])
        now[0] += circuit_breaker.PAUSE
        assert asked(laptop.fast) == (["SELECT"], ["get"])
        assert asked(laptop.fast) == (["SELECT"], [])
        now[0] += circuit_breaker.PAUSE
        Shared.before = None
        assert asked(laptop.fast) == ([], ["get"])
        assert asked(laptop.fast) == ([], ["get"])

    def test_a_sign_out_does_not_wait_with_its_rows_locked(self, ada, laptop, phone):
        """For a cache that has just failed; the last word, after the commit, is tried."""
        tablet = Device().sign_in(ada)
        Shared.before = _fail
        laptop.fast()
        assert asked(lambda: laptop.sign_out("local"))[1] == ["set_many"]
        Shared.before = None
        assert asked(lambda: phone.sign_out("local"))[1] == ["set_many"]
        assert asked(lambda: tablet.sign_out("local"))[1] == ["set_many"] * 2

    def test_a_slow_cache(self, laptop, dawdle):
        """The first answer of all may take its time: the client is loaded, and connects."""
        dawdle("get")
        assert asked(laptop.fast) == (["SELECT"], ["get", "add"])
        assert asked(laptop.fast) == ([], ["get"])
        assert asked(laptop.fast) == (["SELECT"], [])

    def test_a_word_that_takes_long(self, laptop, phone, dawdle):
        """Many are told at once: it is no sign of a slow cache, nor that one which is slow has recovered."""
        tablet = Device().sign_in(Session.objects.first().user)
        laptop.fast()
        dawdle("set_many")
        assert asked(lambda: phone.sign_out("local"))[1] == ["set_many"] * 2
        assert asked(laptop.fast) == ([], ["get"])
        dawdle("get", "set_many")
        laptop.fast()
        assert asked(lambda: tablet.sign_out("local"))[1] == ["set_many"]
        assert asked(laptop.fast) == (["SELECT"], [])

    def test_two_first_requests_at_once(self, laptop, phone, monkeypatch):
        """Both wait for the client to be loaded, and the second is not slow because the first was answered before."""
        loaded = threading.Barrier(2, timeout=30)
        monkeypatch.setattr(circuit_breaker, "SLOW", 2)

        def load(operation):
            if operation == "get":
                time.sleep(2.1)
                loaded.wait()

        Shared.before = load
        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(apart, device.fast) for device in (laptop, phone)]
            assert [call.result().status_code for call in calls] == [200, 200]
        assert sorted(Shared.asked) == ["add", "add", "get", "get"]
        assert alive_cache.breaker.allows_call()

    def test_a_first_answer_that_comes_late_is_no_sign_of_health(self, laptop, phone, monkeypatch):
        """While the first request waited, others were answered, and then not any more."""
        monkeypatch.setattr(circuit_breaker, "SLOW", 0.2)
        waits, may_go_on = threading.Event(), threading.Event()

        def load(operation):
            if operation == "get" and not waits.is_set():
                waits.set()
                may_go_on.wait(30)

        Shared.before = load
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(apart, laptop.fast)
            waits.wait(30)
            phone.fast()
            Shared.before = _fail
            phone.fast()
            time.sleep(0.3)
            may_go_on.set()
            assert first.result().status_code == 200
        assert not alive_cache.breaker.allows_call()

    @pytest.mark.parametrize("alias", ["default", None])
    def test_without_a_shared_cache(self, laptop, settings, alias, caplog):
        """Another process would not hear of a sign-out: the database is asked each time, and the log says so once."""
        settings.AUTH_SESSIONS_CACHE = alias
        alive_cache._warn_unshared.cache_clear()
        assert [asked(laptop.fast) for _ in range(2)] == [(["SELECT"], [])] * 2
        assert caplog.text.count("names no cache that all processes share") == 1
        assert asked(lambda: laptop.sign_out("local"))[1] == []

    @pytest.mark.parametrize("chosen", ["default", "nowhere", "broken"])
    def test_it_is_asked_only_where_a_setting_names_it(self, laptop, settings, chosen):
        """And a cache that is not there is no reason to fail."""
        settings.CACHES = {**settings.CACHES, "broken": {"BACKEND": "no.such.Cache"}}
        if chosen == "default":
            settings.CACHES = {**settings.CACHES, "default": settings.CACHES["shared"]}
            del settings.AUTH_SESSIONS_CACHE
        else:
            settings.AUTH_SESSIONS_CACHE = chosen
        assert [asked(laptop.fast) for _ in range(2)] == [(["SELECT"], [])] * 2
        status = []
        assert asked(lambda: status.append(laptop.sign_out("local").status_code))[1] == []
        assert status == [204]

    def test_one_line_switches(self, laptop, settings):
        settings.CACHES = {**settings.CACHES, "default": settings.CACHES["shared"]}
        del settings.AUTH_SESSIONS_CACHE
        classes = ["auth_sessions.authentication.CachedSessionJWTAuthentication"]
        settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": classes}
        assert asked(laptop.fast) == (["SELECT"], ["get", "add"])
        assert asked(lambda: laptop.sign_out("local"))[1] == ["set_many"] * 2

    def test_keys_that_were_not_set_are_told(self, laptop, monkeypatch, caplog):
        """Memcached does not raise: it names them."""
        monkeypatch.setattr(Shared, "set_many", lambda self, data, *rest: list(data))
        laptop.fast()
        laptop.sign_out("local")
        assert "The cache was not told that 1 sessions end" in caplog.text

    def test_another_release_with_other_columns(self, laptop, phone, monkeypatch):
        """It does not take the entries of this one, but hears its words, and the other way round."""
        laptop.fast()
        with monkeypatch.context() as other:
            other.setattr(alive_cache, "SCHEMA_VERSION", 1)
            assert asked(laptop.fast)[0] == ["SELECT"]
            phone.sign_out("others")
        assert laptop.fast().status_code == 401


def _fail(operation):
    raise ConnectionError("no cache")


def test_a_sign_out_that_is_rolled_back(laptop):
    laptop.fast()
    with transaction.atomic():
        Session.objects.all().end(reason="revoked")
        transaction.set_rollback(True)
    assert [laptop.fast().status_code for _ in range(2)] == [200, 200]


def test_what_an_old_transaction_sees_is_told_nobody(laptop):
    with transaction.atomic():
        assert asked(laptop.fast)[1] == asked(laptop.fast)[1] == ["get"]
    assert asked(laptop.fast)[1] == ["get", "add"]


def test_with_atomic_requests(laptop, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert asked(laptop.fast)[1] == ["get", "add"]
    assert asked(laptop.fast) == ([], ["get"])
    laptop.sign_out("local")
    assert laptop.fast().status_code == 401


@pytest.mark.parametrize("read", [Session.objects.get, lambda: cache_of(Session.objects.get())])
def test_a_session_that_ended_cannot_be_saved(laptop, read):
    session = read()
    session.tag = "app"
    session.save(update_fields=["tag"])
    assert Session.objects.get().tag == "app"
    laptop.sign_out("local")
    with pytest.raises(DatabaseError):
        session.save()
    assert laptop.me().status_code == laptop.fast().status_code == 401
    assert not Session.objects.exists()


def cache_of(session):
    """The session as a hit has it."""
    alive_cache.add(session, user_id="", asked_at=timezone.now(), until=timezone.now() + BOUND)
    return alive_cache.get(session.pk, user_id="")


@pytest.mark.django_db
def test_in_a_transaction_that_never_commits():
    """As in Django's ``TestCase``."""
    ada = get_user_model().objects.create_user("ada@example.org", password=" lovelace 1815 ")
    laptop = Device().sign_in(ada)
    assert [laptop.fast().status_code for _ in range(2)] == [200, 200]
    laptop.sign_out("local")
    assert laptop.fast().status_code == 401


READER, LEAVER = ("get", "select", "add"), ("word", "commit", "word again")
ORDERS = [
    tuple("reader" if at in chosen else "leaver" for at in range(6))
    for chosen in itertools.combinations(range(6), len(READER))
]


class Stage:
    """Two threads take turns as the order says: one reads by the cached check, the other signs out."""

    def __init__(self, order, lost_at):
        self.order, self.lost_at = list(order), lost_at
        self.at, self.turn = 0, threading.Condition()
        self.names, self.over = threading.local(), set()

    def run(self, name, call):
        self.names.name = name
        try:
            return call()
        finally:
            with self.turn:
                self.over.add(name)
                self.turn.notify_all()
            connections.close_all()

    def step(self, *ignored):
        """Wait for one's turn; what the cache holds is lost at one moment."""
        name = getattr(self.names, "name", None)
        if name is None:
            return
        with self.turn:
            assert self.turn.wait_for(lambda: self.is_turn_of(name), timeout=30)
            if self.at == self.lost_at:
                caches["shared"].clear()
            self.at += 1
            self.turn.notify_all()

    def is_turn_of(self, name):
        while self.at < len(self.order) and self.order[self.at] in self.over:
            self.at += 1
        return self.at >= len(self.order) or self.order[self.at] == name


@pytest.fixture(params=["in this process", "in Redis"])
def _store(request, settings):
    if request.param == "in Redis":
        if connection.vendor == "mysql":
            pytest.skip("The cache does not know over which database; a hundred commits take this one long.")
        redis = {"BACKEND": "tests.host.caches.SharedRedis", "LOCATION": request.getfixturevalue("own_redis").address}
        settings.CACHES = {**settings.CACHES, "shared": redis}


@pytest.mark.usefixtures("_store")
@pytest.mark.parametrize("lost_at", [None, *range(7)])
@pytest.mark.parametrize("is_known", [False, True])
def test_every_order_of_a_reader_and_a_sign_out(clock, make_user, lost_at, is_known):
    """At once where the cache keeps what it is told; within the bound where it loses everything at any moment."""
    for number, order in enumerate(ORDERS):
        laptop = Device().sign_in(make_user(f"ada{number}"))
        if is_known:
            laptop.fast()
        stage = Stage(order, lost_at)
        Shared.before = stage.step

        def select(execute, sql, *rest, stage=stage):
            if sql.startswith("SELECT") and "auth_sessions_session" in sql:
                stage.step()
            return execute(sql, *rest)

        def read(laptop=laptop, select=select):
            with connection.execute_wrapper(select):
                return laptop.copy().fast().status_code

        def leave(laptop=laptop, stage=stage):
            with transaction.atomic():
                Session.objects.filter(pk=laptop.session_id).end(reason="revoked")
                stage.step()
            return 204

        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(stage.run, name, call) for name, call in (("reader", read), ("leaver", leave))]
            assert answers[0].result() in {200, 401}
            assert answers[1].result() == 204
        Shared.before = None
        if lost_at is None:
            assert laptop.fast().status_code == 401, order
        assert laptop.fast().status_code in {200, 401}
        clock.shift(BOUND)
        assert laptop.fast().status_code == 401, order
