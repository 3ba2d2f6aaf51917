"""The example as the documents start it: the tour of the README, and calls from pages of another origin."""

import shutil
import subprocess
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
