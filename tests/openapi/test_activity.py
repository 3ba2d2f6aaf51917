"""Real requests for the history, and their responses against docs/openapi.yaml."""

import pytest
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from auth_sessions.activity import receivers
from tests.support.device import IPHONE, Device
from tests.support.nested_runs import usual_host
from tests.support.openapi import described, operations

pytestmark = [pytest.mark.any_database, usual_host]


class NoMore(BaseThrottle):
    def allow_request(self, request, view):
        return False


@pytest.fixture
def history():
    receivers.connect()
    yield
    receivers.disconnect()


def test_the_history(history, ada, monkeypatch):
    laptop = Device().sign_in(ada)
    Device(IPHONE).sign_in(ada).sign_out("local")
    laptop.client.defaults["HTTP_USER_AGENT"] = IPHONE
    laptop.refresh()
    responses = [laptop.get(f"activity/{query}") for query in ("", "?limit=1", "?limit=0", "?cursor=x")]
    assert len(responses[0].json()["results"]) == 5
    responses.append(Device().get("activity/"))
    laptop.sign_out()
    asked = laptop.client.get("/api/auth/activity/", **laptop.headers, HTTP_PREFER="end-reason")
    assert asked.json()["end_reason"] == "signed_out_elsewhere"
    responses.append(asked)
    assert {described(response) for response in responses} == operations("activity") - {("auth_activity_list", 429)}


def test_too_many_requests(ada, laptop, monkeypatch):
    monkeypatch.setattr(APIView, "throttle_classes", [NoMore])
    assert described(laptop.get("activity/")) == ("auth_activity_list", 429)
