"""The published clients of Supabase Auth against a live server: claims, by a shared secret and by public keys."""

import pytest

from tests.support.keys import new_key, pem_pair, read_claims
from tests.support.supabase import needs_email
from tests.support.supabase_clients import ADA, assert_signed_in, assert_signed_out

pytestmark = [needs_email, pytest.mark.integration]


def signed_by(algorithm):
    """``SIMPLE_JWT`` with a new key, and the public half of that."""
    private, public = pem_pair(new_key(algorithm))
    return {"ALGORITHM": algorithm, "SIGNING_KEY": private, "VERIFYING_KEY": public}, public


def get_claims(client):
    """The claims, and what the client asked the server for them."""
    before = len(client.asked())
    answer = client.get_claims()
    assert answer.ok, answer
    assert answer.data["claims"] == read_claims(client.session()["access_token"])
    return answer.data["claims"], client.asked()[before:]


def test_claims_with_a_shared_secret(laptop, phone):
    """The client has no key, so the server is asked, which also knows of a sign-out."""
    claims, asked = get_claims(laptop)
    assert asked == ["GET /user"]
    assert (claims["role"], claims["aal"], claims["email"]) == ("authenticated", "aal1", ADA)
    assert phone.sign_out("others").ok
    assert not laptop.get_claims().ok


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_claims_with_a_public_key(sign_in, settings, algorithm):
    settings.SIMPLE_JWT, _ = signed_by(algorithm)
    client = sign_in()
    claims, asked = get_claims(client)
    assert asked == ["GET /.well-known/jwks.json"]
    assert claims["sub"] == client.session()["user"]["id"]
    assert get_claims(client) == (claims, [])
    # Offline nobody hears of a sign-out, until the access token expires.
    assert sign_in().sign_out("others").ok
    assert get_claims(client) == (claims, [])
    assert_signed_out(client)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_claims_across_a_change_of_the_key(sign_in, settings, algorithm):
    settings.SIMPLE_JWT, earlier = signed_by(algorithm)
    client = sign_in()
    earlier_token = client.session()["access_token"]
    settings.SIMPLE_JWT, _ = signed_by(algorithm)
    settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [earlier]
    assert get_claims(client)[1] == ["GET /.well-known/jwks.json"]
    assert client.get_user().ok
    assert client.refresh().ok
    # The key of the new token was in the set that the client has read.
    assert get_claims(client)[1] == []
    settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = []
    assert client.call("get_user", earlier_token).code == "bad_jwt"
    assert_signed_in(client)


def test_claims_across_the_first_change_to_a_public_key(sign_in, settings):
    client = sign_in()
    settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [("HS256", settings.SECRET_KEY)]
    settings.SIMPLE_JWT, _ = signed_by("ES256")
    assert get_claims(client)[1] == ["GET /user"]
    assert client.refresh().ok
    assert get_claims(client)[1] == ["GET /.well-known/jwks.json"]
