"""What the cache says is believed only where it is a plain yes; one that fails or is slow is left alone."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import caches

from auth_sessions.core import circuit_breaker, session_cache
from auth_sessions.models import Session
from tests.host.caches import Shared
from tests.support.device import Device
from tests.support.races import with_own_connection
from tests.support.shared_cache import BOUND, asked, fail

pytestmark = pytest.mark.usefixtures("shared_cache")


@pytest.fixture
def slow_cache(monkeypatch):
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
        caches["shared"].set(f"{session_cache.PREFIX}{laptop.session_id}", junk)
        assert laptop.fast().status_code == 200
        laptop.sign_out("local")
        assert laptop.fast().status_code == 401

    def test_another_person_s_token_does_not_fit(self, laptop, bob):
        """A token that names the wrong person for its session is refused as by the other check."""
        phone = Device().sign_in(bob)
        phone.fast()
        assert session_cache.get(phone.session_id, user_id=str(bob.pk))
        assert session_cache.get(phone.session_id, user_id="somebody else") is None

    def test_a_fingerprint_is_not_in_it(self, laptop):
        laptop.fast()
        entry = session_cache.get(laptop.session_id, user_id=str(Session.objects.get().user_id))
        assert entry.session.get_deferred_fields() == {"password_fingerprint"}

    @pytest.mark.parametrize("operation", ["get", "add", "set_many"])
    def test_a_cache_that_fails(self, laptop, operation, caplog):
        def fail(now):
            if now == operation:
                raise ConnectionError("no cache")

        Shared.before = fail
        assert [laptop.fast().status_code for _ in range(3)] == [200] * 3
        assert laptop.sign_out("local").status_code == 204
        Shared.before = None
        session_cache.breaker.open_until = 0.0
        assert "did not receive" not in caplog.text
        warnings = [record.getMessage() for record in caplog.records if "not called for a while" in record.getMessage()]
        assert warnings == ["The cache of sessions is not called for a while: ConnectionError: no cache"]
        assert laptop.fast().status_code == 401

    def test_the_bound_of_a_tombstone_that_was_lost(self, clock, laptop):
        """In this process it takes effect at once, since the cache is not asked."""
        laptop.fast()
        Shared.before = fail
        assert laptop.sign_out("local").status_code == 204
        Shared.before = None
        assert laptop.fast().status_code == 401
        session_cache.breaker = circuit_breaker.CircuitBreaker()  # as in another process
        assert laptop.fast().status_code == 200
        clock.shift(BOUND)
        assert laptop.fast().status_code == 401

    def test_the_breaker(self, laptop, monkeypatch):
        """After one failure the cache is left alone; then one request tries it, and the others go on."""
        now = [100.0]
        monkeypatch.setattr(circuit_breaker, "monotonic", lambda: now[0])
        laptop.fast()
        Shared.before = fail
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
        """For a cache that has just failed; the last tombstone, after the commit, is tried, and then a deletion."""
        tablet = Device().sign_in(ada)
        Shared.before = fail
        laptop.fast()
        assert asked(lambda: laptop.sign_out("local"))[1] == ["set_many", "delete_many"]
        Shared.before = None
        session_cache.breaker = circuit_breaker.CircuitBreaker()
        session_cache.breaker.open_until = circuit_breaker.monotonic() + circuit_breaker.PAUSE
        assert asked(lambda: phone.sign_out("local"))[1] == ["set_many"]
        assert asked(lambda: tablet.sign_out("local"))[1] == ["set_many"] * 2

    def test_a_slow_cache(self, laptop, slow_cache):
        """The first answer of all may take its time: the client is loaded, and connects."""
        slow_cache("get")
        assert asked(laptop.fast) == (["SELECT"], ["get", "add"])
        assert asked(laptop.fast) == ([], ["get"])
        assert asked(laptop.fast) == (["SELECT"], [])

    def test_a_tombstone_that_takes_long(self, laptop, phone, slow_cache):
        """Many are written at once: it is no sign of a slow cache, nor that one which is slow has recovered."""
        tablet = Device().sign_in(Session.objects.first().user)
        laptop.fast()
        slow_cache("set_many")
        assert asked(lambda: phone.sign_out("local"))[1] == ["set_many"] * 2
        assert asked(laptop.fast) == ([], ["get"])
        slow_cache("get", "set_many")
        laptop.fast()
        assert asked(lambda: tablet.sign_out("local"))[1] == ["set_many"]
        assert asked(laptop.fast) == (["SELECT"], [])

    def test_a_deletion_that_takes_long(self, laptop, phone, slow_cache, monkeypatch):
        """It takes the place of many tombstones that were not stored, and is no sign of a slow cache, either."""
        laptop.fast()
        monkeypatch.setattr(Shared, "set_many", lambda self, data, *rest: list(data))
        slow_cache("delete_many")
        assert "delete_many" in asked(lambda: phone.sign_out("local"))[1]
        assert asked(laptop.fast) == ([], ["get"])

    def test_two_first_requests_at_once(self, laptop, phone, monkeypatch):
        """Both wait for the client to be loaded, and the second is not slow because the first was answered before."""
        now = [100.0]
        monkeypatch.setattr(circuit_breaker, "SLOW", 2)
        monkeypatch.setattr(circuit_breaker, "monotonic", lambda: now[0])
        loaded = threading.Barrier(2, action=lambda: now.__setitem__(0, now[0] + 2.1), timeout=30)

        def load(operation):
            if operation == "get":
                loaded.wait()

        Shared.before = load
        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(with_own_connection, device.fast) for device in (laptop, phone)]
            assert [call.result().status_code for call in calls] == [200, 200]
        assert sorted(Shared.asked) == ["add", "add", "get", "get"]
        assert session_cache.breaker.allows_call()

    def test_a_first_answer_that_comes_late_is_no_sign_of_health(self, laptop, phone, monkeypatch):
        """While the first request waited, others were answered, and then not any more."""
        now = [100.0]
        monkeypatch.setattr(circuit_breaker, "SLOW", 0.2)
        monkeypatch.setattr(circuit_breaker, "monotonic", lambda: now[0])
        waits, may_go_on = threading.Event(), threading.Event()

        def load(operation):
            if operation == "get" and not waits.is_set():
                waits.set()
                may_go_on.wait(30)

        Shared.before = load
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(with_own_connection, laptop.fast)
            waits.wait(30)
            phone.fast()
            Shared.before = fail
            phone.fast()
            now[0] += 0.3
            may_go_on.set()
            assert first.result().status_code == 200
        assert not session_cache.breaker.allows_call()

    @pytest.mark.parametrize("alias", ["default", None])
    def test_without_a_shared_cache(self, laptop, settings, alias, caplog):
        """Another process would not learn of a sign-out: the database is asked each time, and the log says so once."""
        settings.AUTH_SESSIONS_CACHE = alias
        session_cache._warn_unshared.cache_clear()
        assert [asked(laptop.fast) for _ in range(2)] == [(["SELECT"], [])] * 2
        assert caplog.text.count("is not a cache that all processes share") == 1
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

    def test_another_release_with_other_columns(self, laptop, phone, monkeypatch):
        """It does not take the entries of this one, but its tombstones, and the other way round."""
        laptop.fast()
        with monkeypatch.context() as other:
            other.setattr(session_cache, "SCHEMA_VERSION", 1)
            assert asked(laptop.fast)[0] == ["SELECT"]
            phone.sign_out("others")
        assert laptop.fast().status_code == 401
