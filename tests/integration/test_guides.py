"""The guides to this app from other packages: each is followed, line by line, in a project as it was before.

People's clients know nothing of the change: what they hold, and what they call, is what it was.
"""

import re

import pytest

from tests.support.device import PASSWORD
from tests.support.nested_runs import usual_host
from tests.support.old_projects import Client, OldProject

pytestmark = [usual_host, pytest.mark.slow]


@pytest.fixture
def project(request, tmp_path):
    """The old project that the class names, running."""
    project = OldProject(request.cls.PROJECT, tmp_path)
    yield project
    project.stop()


def devices(browser):
    """What the page "Your devices" lists."""
    return re.findall(r"<h2><bdi>(.*?)<", browser.get("/account/devices/").text)


class TestPlainDjangoSessions:
    PROJECT, PAGE = "plain", "from-django-sessions.md"

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
        assert laptop.is_logged_in()
        assert other.submit("/account/devices/others/sign-out/", {"password": PASSWORD}).status == 200
        project.go_back(self.PAGE, "Steps")
        project.start()
        assert other.is_logged_in()
        assert not laptop.is_logged_in()
