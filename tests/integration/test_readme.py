"""The README is true: its tour runs, its code is the example's, its tables name what is there."""

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from auth_sessions.conf import Settings
from example_project import views
from tests.integration.test_package import ROOT
from tests.support.servers import free_port

pytestmark = pytest.mark.any_database

README = (ROOT / "README.md").read_text()
TOUR = (ROOT / "example_project" / "tour.sh").read_text()


def test_the_code_is_the_examples():
    assert f"```bash\n{TOUR}```" in README
    assert f"```python\n{inspect.getsource(views.MagicLinkView)}```" in README


def test_every_setting_is_named():
    table = README[README.index("## Settings") :]
    known = [name for name in vars(Settings) if name.isupper()]
    assert re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE) == known


def test_every_code_is_named():
    from auth_sessions import exceptions

    codes = {cls.code for cls in vars(exceptions).values() if isinstance(cls, type) and hasattr(cls, "code")}
    assert {code for code in codes if f"`{code}`" in README} == codes


@pytest.mark.parametrize("document", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")], ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    links = re.findall(r"\]\(([^)h#][^)#]*)\)", document.read_text())
    assert all((document.parent / link).exists() for link in links)


@pytest.fixture(scope="module")
def demo_server(request, tmp_path_factory):
    """The demo as the README starts it, in a tree of its own, on a free port; one for a module, for it takes a while.

    ``DEMO_SETTINGS`` of the module may name other settings.
    """
    tree = tmp_path_factory.mktemp("demo")
    for name in ("example_project", "manage.py"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tree / name)
    port = free_port()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": getattr(request.module, "DEMO_SETTINGS", "example_project.settings"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([str(tree), str(ROOT)]),
    }
    log = (tree / "log").open("w")
    command = [sys.executable, "manage.py", "demo", "--port", str(port)]
    server = subprocess.Popen(command, cwd=tree, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(port, server)
        yield port, tree / "log"
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


@pytest.fixture
def demo(demo_server):
    """The demo with nobody signed in: its administrator signs both people out."""

    def post(path, body, **headers):
        headers = {"Content-Type": "application/json", **headers}
        address = f"http://127.0.0.1:{demo_server[0]}/api/auth/{path}"
        request = urllib.request.Request(address, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.read()

    access = json.loads(post("token/", {"username": "grace", "password": "hopper-1906"}))["access"]
    for pk in (1, 2):
        post(f"users/{pk}/sign-out/", {}, Authorization=f"Bearer {access}")
    return demo_server


def _wait_for(port, server):
    for _ in range(300):
        assert server.poll() is None, "the demo ended by itself"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/me/", timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the demo did not answer within a minute")


@pytest.mark.integration
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="the tour needs curl and bash")
def test_the_tour(demo):
    port, log = demo
    script = TOUR.replace(":8000", f":{port}")
    run = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert '"label": "Firefox on macOS"' in run.stdout
    assert '"label": "Chrome on iOS"' in run.stdout
    *_, signed_out, phone_checked, phone_edge, laptop_checked = run.stdout.strip().splitlines()
    assert signed_out == "204"
    assert "session_not_found" in phone_checked
    assert "user_id" in phone_edge
    assert '"user":"ada"' in laptop_checked
    assert script in log.read_text()
    assert Path(log.parent / "example.sqlite3").exists()
