"""The browsable API: what was sent does not come back in its forms, and it speaks plain words."""

import pytest

from tests.support.device import PASSWORD, Device

pytestmark = pytest.mark.any_database

SECRET = "open-sesame-1001"
HTML = {"HTTP_ACCEPT": "text/html"}


def post(path, data, **headers):
    return Device().client.post(f"/api/auth/{path}", data, **{**HTML, **headers})


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("token/", {"password": SECRET}),
        ("token/", {"password": SECRET, "otp": SECRET}),
        ("token/", {"username": "ada", "email": "ada@x.org", "password": SECRET, "device_name": "x" * 101}),
        ("token/", {"username": "nobody", "email": "nobody@x.org", "code": "nobody", "password": SECRET}),
        ("token/refresh/", {"refresh": SECRET}),
        ("token/refresh/", {"refresh": [SECRET, "\0"]}),
        ("sign-out/", {"refresh": SECRET, "scope": "nowhere"}),
        ("sign-out/", {"refresh": SECRET}),
    ],
)
@pytest.mark.parametrize("body", ["json", "multipart"])
def test_no_secret_is_shown(db, path, data, body):
    answer = post(path, data, format=body)
    assert answer.status_code in {400, 401}
    assert answer["Content-Type"].startswith("text/html") or path == "sign-out/"
    assert SECRET not in answer.content.decode()


def test_the_errors_are(db):
    page = post("token/", {"password": SECRET}).content.decode()
    assert "This field is required." in page


def test_a_sign_in_still_works_there(ada):
    answer = post("token/", {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD})
    assert answer.status_code == 200
    assert PASSWORD not in answer.content.decode()


def test_the_description_has_no_marks_of_code(laptop):
    page = laptop.client.get("/api/auth/sessions/", **HTML, **laptop.headers).content.decode()
    assert "GET ?limit=: the caller&#x27;s sessions" in page
    assert "``" not in page
    described = laptop.client.options("/api/auth/sign-out/", **laptop.headers).json()["description"]
    assert described.startswith("POST with scope in the query or the body")
    assert "``" not in described
