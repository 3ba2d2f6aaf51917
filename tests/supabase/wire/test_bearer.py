"""The Bearer token: what each of its faults is answered with, and in which order they are looked for."""

import jwt
import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.utils import timezone

from auth_sessions.models import Session
from tests.support.inputs import each
from tests.support.supabase import (
    BANNED,
    EXPIRED,
    MALFORMED,
    NO_BEARER,
    NO_SESSION,
    NO_USER,
    SIGNED_IN,
    UNKNOWN_SESSION,
    code,
    needs_email,
    refusal,
    written,
)

pytestmark = [needs_email, pytest.mark.any_database]


at_each_endpoint = each(("method", "path"), SIGNED_IN)


class TestBearer:
    """In the order of the checks: header, signature and expiry, sub, user, session, ban."""

    @at_each_endpoint
    @each(
        "header",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            "Bearer  {access}",
            "Bearer {access} ",
            "Bearer {access} x",
            "{access}",
            "Token {access}",
            "Basic YTpi",
            "Bearer\t{access}",
            "XBearer {access}",
        ],
    )
    def test_header(self, laptop, method, path, header):
        header = header and header.format(access=laptop.access)
        assert refusal(laptop.send(method, path, {}, HTTP_AUTHORIZATION=header)) == NO_BEARER
        assert laptop.user().status_code == 200

    @at_each_endpoint
    @each("raw", ["junk", "a.b.c", "{access}x", "x{access}", "{refresh}", "sb_publishable_x", "\xff"])
    def test_no_token(self, laptop, method, path, raw):
        raw = raw.format(access=laptop.access, refresh=laptop.refresh_token)
        answer = laptop.send(method, path, {}, HTTP_AUTHORIZATION=f"Bearer {raw}")
        assert refusal(answer) == (403, "bad_jwt", MALFORMED)

    @at_each_endpoint
    @each(("key", "algorithm"), [("x" * 64, "HS256"), (None, "HS512"), ("", "none")])
    def test_signature(self, laptop, method, path, key, algorithm):
        key = project.SECRET_KEY if key is None else key
        laptop.access = jwt.encode(laptop.claims, key, algorithm=algorithm)
        assert refusal(laptop.send(method, path, {})) == (403, "bad_jwt", MALFORMED)

    @pytest.mark.parametrize("method", ["GET", "PUT"])
    def test_expired(self, clock, laptop, method):
        clock.shift(300)
        assert refusal(laptop.send(method, "user", {})) == EXPIRED

    @at_each_endpoint
    def test_no_sub(self, laptop, method, path):
        laptop.bend("sub")
        assert refusal(laptop.send(method, path, {})) == (403, "bad_jwt", "invalid claim: missing sub claim")

    @at_each_endpoint
    def test_an_empty_sub(self, laptop, method, path):
        laptop.bend(sub="")
        assert refusal(laptop.send(method, path, {})) == (403, "bad_jwt", "invalid claim: missing sub claim")

    @at_each_endpoint
    @each("sub", ["1", "ada", "00000000-0000-0000-0000-00000000000", "\ud800"])
    def test_a_sub_that_is_no_uuid(self, laptop, method, path, sub):
        laptop.bend(sub=sub)
        expected = (400, "bad_jwt", "invalid claim: sub claim must be a UUID")
        assert refusal(laptop.send(method, path, {})) == expected

    @at_each_endpoint
    def test_an_api_key_that_is_a_token(self, laptop, method, path):
        """An anon or service_role key of the older kind, signed with the project's secret."""
        now = int(timezone.now().timestamp())
        claims = {"iss": "supabase", "role": "service_role", "iat": now, "exp": now + 600}
        laptop.access = jwt.encode(claims, project.SECRET_KEY, algorithm="HS256")
        assert refusal(laptop.send(method, path, {})) == (403, "bad_jwt", "invalid claim: missing sub claim")

    def test_user_gone(self, ada, laptop):
        ada.delete()
        for method, path in SIGNED_IN:
            assert refusal(laptop.send(method, path, {})) == NO_USER, (method, path)

    @at_each_endpoint
    def test_a_session_id_that_is_no_uuid(self, laptop, method, path):
        laptop.bend(session_id="junk")
        expected = (403, "bad_jwt", "invalid claim: session_id claim must be a UUID")
        assert refusal(laptop.send(method, path, {})) == expected

    @at_each_endpoint
    def test_without_a_session_id(self, laptop, method, path):
        """Stricter than Supabase: no sign-out bites a token without a session."""
        laptop.bend("session_id")
        assert code(laptop.send(method, path, {})) == (403, "bad_jwt")

    @at_each_endpoint
    def test_session_gone(self, laptop, phone, method, path):
        phone.logout("others")
        assert refusal(laptop.send(method, path, {})) == NO_SESSION
        laptop.bend(session_id=UNKNOWN_SESSION)
        assert refusal(laptop.send(method, path, {})) == NO_SESSION

    @at_each_endpoint
    def test_banned(self, laptop, method, path):
        get_user_model().objects.update(is_active=False)
        assert refusal(laptop.send(method, path, {})) == BANNED

    @at_each_endpoint
    def test_expired_comes_before_sub(self, laptop, method, path):
        laptop.bend("sub", exp=1)
        assert refusal(laptop.send(method, path, {})) == EXPIRED

    @at_each_endpoint
    def test_sub_comes_before_the_session(self, laptop, method, path):
        laptop.bend("sub", session_id=UNKNOWN_SESSION)
        assert refusal(laptop.send(method, path, {})) == (403, "bad_jwt", "invalid claim: missing sub claim")

    def test_the_user_comes_before_the_session(self, ada, laptop):
        ada.delete()
        laptop.bend(session_id=UNKNOWN_SESSION)
        for method, path in SIGNED_IN:
            assert refusal(laptop.send(method, path, {})) == NO_USER, (method, path)

    def test_nothing_was_done(self, laptop, phone):
        laptop.bend(session_id=UNKNOWN_SESSION)
        for method, path in SIGNED_IN:
            laptop.send(method, path, {"password": "quite-new-1906", "data": {"name": "Eve"}})
        assert written(phone.user().json()) == {}
        assert Session.objects.count() == 2
        assert phone.try_sign_in().status_code == 200
