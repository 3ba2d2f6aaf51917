"""Real requests for the history, and their responses against docs/openapi.yaml."""

import pytest
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from auth_sessions.activity import receivers
from auth_sessions.activity.models import Activity
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
    listed = {each for each in operations("activity") if each[0] == "auth_activity_list"}
    assert {described(response) for response in responses} == listed - {("auth_activity_list", 429)}


def test_a_report(history, ada, laptop, help_device):
    iphone = Device(IPHONE).sign_in(ada)
    path = f"activity/{Activity.objects.get(session_id=iphone.session_id, kind='signed_in').pk}/report/"
    responses = [help_device.post(path), laptop.post("activity/x/report/"), laptop.post(path), iphone.post(path)]
    reports = {each for each in operations("activity") if each[0] == "auth_activity_report"}
    assert {described(response) for response in responses} == reports - {("auth_activity_report", 429)}


def test_too_many_requests(ada, laptop, monkeypatch):
    monkeypatch.setattr(APIView, "throttle_classes", [NoMore])
    assert described(laptop.get("activity/")) == ("auth_activity_list", 429)
    assert described(laptop.post("activity/x/report/")) == ("auth_activity_report", 429)
