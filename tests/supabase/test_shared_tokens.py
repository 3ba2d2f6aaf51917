"""One token for every API, however it was issued; it belongs to the session that it names."""

import uuid

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import access_token_issuing
from auth_sessions.supabase.models import Profile
from tests.support.device import Device
from tests.support.inputs import each
from tests.support.keys import read_claims
from tests.support.supabase import (
    EMAIL,
    NO_SESSION,
    NO_TOKEN,
    VERSION,
    SupabaseDevice,
    code,
    needs_email,
    refusal,
    share_tokens,
    written,
)

pytestmark = needs_email


@pytest.fixture(params=["here", "refreshed here", "rest", "refreshed by rest", "signed up"])
def device(request, ada, settings):
    """A user's device, however its token was issued."""
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
    rest = Device().sign_in(ada)
    if request.param == "refreshed by rest":
        assert rest.refresh().status_code == 200
    return share_tokens(rest)


class TestTokens:
    def test_claims(self, clock, device):
        now = int(timezone.now().timestamp())
        claims = device.claims
        key = str(Profile.objects.get().uuid)
        assert claims == {
            "iss": "http://testserver/auth/v1",
            "sub": key,
            "aud": "authenticated",
            "role": "authenticated",
            "email": EMAIL,
            "phone": "",
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {"sub": key, "email": EMAIL, "email_verified": True, "phone_verified": False},
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
            "auth_time": now,
        }
        header = jwt.get_unverified_header(device.access)
        assert header == {"alg": "HS256", "typ": "JWT"}

    def test_a_refresh_does_not_change_how_the_person_was_proved(self, clock, laptop):
        before = laptop.claims["amr"]
        clock.shift(120)
        laptop.refresh()
        assert laptop.claims["amr"] == before

    def test_it_works_with_every_api(self, device):
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
    def test_signed_out_through_the_other_api(self, device, scope):
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

    def test_a_session_from_before_this_app(self, ada):
        """Its user has no profile yet, and its token none of the claims: a refresh adds them."""
        rest = share_tokens(Device().sign_in(ada))
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
        assert written(bobs.user().json()) == {}
        assert Session.objects.count() == 2

    def test_another_persons_session(self, laptop, bobs):
        laptop.bend(session_id=bobs.session_id)
        for answer in (laptop.user(), laptop.update(data={"name": "Eve"}), laptop.logout("global")):
            assert code(answer) == (403, "bad_jwt")
        assert written(bobs.user().json()) == {}
        assert Session.objects.count() == 2

    def test_another_persons_key_in_simplejwts_claim(self, bob, laptop, bobs):
        laptop.bend(user_id=str(bob.pk))
        assert code(laptop.user()) == (403, "bad_jwt")

    def test_nobodys_sub(self, laptop):
        laptop.bend(sub=str(uuid.uuid4()))
        assert code(laptop.user()) == (403, "bad_jwt")
        assert code(laptop.logout("local")) == (403, "bad_jwt")
        assert Session.objects.count() == 1

    @each("write", [str.upper, "{{{}}}".format, "urn:uuid:{}".format, lambda key: key.replace("-", "")])
    def test_the_same_uuid_in_other_letters(self, laptop, write):
        laptop.bend(sub=write(laptop.user_id))
        assert laptop.user().status_code == 200


class TestReceivers:
    @pytest.fixture(params=["first", "last"])
    def _receiver(self, request):
        """Of the project, connected before the app's own or after it."""

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
    def test_they_come_last(self, ada):
        device = SupabaseDevice()
        answer = device.try_sign_in().json()
        claims = read_claims(answer["access_token"])
        assert claims["role"] == "admin"
        assert claims["sub"] == answer["user"]["id"]
        assert "added" not in answer["user"]["app_metadata"]
