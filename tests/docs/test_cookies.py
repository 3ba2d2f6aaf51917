"""What docs/cookies.md recommends does what it says: tokens in HttpOnly cookies."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core import management

from auth_sessions.models import Session
from tests.support.device import PASSWORD, code, still_signed_in
from tests.support.documents import DOCS, blocks_of, page_named
from tests.support.inputs import each
from tests.support.paths import ROOT
from tests.support.single_page_app import SinglePageApp

pytestmark = pytest.mark.any_database

FILES = ["authentication.py", "cookie_tokens.py"]


class TokenPage(SinglePageApp):
    """A page whose tokens are in cookies. The test client, unlike a browser, ignores their paths."""

    def try_sign_in(self, user, password=PASSWORD, **extra):
        data = {user.USERNAME_FIELD: user.get_username(), "password": password, **extra}
        return self.call("POST", "/api/cookies/sign-in/", data)

    def sign_in(self, user, password=PASSWORD, **extra):
        answer = self.ask_for_token().try_sign_in(user, password, **extra)
        assert answer.status_code == 200, answer.content
        self.session_id = answer.json()["session"]["id"]
        return self

    def refresh(self, **headers):
        return self.call("POST", "/api/cookies/refresh/", {}, **headers)

    def sign_out(self, scope=None, **headers):
        return self.call("POST", "/api/cookies/sign-out/", {} if scope is None else {"scope": scope}, **headers)

    def me(self):
        return self.call("GET", "/api/me/")

    def is_signed_in(self, path="/api/me/"):
        return self.call("GET", path).status_code == 200

    def copy(self):
        other = TokenPage(self.server)
        other.client.cookies.load({name: morsel.value for name, morsel in self.client.cookies.items()})
        return other


@pytest.fixture(autouse=True)
def _host(settings):
    settings.ROOT_URLCONF = "tests.host.cookie_urls"
    classes = ["example_project.authentication.CookieJWTAuthentication"]
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_AUTHENTICATION_CLASSES": classes}


@pytest.fixture(params=["wsgi", "asgi"])
def page(request, ada):
    return TokenPage(request.param).sign_in(ada)


def test_a_body_that_is_nested_too_deeply(ada):
    """The check for CSRF reads it first."""
    page = TokenPage().sign_in(ada)
    for method, path in (("PATCH", f"/api/auth/sessions/{page.session_id}/"), ("POST", "/api/cookies/sign-out/")):
        headers = {"X-CSRFToken": page.client.cookies["csrftoken"].value}
        answer = page.client.generic(method, path, "[" * 100_000, content_type="application/json", headers=headers)
        assert answer.status_code == 400
    assert page.is_signed_in()


@each("name", FILES)
def test_the_code_is_the_examples(name):
    assert f"```python\n{(ROOT / 'example_project' / name).read_text()}```" in page_named("cookies")


@pytest.mark.integration
def test_a_new_project_starts(tmp_path):
    """In a process of its own, where nothing has imported Django REST framework's views before."""
    shown = {block.code.partition("\n")[0]: block.code for block in blocks_of(DOCS / "cookies.md")}
    project = tmp_path / "project"
    management.call_command("startproject", "project", tmp_path)
    for name in FILES:
        (project / name).write_text((ROOT / "example_project" / name).read_text())
    (project / "urls.py").write_text(shown["# project/urls.py"])
    with (project / "settings.py").open("a") as settings:
        settings.write(shown["# project/settings.py"])
        settings.write('INSTALLED_APPS += ["auth_sessions", "rest_framework"]\n')
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    del environment["DJANGO_SETTINGS_MODULE"]
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_no_script_reads_the_tokens(ada):
    answer = TokenPage().ask_for_token().try_sign_in(ada)
    assert set(answer.json()) == {"session"}
    cookies = {name: answer.cookies[name] for name in ("access", "refresh")}
    assert all(cookie["httponly"] and cookie["secure"] for cookie in cookies.values())
    assert {cookie["samesite"] for cookie in cookies.values()} == {"Strict"}
    assert {name: cookie["path"] for name, cookie in cookies.items()} == {"access": "/", "refresh": "/api/cookies/"}
    assert {cookie["max-age"] for cookie in cookies.values()} == {14 * 86_400}


def test_the_apps_views_and_the_projects(page, phone):
    assert page.is_signed_in()
    assert page.call("GET", "/plain/").json() == {"session": page.session_id}
    assert [(row["id"], row["is_current"]) for row in page.sessions()] == [
        (page.session_id, True),
        (phone.session_id, False),
    ]
    assert page.get("sessions/current/").json()["id"] == page.session_id
    assert phone.is_signed_in(), "the header of an app is read as before"


@pytest.mark.parametrize(
    ("scope", "left"), [("local", {"phone", "library"}), ("others", {"page"}), ("global", set()), (None, set())]
)
def test_signing_out(page, phone, ada, scope, left):
    library, thief = TokenPage().sign_in(ada), page.copy()
    answer = page.sign_out(scope)
    assert answer.status_code == 204
    assert still_signed_in(page=page, phone=phone, library=library) == left
    assert thief.is_signed_in() == ("page" in left)
    assert {name: morsel.value for name, morsel in answer.cookies.items() if name != "csrftoken"} == (
        {} if "page" in left else {"access": "", "refresh": ""}
    )


def test_refreshing(clock, page):
    before = page.client.cookies["access"].value
    clock.shift(timedelta(minutes=10))
    assert code(page.me()) == (401, "token_not_valid")
    answer = page.refresh()
    assert (answer.status_code, answer.json()) == (200, {})
    assert page.client.cookies["access"].value != before
    assert page.is_signed_in()


def test_signing_out_when_the_access_token_has_expired(clock, page):
    clock.shift(timedelta(minutes=10))
    assert page.sign_out("global").status_code == 204
    assert not Session.objects.exists()


def test_signed_out_from_elsewhere(page, phone):
    phone.sign_out("others")
    assert code(page.me()) == (401, "session_not_found")
    assert page.copy().sign_out("local").status_code == 204
    answer = page.refresh()
    assert code(answer) == (401, "session_not_found")
    assert {answer.cookies[name].value for name in ("access", "refresh")} == {""}


@each("token", [None, "x" * 64])
def test_nothing_is_changed_without_the_csrf_token(page, token):
    headers = {"X-CSRFToken": token}
    assert page.refresh(**headers).status_code == 403
    assert page.sign_out("global", **headers).status_code == 403
    assert page.post("sign-out/", {"scope": "global"}, **headers).status_code == 403
    path = f"/api/auth/sessions/{page.session_id}/"
    assert page.call("PATCH", path, {"name": "x"}, **headers).status_code == 403
    assert page.call("DELETE", path, **headers).status_code == 403
    assert page.is_signed_in()
    assert Session.objects.get().name == ""


def test_nor_a_sign_in(page, ada):
    data = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}
    answer = page.call("POST", "/api/cookies/sign-in/", data, **{"X-CSRFToken": None})
    assert answer.status_code == 403
    assert "access" not in answer.cookies


def test_an_apps_request_needs_none(phone):
    assert phone.patch(f"sessions/{phone.session_id}/", {"name": "x"}).status_code == 200


def test_a_wrong_password_leaves_the_cookies(page, ada):
    assert code(page.try_sign_in(ada, "wrong")) == (401, "no_active_account")
    assert page.is_signed_in()


def test_an_empty_cookie_is_none(ada):
    page = TokenPage()
    page.client.cookies["access"] = ""
    assert page.me().json() == TokenPage().me().json()


@each("junk", ["junk", "a b c", "ü", "a.b.c"])
def test_a_cookie_that_is_no_token(ada, junk):
    page = TokenPage().ask_for_token()
    page.client.cookies["access"] = junk
    assert page.me().status_code == 401
    assert page.call("GET", "/plain/").json() == {"session": None}
    assert page.ask_for_token().try_sign_in(ada).status_code == 200
    assert page.is_signed_in()
