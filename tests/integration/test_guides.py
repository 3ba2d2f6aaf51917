"""The guides to this app from other packages: each is followed, line by line, in a project as it was before.

People's clients know nothing of the change: what they hold, and what they call, is what it was.
"""

import re
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.device import PASSWORD
from tests.support.nested_runs import usual_host
from tests.support.old_projects import LINUX, Client, OldProject

pytestmark = [usual_host, pytest.mark.slow]


@pytest.fixture
def project(request, tmp_path):
    """The old project that the class names, running."""
    pytest.importorskip(request.cls.NEEDS, reason=f"needs the package that holds {request.cls.NEEDS}")
    project = OldProject(request.cls.PROJECT, tmp_path)
    yield project
    project.stop()


def bearer(answer):
    """The headers of the access token in an answer."""
    assert answer.status == 200, answer.text
    return {"Authorization": f"Bearer {answer.json['access']}"}


def sign_in(client):
    """Sign in as this app has it."""
    return bearer(client.post("/api/auth/token/", {"username": "ada", "password": PASSWORD}))


def who(client, headers=None):
    """Who is signed in for a view of the project; None if the request is refused."""
    answer = client.get("/api/me/", **(headers or {}))
    assert answer.status in {200, 401, 403}, answer.text
    return answer.json.get("username")


def devices(browser):
    """What the page "Your devices" lists."""
    return re.findall(r"<h2><bdi>(.*?)<", browser.get("/account/devices/").text)


class TestPlainDjangoSessions:
    PROJECT, NEEDS, PAGE = "plain", "django", "from-django-sessions.md"

    def test_the_guide(self, project):
        laptop, stolen, forgotten = (Client(project).log_in() for _ in range(3))
        project.follow(self.PAGE, "Steps")
        project.start()
        assert laptop.is_logged_in()
        assert stolen.is_logged_in()
        assert devices(laptop) == ["Firefox on Windows", "Firefox on Windows", "Unknown device"]
        assert laptop.submit("/account/devices/everywhere/sign-out/", {"password": PASSWORD}).status == 200
        assert not any(browser.is_logged_in() for browser in (laptop, stolen, forgotten))

    def test_back(self, project):
        laptop, other = Client(project).log_in(), Client(project).log_in()
        project.follow(self.PAGE, "Steps")
        project.start()
        assert laptop.submit("/account/devices/others/sign-out/", {"password": PASSWORD}).status == 200
        project.go_back(self.PAGE, "Steps")
        project.start()
        assert laptop.is_logged_in()
        assert not other.is_logged_in()


class TestDjangoUserSessions:
    PROJECT, NEEDS, PAGE = "user_sessions", "user_sessions", "from-django-user-sessions.md"

    def test_the_guide(self, project):
        laptop, library, forgotten = Client(project).log_in(), Client(project, LINUX).log_in(), Client(project).log_in()
        project.follow(self.PAGE, "Steps")
        project.start()
        assert devices(laptop) == ["Firefox on Windows", "Firefox on Windows", "Firefox on Linux"]
        assert library.is_logged_in()
        project.follow(self.PAGE, "Then without it")
        project.start()
        assert laptop.is_logged_in()
        assert devices(library) == ["Firefox on Linux", "Firefox on Windows", "Firefox on Windows"]
        assert library.submit("/logout/").status == 200
        project.follow(self.PAGE, "Then without it", only="sql")
        assert not library.is_logged_in()
        assert laptop.submit("/account/devices/everywhere/sign-out/", {"password": PASSWORD}).status == 200
        assert not any(browser.is_logged_in() for browser in (laptop, forgotten))

    def test_back(self, project):
        laptop, other = Client(project).log_in(), Client(project).log_in()
        project.follow(self.PAGE, "Steps")
        project.start()
        assert laptop.submit("/account/devices/others/sign-out/", {"password": PASSWORD}).status == 200
        project.go_back(self.PAGE, "Steps")
        project.start()
        assert laptop.is_logged_in()
        assert not other.is_logged_in()


class TestKnox:
    PROJECT, NEEDS, PAGE = "knox", "knox", "from-knox.md"

    def sign_in(self, client):
        """As knox's documents show it."""
        answer = client.post("/api/login/", Authorization=f"Basic {b64encode(f'ada:{PASSWORD}'.encode()).decode()}")
        return {"Authorization": f"Token {answer.json['token']}"}

    def test_the_guide(self, project):
        phone, tablet = Client(project), Client(project)
        old_phone, old_tablet = self.sign_in(phone), self.sign_in(tablet)
        project.follow(self.PAGE, "Steps")
        project.start()
        assert who(phone, old_phone) == who(tablet, old_tablet) == who(phone, self.sign_in(phone)) == "ada"
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: phone.post("/api/auth/exchange/", **old_phone), range(4)))
        pair, *refused = sorted(answers, key=lambda answer: answer.status)
        assert [answer.status for answer in refused] == [401] * 3
        assert who(phone, old_phone) is None
        new_phone = bearer(phone.post("/api/auth/token/refresh/", {"refresh": pair.json["refresh"]}))
        assert who(phone, new_phone) == "ada"
        ((authenticated_at, created_at),) = project.execute(
            "SELECT authenticated_at, created_at FROM auth_sessions_session"
        )
        assert authenticated_at < created_at
        laptop = Client(project)
        new_laptop = sign_in(laptop)
        assert tablet.post("/api/logout/", **self.sign_in(tablet)).status == 204
        assert who(tablet, old_tablet) == who(laptop, new_laptop) == "ada"
        assert laptop.post("/api/auth/sign-out/", **new_laptop).status == 204
        assert who(tablet, old_tablet) is who(phone, new_phone) is who(laptop, new_laptop) is None

    def test_the_old_way_out_and_back(self, project):
        phone, tablet = Client(project), Client(project)
        old_phone = self.sign_in(phone)
        project.follow(self.PAGE, "Steps")
        project.start()
        new_tablet = sign_in(tablet)
        assert phone.post("/api/logoutall/", **old_phone).status == 204
        assert who(phone, old_phone) is who(tablet, new_tablet) is None
        old_phone = self.sign_in(phone)
        project.go_back(self.PAGE, "Steps")
        project.start()
        assert who(phone, old_phone) == "ada"
