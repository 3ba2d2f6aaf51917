"""The signed pair: keys, claims, and what a project may add."""

from datetime import timedelta
from functools import partial

import jwt
import pytest
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError

from auth_sessions import api, exceptions, tokens
from auth_sessions.authentication import get_session_of_refresh_token
from auth_sessions.core import rotation
from auth_sessions.core.creation import create_session
from auth_sessions.core.statements.reading import select_session
from auth_sessions.signals import access_token_issuing
from auth_sessions.tokens import SessionAccessToken, SessionRefreshToken
from tests.support.device import Device, code
from tests.support.inputs import each
from tests.support.keys import new_key, pem_pair, read_claims

pytestmark = pytest.mark.any_database


@pytest.mark.usefixtures("rest_only")
def test_access_claims(clock, ada, laptop):
    now = int(timezone.now().timestamp())
    claims = read_claims(laptop.access)
    assert len(claims.pop("jti")) == 32
    assert claims == {
        "token_type": "access",
        "iat": now,
        "exp": now + 300,
        "user_id": str(ada.pk),
        "session_id": laptop.session_id,
        "generation": 0,
        "rotated_at": now,
        "auth_time": now,
        "amr": ["pwd"],
    }


def test_one_generation_per_rotation(clock, laptop):
    clock.shift(60)
    laptop.refresh()
    clock.shift(3)
    laptop.copy().try_refresh()
    claims = read_claims(laptop.access)
    assert (claims["generation"], claims["rotated_at"]) == (1, timezone.now().timestamp() - 3)


@pytest.mark.usefixtures("rest_only")
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_asymmetric_access_tokens(ada, settings, algorithm):
    private, public = pem_pair(new_key(algorithm))
    settings.SIMPLE_JWT = {"ALGORITHM": algorithm, "SIGNING_KEY": private, "VERIFYING_KEY": public}
    laptop = Device().sign_in(ada)
    assert laptop.me().status_code == laptop.refresh().status_code == 200
    assert jwt.decode(laptop.access, public, algorithms=[algorithm])["session_id"] == laptop.session_id
    assert jwt.get_unverified_header(laptop.refresh_token)["alg"] == "HS256"
    laptop.access = laptop.refresh_token
    assert code(laptop.me()) == (401, "token_not_valid")


def test_settings_of_simplejwt_are_read_when_used(clock, ada, settings):
    settings.SIMPLE_JWT = {
        "ACCESS_TOKEN_LIFETIME": timedelta(minutes=1),
        "AUDIENCE": ["api", "admin"],
        "ISSUER": "https://example.org",
        "USER_ID_CLAIM": "uid",
        "USER_ID_FIELD": ada.USERNAME_FIELD,
        "TOKEN_TYPE_CLAIM": "typ",
        "JTI_CLAIM": "id",
    }
    laptop = Device().sign_in(ada)
    claims = read_claims(laptop.access)
    assert claims["exp"] - claims["iat"] == 60
    assert (claims["aud"], claims["iss"], claims["uid"], claims["typ"]) == (
        ["api", "admin"],
        "https://example.org",
        ada.get_username(),
        "access",
    )
    assert "id" in claims
    assert laptop.me().status_code == laptop.refresh().status_code == 200
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "AUDIENCE": "another"}
    assert code(laptop.me()) == (401, "token_not_valid")


class TestIssuing:
    @pytest.fixture
    def _receiver(self):
        def add(token, session, request, **kwargs):
            token["role"] = "member"
            token["sub"] = f"person-{session.user_id}"
            token["seen"] = request.path
            for claim in ("exp", "iat", "jti", "token_type", "user_id", "session_id", "generation", "rotated_at"):
                token[claim] = "mine"

        access_token_issuing.connect(add)
        yield
        access_token_issuing.disconnect(add)

    @pytest.mark.usefixtures("_receiver")
    def test_a_receiver_adds_claims_but_overwrites_none(self, ada):
        laptop = Device().sign_in(ada)
        for path in ("/api/auth/token/", "/api/auth/token/refresh/"):
            claims = read_claims(laptop.access)
            assert (claims["role"], claims["sub"], claims["seen"]) == ("member", f"person-{ada.pk}", path)
            assert "mine" not in claims.values()
            assert laptop.me().status_code == 200
            laptop.refresh()

    def test_an_error_there_loses_no_session(self, laptop):
        """The rotation stands; the client comes back with the parent and gets the same child."""

        def fail(**kwargs):
            raise RuntimeError("The directory does not answer.")

        access_token_issuing.connect(fail)
        with pytest.raises(RuntimeError):
            laptop.refresh()
        access_token_issuing.disconnect(fail)
        assert laptop.refresh().status_code == 200


class TestPythonApi:
    def test_issue_and_refresh(self, ada):
        pair = tokens.issue(create_session(ada))
        again = api.refresh(pair.refresh)
        assert again.refresh != pair.refresh
        assert get_session_of_refresh_token(again.refresh).user == ada

    @pytest.mark.parametrize("raw", ["", "junk", "a.b.c"])
    def test_junk(self, db, raw):
        with pytest.raises(exceptions.TokenNotValid):
            api.refresh(raw)

    @each("raw", [None, 5, 1.5, True, ["a"], {"a": 1}, b"a.b.c"])
    @pytest.mark.parametrize("token_class", [SessionAccessToken, SessionRefreshToken])
    def test_no_text(self, settings, token_class, raw):
        """As a project's own view gets it from ``request.data["refresh"]``."""
        settings.SECRET_KEY_FALLBACKS = ["an earlier key"]
        for read in (api.refresh, get_session_of_refresh_token, partial(tokens.parse, token_class)):
            with pytest.raises(exceptions.TokenNotValid):
                read(raw)
        if raw is not None:
            with pytest.raises(TokenError):
                token_class(raw)

    def test_the_pair_of_a_found_session(self, ada):
        session = create_session(ada)
        found = select_session(session.pk)
        assert tokens.issue(found).refresh == tokens.issue(session).refresh

    def test_lifecycle_alone_knows_no_jwt(self, ada):
        session = create_session(ada)
        jti = session.refresh_token.jti_of(0)
        assert rotation.refresh(session.pk, generation=0, jti=jti).refresh_token.generation == 1
        with pytest.raises(exceptions.TokenNotValid):
            rotation.refresh(session.pk, generation=1, jti=jti)


@each("not_before", [10, 3600, "soon", None, [0], True])
def test_before_its_time(ada, clock, settings, not_before):
    """``nbf`` (RFC 7519, section 4.1.5), which a receiver of the project may add."""

    def add(token, **kwargs):
        number = type(not_before) is int
        token["nbf"] = int(timezone.now().timestamp()) + not_before if number else not_before

    access_token_issuing.connect(add)
    try:
        laptop = Device().sign_in(ada)
    finally:
        access_token_issuing.disconnect(add)
    assert code(laptop.me()) == (401, "token_not_valid")
    if not_before == 10:
        settings.SIMPLE_JWT = {"LEEWAY": 10}
        assert laptop.me().status_code == 200
        settings.SIMPLE_JWT = {"LEEWAY": 9}
        assert code(laptop.me()) == (401, "token_not_valid")
        settings.SIMPLE_JWT = {}
        clock.shift(9)
        assert code(laptop.me()) == (401, "token_not_valid")
        clock.shift(1)
        assert laptop.me().status_code == 200
