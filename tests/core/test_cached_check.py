"""The cached check: no SQL on a hit, and no way back for a session that ended."""

import pickle
from contextlib import contextmanager
from copy import copy
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import AuthenticationFailed

from auth_sessions.authentication import CachedSessionJWTAuthentication, LazyUser
from auth_sessions.core import session_cache
from auth_sessions.core.sign_out import sign_out
from auth_sessions.db.ending import records_ended, records_ending
from auth_sessions.models import Session
from auth_sessions.receivers import invalidate_cache
from tests.support.device import Device, code
from tests.support.shared_cache import BOUND, asked
from tests.support.ways_to_end import OF_BROWSERS, WAYS_TO_END

pytestmark = pytest.mark.usefixtures("shared_cache")


REDIS_CACHES = {"Redis": "django.core.cache.backends.redis.RedisCache", "django-redis": "django_redis.cache.RedisCache"}


@pytest.fixture(params=["in this process", *REDIS_CACHES])
def any_cache(request, settings):
    if request.param in REDIS_CACHES:
        address = f"{request.getfixturevalue('redis_address')}/14"
        if request.param == "django-redis":
            pytest.importorskip("django_redis", reason="django-redis is not installed")
        redis_cache = {"BACKEND": REDIS_CACHES[request.param], "LOCATION": address}
        settings.CACHES = {**settings.CACHES, "shared": redis_cache}


@pytest.mark.usefixtures("rest_only")
def test_what_it_costs(laptop):
    assert asked(laptop.fast) == (["SELECT"], ["get", "add"])
    assert asked(laptop.fast) == ([], ["get"])
    assert asked(lambda: laptop.fast("name/")) == (["SELECT"], ["get"])
    assert asked(lambda: laptop.sign_out("local"))[1] == ["set_many", "set_many"]


def test_what_it_answers(laptop, ada):
    answers = [laptop.fast("name/").json() for _ in range(2)]
    assert (
        answers[0]
        == answers[1]
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
@pytest.mark.parametrize("way", [way for way in WAYS_TO_END if way not in OF_BROWSERS])
def test_every_way_to_end_takes_effect_at_once(make_user, ada, laptop, way):
    bystander = Device().sign_in(make_user("carl"))
    assert [device.fast().status_code for device in (laptop, laptop, bystander)] == [200] * 3
    end, _ = WAYS_TO_END[way]
    end(laptop, ada, make_user)
    assert code(laptop.fast()) == code(laptop.me())
    assert laptop.fast().status_code == 401
    assert bystander.fast().status_code == 200


@pytest.mark.usefixtures("any_cache")
class TestTheBound:
    """What sent no signal takes effect within ``AUTH_SESSIONS_CACHE_TTL``."""

    WITHOUT_SIGNALS = {
        "inactive": lambda user: get_user_model().objects.filter(pk=user.pk).update(is_active=False),
        "another password": lambda user: get_user_model().objects.filter(pk=user.pk).update(password="!"),
        "raw deletion": lambda user: Session.objects.filter(user_id=user.pk)._raw_delete(connection.alias),
    }

    @pytest.mark.parametrize("how", WITHOUT_SIGNALS)
    def test_it_holds(self, clock, laptop, ada, how):
        assert laptop.fast().status_code == 200
        if how == "raw deletion":
            connection.cursor().execute("DELETE FROM auth_sessions_refreshtoken")
        self.WITHOUT_SIGNALS[how](ada)
        clock.shift(BOUND - timedelta(seconds=1))
        assert laptop.fast().status_code == 200
        assert laptop.me().status_code == 401
        clock.shift(1)
        assert code(laptop.fast()) == code(laptop.me())

    def test_it_can_be_chosen(self, clock, laptop, ada, settings):
        settings.AUTH_SESSIONS_CACHE_TTL = timedelta(seconds=5)
        assert laptop.fast().status_code == 200
        self.WITHOUT_SIGNALS["inactive"](ada)
        clock.shift(5)
        assert code(laptop.fast()) == (401, "user_inactive")


def test_an_entry_from_a_clock_that_is_ahead(laptop, clock):
    """How old it is cannot be told: the database is asked."""
    laptop.fast()
    clock.shift(timedelta(seconds=-0.5))
    assert asked(laptop.fast)[0] == ["SELECT"]


def test_a_cache_that_returns_bytes(laptop, settings):
    settings.CACHES = {**settings.CACHES, "shared": {"BACKEND": "tests.host.caches.SharedBytes", "LOCATION": "bytes"}}
    assert asked(laptop.fast)[0] == ["SELECT"]
    assert asked(laptop.fast) == ([], ["get"])
    laptop.sign_out()
    assert code(laptop.fast()) == (401, "session_not_found")


def test_the_session_of_an_entry(laptop):
    """As it is stored, but for the fingerprint of the password, which is never in a cache."""
    stored = Session.objects.get(pk=laptop.session_id)
    until = (timezone.now() + BOUND).timestamp()
    session_cache.add(stored, user_id=str(stored.user_id), read_at=timezone.now(), until=until)
    session = session_cache.get(stored.pk, user_id=str(stored.user_id)).session
    names = [field.attname for field in Session._meta.concrete_fields if field.attname != "password_fingerprint"]
    assert [getattr(session, name) for name in names] == [getattr(stored, name) for name in names]


@pytest.mark.parametrize("seconds", [1, 1.5])
def test_a_short_bound_holds_to_the_fraction_of_a_second(clock, laptop, settings, seconds):
    """A cache counts whole seconds, and may have the entry for longer."""
    settings.AUTH_SESSIONS_CACHE_TTL = timedelta(seconds=seconds)
    assert asked(laptop.fast)[1] == ["get", "add"]
    clock.shift(seconds / 2)
    assert asked(laptop.fast)[1] == ["get"]
    clock.shift(seconds / 2)
    assert asked(laptop.fast)[1] == ["get", "add"]


def test_a_user_whose_row_is_gone(laptop, ada):
    """As an object that was read before: a key without rights, in whatever reads it after the view, too."""
    laptop.fast()
    Session.objects.filter(user=ada).update(user=get_user_model().objects.create_user("x@example.org"))
    get_user_model().objects.filter(pk=ada.pk).delete()
    assert laptop.fast("name/").json()["name"] == ""


@contextmanager
def receiving_no_word():
    """As for a raw deletion: the cache is not told."""
    uids = ["auth_sessions.records_ending.cache", "auth_sessions.records_ended.cache"]
    for signal, uid in zip((records_ending, records_ended), uids, strict=True):
        assert signal.disconnect(dispatch_uid=uid)
    yield
    for signal, uid in zip((records_ending, records_ended), uids, strict=True):
        signal.connect(invalidate_cache, dispatch_uid=uid)


class TestSavingAUserWhoseRowIsGone:
    """A raw deletion tells nobody; what is saved then must not create another row with the same key."""

    @pytest.fixture
    def user(self, laptop, ada):
        session = Session.objects.get(pk=laptop.session_id)
        ada.delete()
        return LazyUser(session)

    def test_a_view_answers_401(self, laptop, ada):
        class Rename(APIView):
            authentication_classes = (CachedSessionJWTAuthentication,)

            def get(self, request):
                request.user.is_staff = True
                request.user.save()

        assert laptop.fast().status_code == 200
        with receiving_no_word():
            get_user_model().objects.all().delete()
        answer = Rename.as_view()(APIRequestFactory().get("/", **laptop.headers))
        assert (answer.status_code, answer.data["code"]) == (401, "user_not_found")
        assert not get_user_model()._base_manager.exists()

    @pytest.mark.parametrize(
        "save",
        [
            lambda user: user.save(),
            lambda user: user.save(force_insert=True),
            lambda user: user.save(update_fields=["is_active"]),
            lambda user: user.save_base(),
            lambda user: async_to_sync(user.asave)(),
            lambda user: copy(user).save(),
            lambda user: pickle.loads(pickle.dumps(user)).save(),
            lambda user: (setattr(user, "is_staff", True), user.save()),
            lambda user: (user.set_password("x"), user.save()),
        ],
    )
    def test_it_is_refused(self, user, save):
        with pytest.raises(AuthenticationFailed) as refused:
            save(user)
        assert refused.value.detail["code"] == "user_not_found"
        assert not get_user_model()._base_manager.exists()

    def test_it_has_no_data_and_no_rights(self, user):
        assert user.get_username() == ""
        assert not user.is_staff
        assert user.is_authenticated


def test_a_user_who_exists_can_be_saved(laptop, ada):
    user = LazyUser(Session.objects.get(pk=laptop.session_id))
    user.is_staff = True
    user.save()
    ada.refresh_from_db()
    assert ada.is_staff


class TestTime:
    def test_an_end_in_between(self, clock, ada, settings):
        settings.AUTH_SESSIONS_LIFETIME = timedelta(seconds=30)
        laptop = Device().sign_in(ada)
        assert laptop.fast().status_code == 200
        clock.shift(30)
        assert laptop.fast().status_code == 401

    def test_an_end_that_comes_before_that_of_the_token(self, clock, laptop):
        Session.objects.update(expires_at=timezone.now() + timedelta(seconds=30))
        assert laptop.fast().status_code == 200
        clock.shift(30)
        assert code(laptop.fast()) == (401, "session_expired")

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
        clock.shift(44)
        assert asked(laptop.fast) == ([], ["get"])
        clock.shift(1)
        assert asked(laptop.fast)[0] == ["SELECT", "UPDATE"]
        assert Session.objects.get().last_seen_at == timezone.now()
        assert asked(laptop.fast) == ([], ["get"])

    def test_a_child_in_use_is_confirmed(self, clock, laptop, settings):
        """By a use later than the interval after the access token's issue, though the entry is from before it."""
        clock.shift(60)
        thief = laptop.copy()
        laptop.fast()
        laptop.refresh()
        for _ in range(3):
            clock.shift(4)
            assert laptop.fast().status_code == 200
        assert Session.objects.get().confirmed_generation == 1
        clock.shift(5)
        assert code(thief.try_refresh()) == (401, "refresh_token_already_used")
        assert laptop.fast().status_code == 401

    def test_hits_after_a_rotation(self, clock, laptop):
        laptop.refresh()
        laptop.fast()
        clock.shift(12)
        assert asked(laptop.fast)[0] == ["SELECT", "UPDATE"]
        assert asked(laptop.fast) == ([], ["get"])

    def test_a_clock_that_is_ahead(self, clock, laptop):
        """An entry from the future is not believed: nobody knows how old it is."""
        clock.shift(30)
        laptop.fast()
        clock.shift(-10)
        assert asked(laptop.fast)[0] == ["SELECT"]
