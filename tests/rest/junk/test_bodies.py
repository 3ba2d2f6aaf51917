"""Bodies that are no JSON, no object, of another type, or nested too deep; and anything that hypothesis thinks of."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support.device import Device
from tests.support.inputs import NOT_AN_OBJECT, NOT_JSON, OTHER_TYPES, each, nested
from tests.support.rest import ENDPOINTS, FORM, NOBODY, USERNAME, refusal, send, shaped, wrong_fields

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.any_database]


def everywhere(device, body, content_type="application/json", **headers):
    """The answers of every endpoint that reads a body."""
    for method, path in ENDPOINTS:
        yield send(device, method, path.format(own=device.session_id), body, content_type, **headers)


class TestBodies:
    @each("body", NOT_JSON)
    def test_not_json(self, laptop, body):
        for answer in everywhere(laptop, body):
            assert wrong_fields(answer) == {"detail"}

    @each("body", NOT_AN_OBJECT)
    def test_not_an_object(self, laptop, body):
        for answer in everywhere(laptop, body):
            assert wrong_fields(answer) == {"non_field_errors"}

    @each("content_type", OTHER_TYPES)
    def test_another_content_type(self, laptop, content_type):
        for answer in everywhere(laptop, b'{"scope": "local"}', content_type):
            assert shaped(answer) == 415

    @each("charset", ["utf-16", "utf-32", "undefined", "ascii"])
    def test_another_charset(self, laptop, charset):
        body = '{"scope": "ü", "name": "ü"}'.encode()
        for answer in everywhere(laptop, body, f"application/json; charset={charset}"):
            assert shaped(answer) == 400

    @each("content_type", ["multipart/form-data", "multipart/form-data; boundary=ü"])
    def test_multipart_without_a_boundary(self, laptop, content_type):
        for answer in everywhere(laptop, b"--x\r\n\r\n--x--", content_type):
            assert wrong_fields(answer) == {"detail"}

    def test_too_many_fields(self, laptop):
        body = "&".join(f"a{number}=" for number in range(2000)).encode()
        for answer in everywhere(laptop, body, FORM):
            assert answer.status_code == 400  # a page of Django's, which asks no view

    def test_a_format_that_nobody_speaks(self, laptop):
        for answer in everywhere(laptop, {"scope": "x", "name": None}, HTTP_ACCEPT="audio/ogg"):
            assert shaped(answer) in {400, 406}

    @each("depth", [20, 500, 800, 860, 900, 920, 940, 960, 980])
    def test_nested_to_the_edge_of_what_can_be_read(self, laptop, depth):
        fields = (USERNAME, "password", "refresh", "scope", "name")
        body = b",".join(b'"%s":%s' % (field.encode(), nested(depth)) for field in fields)
        for answer in everywhere(laptop, b"{%s}" % body):
            assert shaped(answer) == 400


@each("body", [b"", b"{}"])
def test_nothing_at_all(nobody, body):
    assert wrong_fields(send(nobody, "POST", "token/", body)) == {USERNAME, "password"}
    assert wrong_fields(send(nobody, "POST", "token/refresh/", body)) == {"refresh"}
    assert refusal(send(nobody, "POST", "sign-out/", body)) == NOBODY


TEXT = st.text(st.characters(), max_size=30)
FIELDS = st.sampled_from([USERNAME, "password", "device_name", "refresh", "scope", "name", "id", "kind", "user"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(FIELDS | TEXT, inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@hypothesis_settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.dictionaries(FIELDS, JSON, max_size=6) | JSON)
def test_anything(ada, method, path, body):
    device = Device()
    if method == "PATCH":
        device.sign_in(ada)
    answer = send(device, method, path.format(own=device.session_id), body)
    if method == "PATCH" and answer.status_code == 200:
        assert answer.json()["id"] == device.session_id
    else:
        assert shaped(answer) in {400, 401}
