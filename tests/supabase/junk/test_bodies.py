"""Bodies that are no JSON, no object, too long or too deep; and anything that hypothesis thinks of."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support.device import PASSWORD
from tests.support.inputs import NOT_AN_OBJECT, NOT_JSON, OTHER_TYPES, each, nested
from tests.support.supabase import SupabaseDevice, needs_email, refused

pytestmark = [pytest.mark.slow, needs_email, pytest.mark.django_db, pytest.mark.any_database]


MEBIBYTE = 1024 * 1024
BAD_JSON, NOT_VALID, BAD_JWT = (400, "bad_json"), (400, "validation_failed"), (403, "bad_jwt")
CREDENTIALS, NO_TOKEN = (400, "invalid_credentials"), (400, "refresh_token_not_found")
ENDPOINTS = [
    ("POST", "token?grant_type=password"),
    ("POST", "token?grant_type=refresh_token"),
    ("POST", "signup"),
    ("PUT", "user"),
]
EVERYWHERE = [*ENDPOINTS, ("POST", "token"), ("POST", "logout?scope=nowhere"), ("GET", "nothing"), ("POST", "health")]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
class TestBodies:
    @each("body", {"empty": b"", **NOT_JSON})
    def test_not_json(self, laptop, method, path, body):
        assert refused(laptop.send(method, path, body)) == BAD_JSON

    @each("body", NOT_AN_OBJECT)
    def test_not_an_object(self, laptop, method, path, body):
        assert refused(laptop.send(method, path, body)) == BAD_JSON

    @each("content_type", OTHER_TYPES)
    @each("body", [b"junk", b"a=b&c=d", b"--x\r\n\r\n--x--", b"\xff\xfe"])
    def test_another_content_type(self, laptop, method, path, content_type, body):
        assert refused(laptop.send(method, path, body, content_type=content_type)) == BAD_JSON

    @each("content_type", ["multipart/form-data", "multipart/form-data; boundary=ü", "\0", "x" * 9999])
    def test_a_content_type_that_is_none(self, laptop, method, path, content_type):
        assert refused(laptop.send(method, path, b"[]", content_type=content_type)) == BAD_JSON

    @each("length", ["", "junk", "-1", "1.5", "0x10", " ", "9" * 400])
    def test_a_length_that_is_none(self, laptop, method, path, length):
        answer = laptop.send(method, path, b"[]", CONTENT_LENGTH=length)
        assert refused(answer) in {BAD_JSON, (413, "request_entity_too_large")}

    def test_too_much(self, laptop, method, path):
        assert refused(laptop.send(method, path, b"x" * MEBIBYTE)) == BAD_JSON
        assert refused(laptop.send(method, path, b"x" * (MEBIBYTE + 1))) == (413, "request_entity_too_large")
        assert refused(laptop.send(method, path, b"x" * (3 * MEBIBYTE))) == (413, "request_entity_too_large")

    @each("depth", [20, 500, 900, 940, 980])
    def test_nested_to_the_edge_of_what_can_be_read(self, laptop, method, path, depth):
        members = ("email", "password", "phone", "refresh_token", "data", "app_metadata")
        body = b",".join(b'"%s":%s' % (member.encode(), nested(depth)) for member in members)
        assert refused(laptop.send(method, path, b"{%s}" % body))[0] in {400, 403}

    def test_nested_beside_what_is_asked_for(self, laptop, method, path):
        body = b'{"email": 7, "password": 7, "refresh_token": 7, "x": %s}' % nested(900)
        assert refused(laptop.send(method, path, body)) == BAD_JSON

    def test_thousands_of_members(self, laptop, method, path):
        body = {str(number): None for number in range(50_000)}
        answer = laptop.send(method, path, body)
        assert answer.status_code == 200 if method == "PUT" else refused(answer)[0] in {400, 422}


TEXT = st.text(st.characters(), max_size=30)
NAMES = st.sampled_from(
    [
        "email",
        "phone",
        "password",
        "current_password",
        "refresh_token",
        "data",
        "user_metadata",
        "app_metadata",
        "gotrue_meta_security",
        "code_challenge",
        "channel",
        "nonce",
        "id",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES | TEXT, inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
@hypothesis_settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.dictionaries(NAMES, JSON | TEXT, max_size=6) | JSON)
def test_anything(ada, method, path, body):
    if method == "PUT":
        ada.set_password(PASSWORD)  # which an earlier example may have changed
        ada.save()
    device = SupabaseDevice().sign_in()
    answer = device.send(method, path, body)
    if path == "user" and answer.status_code == 200:
        assert answer.json()["id"] == device.user_id
        assert device.user().json()["user_metadata"] == answer.json()["user_metadata"]
    else:
        assert refused(answer)[0] in {400, 403, 404, 405, 422}
