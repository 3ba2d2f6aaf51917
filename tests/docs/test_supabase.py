"""What docs/supabase.md says of each client call is what the endpoint answers."""

import re

import pytest
from django.urls import resolve

from auth_sessions.supabase.views import UnknownPathView
from tests.support.host import has_supabase
from tests.support.paths import ROOT

pytestmark = pytest.mark.any_database

PAGE = (ROOT / "docs" / "supabase.md").read_text()
ROWS = re.findall(r"^\| (.+) \| `([A-Z]+) (/\S+)` \| (\d{3})(?: `(\w+)`)?", PAGE, re.MULTILINE)
REFUSED_WHATEVER_IS_SENT = ("not_supported", "invalid_credentials")


def test_the_table_is_read():
    assert len(ROWS) >= 25
    assert {method for _, method, *_ in ROWS} == {"GET", "POST", "PUT", "DELETE"}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
@has_supabase
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
