"""What docs/supabase.md says of each client call is what the endpoint answers."""

import re
import urllib.error
import urllib.request

import pytest
from django.urls import resolve

from auth_sessions.supabase.views import UnknownPathView
from tests.integration.test_package import ROOT
from tests.integration.test_readme import demo, demo_server  # noqa: F401 - a fixture

pytestmark = pytest.mark.any_database

PAGE = (ROOT / "docs" / "supabase.md").read_text()
ROWS = re.findall(r"^\| (.+) \| `([A-Z]+) (/\S+)` \| (\d{3})(?: `(\w+)`)?", PAGE, re.MULTILINE)
REFUSED_WHATEVER_IS_SENT = ("not_supported", "invalid_credentials")


def test_the_table_is_read():
    assert len(ROWS) >= 25
    assert {method for _, method, *_ in ROWS} == {"GET", "POST", "PUT", "DELETE"}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_call(client, laptop, row):
    _, method, path, status, code = row
    url = f"/auth/v1{path}"
    if code not in REFUSED_WHATEVER_IS_SENT:
        assert resolve(url.partition("?")[0]).func.view_class is not UnknownPathView
        return
    headers = {"Authorization": f"Bearer {laptop.access}", "X-Supabase-Api-Version": "2024-01-01"}
    response = client.generic(method, url, b"{}", content_type="application/json", headers=headers)
    assert (response.status_code, response.json()["code"]) == (int(status), code)
    assert response["Content-Type"] == "application/json"


def call(port, path, method="GET", **headers):
    """The headers of an answer to a page of another origin."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/auth/v1/{path}", method=method, headers=names)
    try:
        return urllib.request.urlopen(request, timeout=20).headers
    except urllib.error.HTTPError as refused:
        return refused.headers


def test_pages_of_another_origin(demo):  # noqa: F811 - the fixture
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
