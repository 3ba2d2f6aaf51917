import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.servers import free_port

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Whatever is in this folder drives servers, other processes, a browser or published clients."""
    folder = Path(__file__).parent
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.integration)


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


@pytest.fixture
def address(demo):
    """Where the demo is served."""
    return f"http://127.0.0.1:{demo[0]}"


@pytest.fixture(scope="module")
def chromium():
    """One browser for this module. Playwright's event loop runs until it is left: here is no ORM, nor afterwards."""
    path = os.environ.get("AUTH_SESSIONS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"needs AUTH_SESSIONS_CHROMIUM, or one of {', '.join(NAMES)} on PATH")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    sync_api.expect.set_options(timeout=20_000)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def open_page(request, chromium, address):
    """Open the page of the module (``PAGE``, a class and its path) as a new device: ``open_page(viewport=...)``."""
    page_class, path = request.module.PAGE
    pages = []

    def open_page(**context):
        pages.append(page_class(chromium, f"{address}{path}", **context))
        return pages[-1]

    yield open_page
    for page in pages:
        page.context.close()
