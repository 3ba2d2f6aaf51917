"""Who signs in through the Supabase face: found by e-mail address, named by a UUID, known on every face."""

import re
import uuid
from datetime import timedelta

import jwt
import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import IntegrityError, connection
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions import api
from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import access_token_issuing
from auth_sessions.supabase.models import Profile
from tests.support.device import PASSWORD, Device
from tests.support.supabase import (
    BANNED,
    CREDENTIALS,
    EMAIL,
    KEY,
    NO_SESSION,
    NO_TOKEN,
    NO_USER,
    VERSION,
    SupabaseDevice,
    add_person,
    code,
    emails_are_usernames,
    needs_email,
    refusal,
)

pytestmark = needs_email

names_apart = pytest.mark.skipif(emails_are_usernames(), reason="Here the user name is the e-mail address.")


@pytest.fixture
def ada(make_user):
    return add_person(make_user)


@pytest.fixture
def bob(make_user):
    return add_person(make_user, "bob")


@pytest.fixture
def laptop(ada):
    return SupabaseDevice(VERSION).sign_in()


@pytest.fixture
def phone(ada):
    return SupabaseDevice(VERSION).sign_in()


def rest_device(user):
    """A device of the same person that speaks the REST face."""
    return Device().sign_in(user)


def on_both_faces(rest):
    device = SupabaseDevice()
    device.access, device.refresh_token = rest.access, rest.refresh_token
    return device


# Ids


class TestIds:
    @pytest.mark.skipif(
        get_user_model()._meta.pk.get_internal_type() == "UUIDField", reason="Here the primary key is a UUID."
    )
    def test_an_integer_key_is_seen_nowhere(self, make_user, settings):
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        add_person(make_user, id=987654321)
        device = SupabaseDevice()
        answers = [device.try_sign_in()]
        device.keep(answers[0])
        answers += [
            device.refresh(),
            device.user(),
            device.update(data={"name": "Ada"}),
            device.update(password="quite-new-1906"),
            device.update(password="quite-new-1906"),
            device.update(email="new@example.org"),
            device.signup(),
            device.try_sign_in(password="wrong"),
            device.logout("nowhere"),
            device.logout("global"),
            device.logout("global"),
            device.user(),
            device.refresh(),
        ]
        assert {answer.status_code // 100 for answer in answers} == {2, 4}
        for answer in answers:
            assert b"987654321" not in answer.content
            assert not any("987654321" in value for value in answer.headers.values())
        signed_up = device.signup("eve@example.org").json()["user"]
        key = get_user_model().objects.get(email="eve@example.org").pk
        assert not re.search(rf"\b{key}\b", signed_up["id"] + signed_up["identities"][0]["identity_id"])

    @pytest.mark.skipif(
        get_user_model()._meta.pk.get_internal_type() != "UUIDField", reason="The primary key is no UUID."
    )
    def test_a_key_that_is_a_uuid_is_the_id(self, ada, bob, laptop):
        assert laptop.user_id == laptop.claims["sub"] == laptop.user().json()["id"] == str(ada.pk)
        assert SupabaseDevice().sign_in("bob@example.org").user_id == str(bob.pk)

    def test_it_stays_the_same(self, ada, bob, laptop, phone, settings):
        devices = [laptop, phone, on_both_faces(rest_device(ada))]
        ids = {device.user().json()["id"] for device in devices}
        laptop.refresh()
        laptop.update(password="quite-new-1906", data={"name": "Ada"})
        laptop.logout("global")
        ids |= {laptop.user_id, SupabaseDevice().sign_in(password="quite-new-1906").user_id}
        assert len(ids) == 1
        assert uuid.UUID(ids.pop())
        assert SupabaseDevice().sign_in("bob@example.org").user_id != laptop.user_id

    def test_sub_is_the_id(self, ada, laptop):
        for device in (laptop, on_both_faces(rest_device(ada))):
            body = device.user().json()
            identity = body["identities"][0]
            assert device.claims["sub"] == body["id"] == identity["id"] == identity["user_id"]
            assert identity["identity_data"]["sub"] == body["id"]
            assert str(uuid.UUID(body["id"])) == body["id"]

    def test_the_session_id_is_a_uuid(self, laptop):
        assert Session.objects.get().pk == uuid.UUID(laptop.session_id)

    def test_two_people_share_no_id(self, ada, bob):
        bodies = [SupabaseDevice().sign_in(email).user().json() for email in (EMAIL, "bob@example.org")]
        assert len({body["id"] for body in bodies}) == 2
        assert len({body["identities"][0]["identity_id"] for body in bodies}) == 2

    def test_one_profile_for_each_person(self, ada, bob, laptop, phone):
        rest_device(ada)
        rest_device(bob)
        assert Profile.objects.count() == 2


# One token for every face


@pytest.fixture(params=["here", "refreshed here", "rest", "refreshed by rest", "signed up"])
def device(request, ada, settings):
    """A person's device, however its token was issued."""
    if request.param in {"here", "refreshed here"}:
        device = SupabaseDevice().sign_in()
        if request.param == "refreshed here":
            assert device.refresh().status_code == 200
        return device
    if request.param == "signed up":
        ada.delete()
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        device = SupabaseDevice()
        return device.keep(device.signup())
    rest = rest_device(ada)
    if request.param == "refreshed by rest":
        assert rest.refresh().status_code == 200
    return on_both_faces(rest)


class TestTokens:
    def test_claims(self, clock, device):
        now = int(timezone.now().timestamp())
        claims = device.claims
        assert claims == {
            "sub": str(Profile.objects.get().uuid),
            "aud": "authenticated",
            "role": "authenticated",
            "email": EMAIL,
            "phone": "",
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {},
            "is_anonymous": False,
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": now}],
            "session_id": str(Session.objects.get().pk),
            "iat": now,
            "exp": now + 300,
            # Our own, and simplejwt's.
            "token_type": "access",
            "jti": claims["jti"],
            "user_id": str(get_user_model().objects.get().pk),
            "generation": RefreshToken.objects.get().generation,
            "rotated_at": RefreshToken.objects.get().rotated_at.timestamp(),
        }
        header = jwt.get_unverified_header(device.access)
        assert header == {"alg": "HS256", "typ": "JWT"}

    def test_a_refresh_does_not_change_how_the_person_was_proved(self, clock, laptop):
        before = laptop.claims["amr"]
        clock.shift(120)
        laptop.refresh()
        assert laptop.claims["amr"] == before

    def test_it_works_on_every_face(self, device):
        user = get_user_model().objects.get()
        assert device.user().json()["email"] == EMAIL
        assert device.me().json()["user"] == user.get_username()
        assert device.edge().json() == {"user_id": str(user.pk)}
        [listed] = device.send("GET", "sessions/", at="/api/auth/").json()
        assert (listed["id"], listed["is_current"]) == (device.session_id, True)

    def test_the_refresh_token_works_on_both(self, device):
        answer = device.send("POST", "token/refresh/", {"refresh": device.refresh_token}, at="/api/auth/")
        assert answer.status_code == 200
        device.refresh_token = answer.json()["refresh"]
        assert device.refresh().status_code == 200
        assert device.user().status_code == 200

    @pytest.mark.parametrize("scope", ["local", "global"])
    def test_signed_out_through_the_other_face(self, device, scope):
        assert device.send("POST", f"sign-out/?scope={scope}", {}, at="/api/auth/").status_code == 204
        assert refusal(device.user()) == NO_SESSION
        assert refusal(device.refresh()) == NO_TOKEN

    def test_signed_out_here_it_is_refused_there(self, device):
        assert device.logout().status_code == 204
        assert device.me().status_code == 401
        assert device.send("GET", "sessions/", at="/api/auth/").status_code == 401
        assert device.edge().status_code == 200, "signature only: good until it expires"

    def test_a_session_by_another_way(self, ada):
        from auth_sessions import tokens

        pair = tokens.issue(create_session(ada, amr=["otp", "mfa"]))
        device = SupabaseDevice()
        device.access, device.refresh_token = pair.access, pair.refresh
        assert device.claims["aal"] == "aal2"
        assert [way["method"] for way in device.claims["amr"]] == ["otp", "mfa"]
        assert device.user().status_code == device.refresh().status_code == 200

    def test_a_session_from_before_this_face(self, ada):
        """Its user has no profile yet, and its token none of the claims: a refresh adds them."""
        rest = on_both_faces(rest_device(ada))
        Profile.objects.all().delete()
        rest.bend("sub", "aud", "role", "email")
        assert code(rest.user()) == (403, "bad_jwt")
        assert rest.refresh().status_code == 200
        assert rest.user().json()["id"] == rest.claims["sub"] == str(Profile.objects.get().uuid)


class TestTheSessionBelongsToSub:
    @pytest.fixture
    def bobs(self, bob):
        return SupabaseDevice(VERSION).sign_in("bob@example.org")

    def test_another_persons_sub(self, laptop, bobs):
        laptop.bend(sub=bobs.user_id)
        for answer in (laptop.user(), laptop.update(data={"name": "Eve"}), laptop.logout("global")):
            assert code(answer) == (403, "bad_jwt")
        assert bobs.user().json()["user_metadata"] == {}
        assert Session.objects.count() == 2

    def test_another_persons_session(self, laptop, bobs):
        laptop.bend(session_id=bobs.session_id)
        for answer in (laptop.user(), laptop.update(data={"name": "Eve"}), laptop.logout("global")):
            assert code(answer) == (403, "bad_jwt")
        assert bobs.user().json()["user_metadata"] == {}
        assert Session.objects.count() == 2

    def test_another_persons_key_in_simplejwts_claim(self, bob, laptop, bobs):
        laptop.bend(user_id=str(bob.pk))
        assert code(laptop.user()) == (403, "bad_jwt")

    def test_nobodys_sub(self, laptop):
        laptop.bend(sub=str(uuid.uuid4()))
        assert code(laptop.user()) == (403, "bad_jwt")
        assert code(laptop.logout("local")) == (403, "bad_jwt")
        assert Session.objects.count() == 1

    @pytest.mark.parametrize(
        "write", [str.upper, "{{{}}}".format, "urn:uuid:{}".format, lambda key: key.replace("-", "")]
    )
    def test_the_same_uuid_in_other_letters(self, laptop, write):
        laptop.bend(sub=write(laptop.user_id))
        assert laptop.user().status_code == 200


# Sign-in by e-mail address


class CountingHasher(MD5PasswordHasher):
    """Counts how often it runs, since that takes the time that a clock could see."""

    runs = 0

    def encode(self, password, salt):
        type(self).runs += 1
        return super().encode(password, salt)


@pytest.fixture
def _counting(settings):
    settings.PASSWORD_HASHERS = ["tests.supabase.test_sign_in_by_email.CountingHasher"]


def work(call):
    """What an answer costs: statements by verb and table, runs of the hasher; and the answer."""
    runs = CountingHasher.runs
    with CaptureQueriesContext(connection) as queries:
        answer = call()
    statements = [re.sub(r"'[^']*'|%s", "?", query["sql"]) for query in queries]
    return statements, CountingHasher.runs - runs, answer


@pytest.mark.usefixtures("_counting")
class TestUnknownAndWrongAreAlike:
    """One answer, byte for byte, for as much work: nobody learns which addresses have an account."""

    @pytest.fixture(params=["unknown", "not an address", "inactive", "unusable password", "empty password", "shared"])
    def refused(self, request, make_user):
        email, password = "eve@example.org", "wrong"
        if request.param == "not an address":
            email = "eve"
        elif request.param == "inactive":
            add_person(make_user, "eve", is_active=False)
            password = PASSWORD
        elif request.param == "unusable password":
            user = add_person(make_user, "eve")
            user.set_unusable_password()
            user.save()
        elif request.param == "empty password":
            add_person(make_user, "eve")
            password = ""
        elif request.param == "shared":
            if emails_are_usernames():
                pytest.skip("Here an e-mail address has one user.")
            make_user("eve", email=email)
            make_user("eva", email=email)
            password = PASSWORD
        return email, password

    @pytest.mark.parametrize("version", [None, VERSION])
    def test_the_answer(self, ada, refused, version):
        device = SupabaseDevice(version)
        wrong, other = device.try_sign_in(EMAIL, "wrong"), device.try_sign_in(*refused)
        assert refusal(wrong) == CREDENTIALS
        assert (other.status_code, other.content) == (wrong.status_code, wrong.content)
        assert dict(other.headers) == dict(wrong.headers)

    def test_the_work(self, ada, refused):
        device = SupabaseDevice()
        expected, runs, _ = work(lambda: device.try_sign_in(EMAIL, "wrong"))
        assert (len(expected), runs) == (2, 1)
        statements, runs, _ = work(lambda: device.try_sign_in(*refused))
        assert (statements, runs) == (expected, 1)

    def test_the_signal(self, ada, refused):
        heard = []

        def listen(credentials, request, **kwargs):
            heard.append((sorted(credentials), request.path))

        user_login_failed.connect(listen)
        device = SupabaseDevice()
        device.try_sign_in(EMAIL, "wrong")
        device.try_sign_in(*refused)
        user_login_failed.disconnect(listen)
        expected = (sorted([get_user_model().USERNAME_FIELD, "password"]), "/auth/v1/token")
        assert heard == [expected, expected]


@names_apart
class TestSharedAddresses:
    """Refused rather than guessed."""

    def test_two_users_with_one_address(self, make_user):
        make_user("ada", email=EMAIL)
        make_user("eve", email=EMAIL.upper())
        for email in (EMAIL, EMAIL.upper()):
            assert refusal(SupabaseDevice().try_sign_in(email)) == CREDENTIALS
        assert not Session.objects.exists()

    def test_even_where_one_has_it_as_user_name(self, make_user):
        make_user(EMAIL, email=EMAIL)
        make_user("eve", email=EMAIL)
        assert refusal(SupabaseDevice().try_sign_in()) == CREDENTIALS

    def test_one_of_them_inactive(self, make_user):
        make_user("ada", email=EMAIL)
        make_user("eve", email=EMAIL, is_active=False)
        assert refusal(SupabaseDevice().try_sign_in()) == CREDENTIALS

    def test_again_once_only_one_has_it(self, make_user):
        ada, eve = make_user("ada", email=EMAIL), make_user("eve", email=EMAIL)
        eve.delete()
        assert SupabaseDevice().sign_in().me().json()["user"] == ada.get_username()

    def test_a_user_name_is_no_address(self, make_user):
        """Somebody took another person's address as a user name."""
        make_user(EMAIL, email="eve@example.org")
        assert refusal(SupabaseDevice().try_sign_in()) == CREDENTIALS
        make_user("ada", email=EMAIL)
        assert SupabaseDevice().sign_in().me().json()["user"] == "ada"

    @pytest.mark.parametrize("email", ["ada", "", "no-such-user:x@y.z"])
    def test_a_user_without_an_address(self, make_user, email):
        make_user("ada")
        make_user("no-such-user:x@y.z")
        assert code(SupabaseDevice().try_sign_in(email))[0] == 400
        assert not Session.objects.exists()

    def test_a_user_without_an_address_may_use_a_token_here(self, make_user):
        device = on_both_faces(rest_device(make_user("ada")))
        body = device.user().json()
        assert (body["email"], body["identities"], device.claims["email"]) == ("", [], "")
        assert device.refresh().status_code == 200


@pytest.mark.parametrize("stored", ["Ada@Example.org", "ada@example.org", "ADA@EXAMPLE.ORG"])
@pytest.mark.parametrize("typed", ["ada@example.org", "ADA@EXAMPLE.ORG", "aDa@exAmple.org"])
def test_upper_and_lower_case(make_user, stored, typed):
    user = add_person(make_user)
    get_user_model().objects.update(email=stored)
    device = SupabaseDevice().sign_in(typed)
    assert device.user().json()["email"] == device.claims["email"] == stored
    user.refresh_from_db()
    assert user.last_login is not None


@pytest.mark.parametrize("typed", ["áda@example.org", "ada@example.org.", "ada@exampleorg", "a_a@example.org", "ada@%"])
def test_what_a_database_may_take_for_equal(ada, typed):
    """Accents under MariaDB's collations, and the wild cards of LIKE."""
    assert refusal(SupabaseDevice().try_sign_in(typed)) == CREDENTIALS


def test_the_address_of_today(ada):
    """Nobody signs in with an address of yesterday."""
    ada.email = "countess@example.org"
    ada.save()
    assert refusal(SupabaseDevice().try_sign_in()) == CREDENTIALS
    assert SupabaseDevice().try_sign_in("countess@example.org").status_code == 200


# Django's signals, axes, limits


def test_djangos_signals(ada):
    heard = []

    def listen(signal, request, user=None, **kwargs):
        heard.append((signal, request.path, user == ada))

    for signal in (user_logged_in, user_login_failed, user_logged_out):
        signal.connect(listen)
    device = SupabaseDevice()
    device.try_sign_in(password="wrong")
    device.sign_in()
    device.refresh()
    device.logout("others")
    device.logout("local")
    for signal in (user_logged_in, user_login_failed, user_logged_out):
        signal.disconnect(listen)
    assert heard == [
        (user_login_failed, "/auth/v1/token", False),
        (user_logged_in, "/auth/v1/token", True),
        (user_logged_out, "/auth/v1/logout", True),
    ]


def test_the_device_is_remembered(ada, laptop):
    session = Session.objects.get()
    assert (session.kind, session.amr, session.ip_address) == ("token", ["pwd"], "127.0.0.1")
    assert "Firefox" in session.user_agent
    assert KEY not in session.user_agent


@pytest.mark.usefixtures("axes")
class TestAxes:
    @pytest.mark.parametrize("atomic_requests", [False, True])
    def test_the_right_password_comes_too_late(self, ada, monkeypatch, atomic_requests):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic_requests)
        device = SupabaseDevice()
        for _ in range(3):
            assert refusal(device.try_sign_in(password="wrong")) == CREDENTIALS
        assert refusal(device.try_sign_in()) == CREDENTIALS
        assert not Session.objects.exists()

    def test_before_the_limit_it_comes_in_time(self, ada):
        device = SupabaseDevice()
        for _ in range(2):
            device.try_sign_in(password="wrong")
        assert device.try_sign_in().status_code == 200

    @pytest.mark.parametrize("atomic_requests", [False, True])
    @pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    def test_a_body_that_says_it_is_a_form_is_counted(self, ada, monkeypatch, content_type, atomic_requests):
        """The lock-out reads ``request.POST`` when a sign-in fails: nothing in there may keep it from counting."""
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic_requests)
        device = SupabaseDevice()
        padded = b'{"email": "ada@example.org", "password": "wrong", "x": "' + b"&=" * 2000 + b'"}'
        guesses = [
            device.send("POST", "token?grant_type=password", padded, content_type=content_type) for _ in range(4)
        ]
        assert [refusal(guess) for guess in guesses] == [CREDENTIALS] * 4
        assert refusal(device.try_sign_in()) == CREDENTIALS

    @pytest.mark.parametrize("length", [200, 250, 5000])
    def test_a_long_address_is_refused_as_any_other(self, ada, length):
        """The lock-out stores the name that nobody has, in a column of its own."""
        email = f"{'x' * (length - 12)}@example.org"
        for _ in range(2):
            assert refusal(SupabaseDevice().try_sign_in(email)) == CREDENTIALS


class TestLimits:
    def test_the_policy_refuse(self, ada, settings):
        settings.AUTH_SESSIONS_MAX_PER_USER = 2
        settings.AUTH_SESSIONS_LIMIT_POLICY = "refuse"
        first, _ = SupabaseDevice(VERSION).sign_in(), rest_device(ada)
        third = SupabaseDevice(VERSION)
        assert code(third.try_sign_in()) == (403, "session_limit_reached")
        assert first.user().status_code == first.refresh().status_code == 200
        first.logout("local")
        assert third.try_sign_in().status_code == 200
        assert refusal(third.try_sign_in(password="wrong")) == CREDENTIALS

    def test_the_policy_evict_oldest(self, ada, settings):
        settings.AUTH_SESSIONS_MAX_PER_USER = 2
        devices = [SupabaseDevice().sign_in() for _ in range(3)]
        assert refusal(devices[0].user()) == NO_SESSION
        assert refusal(devices[0].refresh()) == NO_TOKEN
        assert [device.user().status_code for device in devices[1:]] == [200, 200]

    @pytest.mark.parametrize("end", ["expired", "idle"])
    def test_the_ends_of_a_session_hold_for_every_call(self, ada, clock, settings, end):
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=99)}
        settings.AUTH_SESSIONS_LIFETIME = None
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(days=1) if end == "idle" else None
        device = SupabaseDevice().sign_in()
        clock.shift(23 * 3600)
        assert device.user().status_code == 200
        clock.shift(24 * 3600)
        if end == "expired":
            Session.objects.update(expires_at=timezone.now())
        for call in (device.user, lambda: device.update(data={}), device.logout, lambda: device.logout("others")):
            assert refusal(call()) == NO_SESSION
        detail = {"expired": "Session Expired", "idle": "Session Expired (Inactivity)"}[end]
        assert refusal(device.refresh()) == (400, "session_expired", f"Invalid Refresh Token: {detail}")
        assert refusal(device.refresh()) == NO_TOKEN


# What happens to the person


def save_inactive(user):
    user.is_active = False
    user.save()


def update_inactive(user):
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)


def delete(user):
    user.delete()


def delete_by_queryset(user):
    get_user_model().objects.filter(pk=user.pk).delete()


def change_password(user):
    api.change_password(user, "changed")


def save_password(user):
    user.set_password("changed")
    user.save()


def update_password(user):
    get_user_model().objects.filter(pk=user.pk).update(password=make_password("changed"))


USER_BANNED = (400, "user_banned", "Invalid Refresh Token: User Banned")


@pytest.mark.parametrize(
    ("change", "on_user", "on_refresh"),
    [
        (save_inactive, NO_SESSION, NO_TOKEN),
        (update_inactive, BANNED, USER_BANNED),
        (delete, NO_USER, NO_TOKEN),
        (delete_by_queryset, NO_USER, NO_TOKEN),
        (change_password, NO_SESSION, NO_TOKEN),
        (save_password, NO_SESSION, NO_TOKEN),
        (update_password, NO_SESSION, NO_TOKEN),
    ],
)
def test_the_person_changed(laptop, phone, change, on_user, on_refresh):
    change(get_user_model().objects.get())
    assert refusal(laptop.user()) == on_user
    assert refusal(laptop.update(data={"name": "Eve"})) == on_user
    assert refusal(laptop.logout("others")) == on_user
    assert refusal(laptop.refresh()) == on_refresh
    assert refusal(laptop.refresh()) == NO_TOKEN
    assert refusal(laptop.try_sign_in()) == CREDENTIALS
    assert not Session.objects.filter(pk=laptop.session_id).exists()
    assert phone.logout("local").status_code == 204
    assert not Session.objects.exists()


@pytest.mark.parametrize("delete", [delete, delete_by_queryset])
def test_the_profile_goes_with_its_user(ada, bob, laptop, delete):
    other = SupabaseDevice().sign_in("bob@example.org")
    delete(ada)
    assert [str(profile.uuid) for profile in Profile.objects.all()] == [other.user_id]
    assert other.user().status_code == 200


def test_a_user_without_a_profile_can_be_deleted(ada):
    ada.delete()
    assert not get_user_model().objects.exists()


def test_a_new_user_is_nobody_elses_heir(ada, laptop, make_user):
    """With the key of somebody deleted, too."""
    laptop.update(data={"name": "Ada"})
    key = ada.pk
    ada.delete()
    add_person(make_user, id=key)
    heir = SupabaseDevice().sign_in()
    assert heir.user().json()["user_metadata"] == {}
    assert refusal(laptop.user()) == NO_SESSION
    assert refusal(laptop.refresh()) == NO_TOKEN
    if not isinstance(key, uuid.UUID):
        assert heir.user_id != laptop.user_id


def test_the_secret_of_the_project_is_in_no_answer(laptop):
    for answer in (laptop.user(), laptop.refresh(), laptop.update(data={"a": 1}), laptop.send("GET", "settings")):
        assert project.SECRET_KEY.encode() not in answer.content
        assert b"md5$" not in answer.content


# One address, in whatever letters


@pytest.mark.parametrize("sent", ["boss@\uff45xample.org", "BOSS@EXAMPLE.ORG", " boss@example.org "])
def test_an_address_in_other_letters_is_no_other_address(make_user, settings, sent):
    """What is looked for is what would be stored: nobody locks another person out by a second account."""
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    boss = add_person(make_user, "Boss")
    assert refusal(SupabaseDevice().signup(sent))[:2] == (422, "user_already_exists")
    assert SupabaseDevice().try_sign_in("boss@example.org").status_code == 200
    assert get_user_model().objects.get() == boss


def test_a_sign_up_stores_what_it_looked_for(db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    told = SupabaseDevice().signup("\uff23\uff25\uff2f@example.org").json()["user"]
    assert told["email"] == "ceo@example.org"
    assert SupabaseDevice().try_sign_in("ceo@example.org").status_code == 200


# What the project does


class TestReceivers:
    @pytest.fixture(params=["first", "last"])
    def _receiver(self, request):
        """Of the project, connected before the face's own or after it."""

        def add(token, **kwargs):
            token["role"] = "admin"
            if "app_metadata" in token.payload:
                token["app_metadata"]["added"] = True

        receivers = access_token_issuing.receivers
        access_token_issuing.connect(add)
        if request.param == "first":
            receivers.insert(0, receivers.pop())
            access_token_issuing.sender_receivers_cache.clear()
        yield
        access_token_issuing.disconnect(add)

    @pytest.mark.usefixtures("_receiver")
    def test_they_have_the_last_word(self, ada):
        device = SupabaseDevice()
        answer = device.try_sign_in().json()
        told = jwt.decode(answer["access_token"], options={"verify_signature": False})
        assert told["role"] == "admin"
        assert told["sub"] == answer["user"]["id"]
        assert "added" not in answer["user"]["app_metadata"]


def test_a_project_may_write_more_metadata_than_a_client(ada):
    """It stands in nobody's way: a password changes, and less of it may be left."""
    device = SupabaseDevice().sign_in()
    Profile.objects.update(user_metadata={"notes": "x" * 5000, "name": "Ada"})
    assert device.update(password="quite-new-1906").status_code == 200
    assert device.update(data={"name": None}).status_code == 200
    assert device.update(data={"more": "y"}).status_code == 400
    assert device.update(data={"notes": None}).json()["user_metadata"] == {}


def test_guesses_of_the_current_password_are_throttled(ada, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"auth_sessions_token": "3/hour"}}
    device = SupabaseDevice().sign_in()
    guesses = [device.update(password="quite-new-1906", current_password=f"guess {each}") for each in range(3)]
    assert [guess.status_code for guess in guesses] == [400, 400, 429]
    assert device.user().status_code == 200


def test_an_error_of_the_projects_own_is_not_a_taken_address(db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True

    def fail(**kwargs):
        raise IntegrityError("NOT NULL constraint failed: shop_customer.country")

    post_save.connect(fail, sender=get_user_model())
    try:
        assert refusal(SupabaseDevice().signup())[:2] == (500, "unexpected_failure")
    finally:
        post_save.disconnect(fail, sender=get_user_model())
    assert not get_user_model().objects.exists()
