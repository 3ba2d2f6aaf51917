"""The guides to this app from other packages: each is followed, line by line, in a project as it was before.

People's clients know nothing of the change: what they hold, and what they call, is what it was.
"""

import re

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
