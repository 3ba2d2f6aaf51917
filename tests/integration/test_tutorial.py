"""docs/tutorial.md, word for word, in an empty folder, with the built wheel."""

import http.cookiejar
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress

import pytest

from tests.support.documents import DOCS, blocks_of
from tests.support.paths import ROOT
from tests.support.servers import free_port

pytestmark = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs curl and bash")

SERVER = "python manage.py runserver"
OFFLINE = re.compile("No matching distribution|NewConnectionError|Temporary failure in name resolution")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode and OFFLINE.search(built.stderr):
        pytest.skip("needs a package index")
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


class Terminal:
    """A shell in which commands are typed, one block after the other."""

    def __init__(self, folder, environment):
        self.shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def type(self, commands):
        """What the commands print. The shell fails the test if one of them fails."""
        self.start(f"set -e\n{commands}\nset +e\necho\necho END OF BLOCK")
        lines = []
        for line in self.shell.stdout:
            if line == "END OF BLOCK\n":
                return "".join(lines)
            lines.append(line)
        pytest.fail(f"{commands}\n{''.join(lines)}")

    def start(self, commands):
        self.shell.stdin.write(f"{commands}\n")
        self.shell.stdin.flush()

    def close(self):
        with suppress(ProcessLookupError):
            os.killpg(self.shell.pid, signal.SIGKILL)
        self.shell.wait()
        self.shell.stdin.close()
        self.shell.stdout.close()


class Browser:
    def __init__(self, address):
        self.address = address
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, path):
        """The address at which it arrives, and the page."""
        with self.opener.open(f"{self.address}{path}", timeout=20) as response:
            self.url, page = response.url, response.read().decode()
        return page

    def sign_in(self, username, password):
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        fields = {"username": username, "password": password, "csrfmiddlewaretoken": token}
        with self.opener.open(self.url, urllib.parse.urlencode(fields).encode(), timeout=20) as response:
            return response.read().decode()


@pytest.fixture
def terminals(tmp_path, wheel):
    """Two, in an empty folder. ``pip`` takes the wheel of this tree for the package of its name."""
    constraint = tmp_path / "constraint.txt"
    constraint.write_text(f"django-auth-sessions @ {wheel.as_uri()}\n")
    ours = ("PYTHON", "DJANGO", "AUTH_SESSIONS", "COV", "PYTEST", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"PIP_CONSTRAINT": str(constraint), "PYTHONUNBUFFERED": "1"}
    folder = tmp_path / "empty"
    folder.mkdir()
    both = [Terminal(folder, environment) for _ in range(2)]
    yield both
    for terminal in both:
        terminal.close()


def write(folder, block):
    """A block of Python begins with the file that it is, or is the end of."""
    first, _, code = block.code.partition("\n")
    name, _, place = first.removeprefix("# ").partition(", ")
    with (folder / name).open("a" if place == "at the end" else "w") as file:
        file.write(code)


def wait_for(address, terminal):
    for _ in range(150):
        with suppress(OSError):
            try:
                urllib.request.urlopen(f"{address}/api/me/", timeout=5)
            except urllib.error.HTTPError:
                return
        assert terminal.shell.poll() is None
        time.sleep(0.2)
    pytest.fail("the server did not answer within half a minute")


def follow(blocks, terminals, *, folder, port):
    """Do what the tutorial says until the end of a block. Yields what each block of commands prints."""
    first, second = terminals
    terminal = first
    for block in blocks:
        code = block.code.replace(":8000", f":{port}")
        if block.language == "python":
            write(folder, block)
        elif block.language == "console" and SERVER in code:
            yield first.type(code.partition(SERVER)[0])
            first.start(f"{SERVER} --noreload {port}")
            wait_for(f"http://127.0.0.1:{port}", first)
            terminal = second
        elif block.language == "console":
            yield terminal.type(code)


def test_the_tutorial(terminals, tmp_path):
    port = free_port()
    browser = Browser(f"http://127.0.0.1:{port}")
    steps = follow(blocks_of(DOCS / "tutorial.md"), terminals, folder=tmp_path / "empty" / "mysite", port=port)
    next(steps)
    assert "Applying auth_sessions.0001_initial... OK" in next(steps)
    assert '"access":' in next(steps)
    assert '{"user":"ada","device":"Firefox on macOS"}' in next(steps)
    devices = next(steps)
    assert re.findall('"label": "(.*)"', devices) == ["Chrome on iOS", "Firefox on macOS", "curl"]
    assert devices.count('"is_current": true') == 1
    assert "204" in next(steps)
    assert "session_not_found" in next(steps)
    assert '{"user":"ada","device":"Firefox on macOS"}' in next(steps)
    assert "/admin/login/" in (browser.open("/account/devices/") and browser.url)
    page = browser.sign_in("ada", "lovelace-1815")
    assert "Firefox on macOS" in page
    assert "Chrome on iOS" not in page
    everywhere = next(steps)
    assert "204" in everywhere
    assert "session_not_found" in everywhere
    assert "/admin/login/" in (browser.open("/account/devices/") and browser.url)
    assert not list(steps)
