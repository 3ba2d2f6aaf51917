"""The example as the documents start it: start page, tour, ports, and calls from pages of another origin."""

import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TOUR = (ROOT / "example_project" / "tour.sh").read_text()


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


def call(port, path, method="GET", **headers):
    """The headers of an answer to a page of another origin."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/auth/v1/{path}", method=method, headers=names)
    try:
        return urllib.request.urlopen(request, timeout=20).headers
    except urllib.error.HTTPError as refused:
        return refused.headers


def test_pages_of_another_origin(demo):
    port, _ = demo
    origin = {"Origin": "http://localhost:3000"}
    asked = "apikey,authorization,content-type,x-client-info,x-supabase-api-version"
    preflight = call(
        port, "user", "OPTIONS", Access_Control_Request_Method="PUT", Access_Control_Request_Headers=asked, **origin
    )
    assert preflight["Access-Control-Allow-Origin"] == origin["Origin"]
    assert "PUT" in preflight["Access-Control-Allow-Methods"]
    assert set(asked.split(",")) <= set(preflight["Access-Control-Allow-Headers"].split(", "))
    refused = call(port, "user", X_Supabase_Api_Version="2024-01-01", **origin)
    assert refused["X-Supabase-Api-Version"] == "2024-01-01"
    assert refused["Access-Control-Expose-Headers"] == "X-Supabase-Api-Version"


SIGN_IN = ("Sign in", "Log in", "credentials were not provided")


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_the_start_page_links_everything(demo):
    port, _ = demo
    status, page = get(port, "/")
    assert status == 200
    assert TOUR.splitlines()[0].replace(":8000", f":{port}") in page
    links = re.findall('href="(/[^"]*)"', page)
    assert {"/account/devices/", "/demo/", "/browser/", "/admin/", "/api/auth/sessions/", "/auth/v1/health"} <= {*links}
    for link in links:
        status, target = get(port, link)
        assert status == 200 or (status == 401 and any(words in target for words in SIGN_IN)), link


def test_each_page_leads_back(demo):
    port, _ = demo
    for path in ("/demo/", "/browser/", "/accounts/login/"):
        assert '<a href="/">Start page</a>' in get(port, path)[1], path


def run_demo(log, *options):
    """Another demo in the same tree."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "example_project.settings"}
    command = [sys.executable, "manage.py", "demo", *options]
    return subprocess.run(
        command, cwd=log.parent, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_port_that_is_in_use(demo):
    port, log = demo
    run = run_demo(log, "--port", str(port))
    assert run.returncode == 1
    assert run.stdout == ""
    assert re.fullmatch(
        rf"CommandError: Port {port} is in use. Choose another one, such as: manage.py demo --port \d+\n", run.stderr
    )
