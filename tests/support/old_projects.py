"""Projects that move to this app as a page of docs/ says: the page's own lines are applied, and its commands run.

A project is a folder of tests/integration/old_projects, served in a process of its own with an SQLite file. Its clients
(:class:`Client`) speak HTTP and know nothing of the change.
"""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from types import SimpleNamespace

from tests.integration.old_projects import PASSWORD
from tests.support.nested_runs import run_apart
from tests.support.paths import ROOT

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:148.0) Gecko/20100101 Firefox/148.0"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0"
FOLDER = ROOT / "tests" / "integration" / "old_projects"
SHARED = ("__init__.py", "defaults.py", "views.py", "manage.py", "templates")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


class OldProject:
    """A project before the change, in a folder of its own, with one user, ``ada``; it is served at once."""

    def __init__(self, name, folder):
        self.folder, self.address, self.server = folder, None, None
        package = folder / "project"
        shutil.copytree(FOLDER / name, package)
        for shared in SHARED:
            source, target = FOLDER / shared, package / shared
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        shutil.move(package / "manage.py", folder / "manage.py")
        self.start("set_up", "then")

    @property
    def environment(self):
        path = os.pathsep.join([str(self.folder), str(ROOT)])
        return run_apart("old_project", DJANGO_SETTINGS_MODULE="project.settings", PYTHONPATH=path)

    def manage(self, *arguments):
        """Run a command of the project; returns what it prints."""
        command = [sys.executable, "manage.py", *arguments]
        options = {"cwd": self.folder, "env": self.environment, "capture_output": True, "text": True}
        run = subprocess.run(command, **options, check=False)
        assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-3000:]
        return run.stdout

    def start(self, *before):
        """Serve the project as it is now."""
        self.stop()
        command = [sys.executable, "manage.py", *before, "serve"]
        log = (self.folder / "log").open("a")
        self.server = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        log.close()
        port = self.server.stdout.readline().strip()
        assert port, (self.folder / "log").read_text()[-3000:]
        self.address = f"http://127.0.0.1:{port}"

    def stop(self):
        if self.server is not None:
            self.server.terminate()
            self.server.wait(timeout=20)
            self.server.stdout.close()
            self.server = None

    def follow(self, page, heading, *, only=None):
        """Do what a part of a page says, from top to bottom: changed lines, new files, commands."""
        for language, block in blocks(page, heading):
            if only in {None, language}:
                getattr(self, f"_follow_{language}")(block)

    def go_back(self, page, heading):
        """Take the changed lines and the new files of a part back."""
        for language, block in reversed(blocks(page, heading)):
            if language == "diff":
                self._change(block, old="+ ", new="- ")
            elif language == "python":
                self._file(block).unlink()

    def _follow_diff(self, block):
        self._change(block, old="- ", new="+ ")

    def _change(self, block, *, old, new):
        """Replace the lines of each hunk, which must be in the file once."""
        file, lines = self._file(block), block.splitlines()[1:]
        for hunk in "\n".join(lines).split("\n@@\n"):
            marked = [line or " " for line in hunk.splitlines()]
            before, after = ("".join(f"{line[1:]}\n" for line in marked if line[0] in signs) for signs in (old, new))
            text = file.read_text()
            assert text.count(before) == 1, f"{file.name} has not once:\n{before}"
            file.write_text(text.replace(before, after))

    def _follow_python(self, block):
        path = self._file(block)
        path.parent.mkdir(exist_ok=True, parents=True)
        with path.open("x") as file:
            file.write(block.partition("\n")[2])

    def _file(self, block):
        """The file that the first line of a block names."""
        return self.folder / block.splitlines()[0].removeprefix("# ")

    def _follow_console(self, block):
        lines = block.splitlines()
        assert all(line.startswith("$ python manage.py ") for line in lines), block
        self.manage(*" then ".join(line.removeprefix("$ python manage.py ") for line in lines).split())

    def _follow_sql(self, block):
        for statement in filter(str.strip, block.split(";")):
            self.execute(statement)

    def execute(self, sql, *parameters):
        """Run one statement; returns its rows."""
        with sqlite3.connect(self.folder / "db.sqlite3", timeout=20) as connection:
            rows = connection.execute(sql, parameters).fetchall()
        connection.close()
        return rows


def blocks(page, heading):
    """The code blocks in a part of a page, each with its language."""
    text = (ROOT / "docs" / page).read_text()
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"{page} has no part {heading!r}"
    return BLOCK.findall(rest.partition("\n## ")[0])


class Client:
    """Somebody's app or browser: it keeps cookies, and what a test lets it keep."""

    def __init__(self, project, user_agent=FIREFOX):
        self.project, self.user_agent, self.cookies = project, user_agent, CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def cookie(self, name):
        return next((cookie.value for cookie in self.cookies if cookie.name == name), None)

    def get(self, path, **headers):
        return self._send("GET", path, None, headers)

    def post(self, path, data=None, *, method="POST", **headers):
        body = json.dumps(data or {}).encode()
        return self._send(method, path, body, {"Content-Type": "application/json", **headers})

    def submit(self, path, data=None):
        """Send a form, as a browser does: with the CSRF token of its page."""
        self.get(path)
        body = urllib.parse.urlencode({**(data or {}), "csrfmiddlewaretoken": self.cookie("csrftoken")}).encode()
        return self._send("POST", path, body, {})

    def log_in(self, path="/login/"):
        assert self.submit(path, {"username": "ada", "password": PASSWORD}).status == 200
        assert self.is_logged_in()
        return self

    def is_logged_in(self):
        """Whether a page knows who this is."""
        return self.get("/page/").text == "ada"

    def _send(self, method, path, body, headers):
        address = f"{self.project.address}{path}"
        headers = {"User-Agent": self.user_agent, **headers}
        request = urllib.request.Request(address, body, headers, method=method)
        try:
            with self.opener.open(request, timeout=30) as response:
                return _answer(response)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error)


def _answer(response):
    text = response.read().decode()
    is_json = response.headers.get_content_type() == "application/json" and text
    return SimpleNamespace(status=response.status, text=text, json=json.loads(text) if is_json else None)
