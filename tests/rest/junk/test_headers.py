"""Headers, paths and methods."""

import pytest

from auth_sessions.models import Session
from tests.support.device import PASSWORD, Device
from tests.support.inputs import each
from tests.support.rest import BAD_HEADER, MEGABYTE, NOBODY, NOT_VALID, USERNAME, refusal, send, shaped

pytestmark = [pytest.mark.slow, pytest.mark.any_database, pytest.mark.django_db]


@each(
    ("header", "expected"),
    [
        ("", NOBODY),
        (" ", NOBODY),
        ("Bearer", BAD_HEADER),
        ("Bearer ", BAD_HEADER),
        ("Bearer a b", BAD_HEADER),
        ("Bearer {access} {access}", BAD_HEADER),
        ("Bearer {access}, Bearer {access}", BAD_HEADER),
        ("Bearer Bearer {access}", BAD_HEADER),
        ("Bearer {access},", NOT_VALID),
        ("Bearer é", NOT_VALID),
        ("Bearer \xff\xfe", NOT_VALID),
        ("Bearer \0", NOT_VALID),
        ("Bearer null", NOT_VALID),
        ("bearer {access}", NOBODY),
        ("BEARER {access}", NOBODY),
        ("Bearer:{access}", NOBODY),
        ("Bearer={access}", NOBODY),
        ("Token {access}", NOBODY),
        ("JWT {access}", NOBODY),
        ("Basic YTpi", NOBODY),
        ("{access}", NOBODY),
        ("é é", NOBODY),
        (MEGABYTE, NOBODY),
        (f"Bearer {MEGABYTE}", NOT_VALID),
    ],
)
def test_authorization(laptop, header, expected):
    header = header.replace("{access}", laptop.access)
    for method, path in (("GET", "sessions/"), ("POST", "sign-out/"), ("DELETE", f"sessions/{laptop.session_id}/")):
        assert refusal(send(laptop, method, path, HTTP_AUTHORIZATION=header)) == expected


@each(
    ("method", "path"),
    [
        ("GET", "sessions/"),
        ("GET", "sessions/current/"),
        ("GET", "sessions/{own}/"),
        ("PATCH", "sessions/{own}/"),
        ("DELETE", "sessions/{own}/"),
        ("POST", "sign-out/"),
        ("POST", "sign-out/?scope=local"),
        ("POST", "sign-out/?scope=others"),
        ("GET", "users/{user}/sessions/"),
        ("POST", "users/{user}/sign-out/"),
    ],
)
def test_every_endpoint_asks_who_is_there(laptop, ada, method, path):
    path = path.format(own=laptop.session_id, user=ada.pk)
    assert refusal(send(Device(), method, path)) == NOBODY
    for header, expected in (("Bearer a.b.c", NOT_VALID), ("Bearer", BAD_HEADER)):
        assert refusal(send(Device(), method, path, HTTP_AUTHORIZATION=header)) == expected


@each("user_agent", ["", "\0", "é" * 2000, "\xff", MEGABYTE, "Mozilla/5.0 (%s)", "<script>"])
@each("address", ["", "junk", "1.2.3", "::1%eth0", "[::1", "1.2.3.4:x", "\0", ",,,", "9" * 5000])
def test_a_device_that_says_nonsense(ada, settings, user_agent, address):
    """What the client says about itself never keeps it from signing in."""
    settings.AUTH_SESSIONS_TRUSTED_PROXIES = 1
    headers = {"HTTP_USER_AGENT": user_agent, "HTTP_X_FORWARDED_FOR": address, "REMOTE_ADDR": address}
    answer = send(Device(), "POST", "token/", {USERNAME: ada.get_username(), "password": PASSWORD}, **headers)
    assert answer.status_code == 200
    assert len(answer.json()["session"]["device"]["label"]) < 50


@each(
    "session_id",
    [
        "7",
        "-",
        "not-a-uuid",
        "null",
        "Current",
        "%00",
        "é",
        "\u202e",
        "%FF",
        "%ED%A0%80",
        "9" * 10_000,
        "x" * 10_000,
        "00000000-0000-0000-0000-000000000000",
        "{bobs}",
        "{BOBS}",
        "{{{bobs}}}",
        "urn:uuid:{bobs}",
        "{bobs}%00",
        "{bobs}%20",
    ],
)
def test_session_id(laptop, bob, session_id):
    bobs = Device().sign_in(bob).session_id
    path = f"sessions/{session_id.format(bobs=bobs, BOBS=bobs.upper())}/"
    assert {
        shaped(answer) for answer in (laptop.get(path), laptop.patch(path, {"name": "x"}), laptop.delete(path))
    } == {404}
    assert Session.objects.get(pk=bobs).name == ""


@each(
    "pk",
    [
        "abc",
        "-1",
        "1.5",
        "1e3",
        "null",
        "%00",
        "a%00b",
        "é",
        "%FF",
        "%ED%A0%80",
        "%20",
        "9" * 40,
        "9" * 5000,
        "x" * 10_000,
        "a/b/c",
        "../1",
        "00000000-0000-0000-0000-000000000000",
        "\U0001f600",
    ],
)
def test_user_id(laptop, pk):
    assert shaped(laptop.get(f"users/{pk}/sessions/")) == 404
    assert shaped(laptop.post(f"users/{pk}/sign-out/")) == 404


def test_whoever_may_not_learns_nothing(laptop, bob):
    device = Device().sign_in(bob)
    for pk in ("abc", "%00", "9" * 40, bob.pk):
        assert shaped(device.get(f"users/{pk}/sessions/")) == 403
        assert shaped(device.post(f"users/{pk}/sign-out/", {"scope": ["junk"]})) == 403
    assert device.me().status_code == 200


@each("path", ["", "token", "sessions/a/b/", "sessions//", "users//sessions/", "sessions/%2e%2e/x"])
def test_no_such_path(laptop, path):
    assert send(laptop, "GET", path).status_code in {301, 404}


# Methods

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW", "get"}


@each(
    ("path", "allowed"),
    [
        ("token/", {"POST"}),
        ("token/refresh/", {"POST"}),
        ("sign-out/", {"POST"}),
        ("sessions/", {"GET"}),
        ("sessions/current/", {"GET"}),
        ("sessions/{own}/", {"GET", "PATCH", "DELETE"}),
        ("users/{user}/sessions/", {"GET"}),
        ("users/{user}/sign-out/", {"POST"}),
    ],
)
def test_methods(laptop, ada, path, allowed):
    path = path.format(own=laptop.session_id, user=ada.pk)
    for method in METHODS - allowed - ({"get"} if "GET" in allowed else set()):
        answer = send(laptop, method, path)
        assert shaped(answer) == 405
        assert allowed < set(answer["Allow"].split(", ")) <= allowed | {"HEAD", "OPTIONS"}
