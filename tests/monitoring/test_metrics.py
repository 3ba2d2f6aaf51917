"""The counters for OpenTelemetry, read as its SDK exports them; and without it, nothing."""

import os
import subprocess
import sys
from datetime import timedelta
from importlib.util import find_spec

import pytest

from auth_sessions import api, metrics
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import Device
from tests.support.documents import first_column, page_named, section
from tests.support.host import has_browsers

pytestmark = pytest.mark.any_database

has_opentelemetry = pytest.mark.skipif(find_spec("opentelemetry") is None, reason="opentelemetry-sdk is not installed")


@pytest.fixture(scope="module")
def reader():
    """The reader of the one meter provider that a process can have."""
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
    from opentelemetry.metrics import set_meter_provider
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    return reader


def read(reader):
    """Of each counter, the numbers by the values of the attributes, in the order of their names."""
    data = reader.get_metrics_data()
    scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
    return {
        metric.name: {
            tuple(value for _, value in sorted(point.attributes.items())): point.value
            for point in metric.data.data_points
        }
        for scope in scopes
        if scope.scope.name == "auth_sessions"
        for metric in scope.metrics
    }


@pytest.fixture
def counted(reader):
    """What was counted since the fixture was asked for, by counter."""
    before = read(reader)

    def since():
        found = {}
        for name, points in read(reader).items():
            more = {key: value - before.get(name, {}).get(key, 0) for key, value in points.items()}
            if grown := {key: value for key, value in more.items() if value}:
                found[name.removeprefix("auth_sessions.")] = grown
        return found

    return since


@has_opentelemetry
class TestCounters:
    def test_starts_and_ends(self, ada, counted):
        devices = [Device().sign_in(ada) for _ in range(3)]
        devices[0].sign_out("others")
        assert counted() == {
            "sessions.started": {("token",): 3},
            "sessions.ended": {("signed_out", "token"): 2},
        }

    @has_browsers
    def test_of_both_kinds(self, ada, counted):
        Device().sign_in(ada)
        Browser().sign_in(ada)
        Session.objects.all().delete()
        assert counted()["sessions.started"] == {("token",): 1, ("browser",): 1}
        assert counted()["sessions.ended"] == {("deleted", "token"): 1, ("deleted", "browser"): 1}

    def test_refreshes(self, clock, laptop, counted):
        old = laptop.copy()
        laptop.refresh()
        old.refresh()
        clock.shift(60)
        laptop.refresh()
        assert counted() == {"refreshes": {("rotated",): 2, ("repeated",): 1}}

    def test_theft(self, clock, laptop, counted):
        thief = laptop.copy()
        for _ in range(2):
            laptop.refresh()
            clock.shift(60)
        thief.refresh()
        assert counted() == {
            "refreshes": {("rotated",): 2},
            "refresh_tokens.reused": {(): 1},
            "sessions.ended": {("refresh_token_reused", "token"): 1},
        }

    def test_refusals(self, clock, ada, laptop, settings, counted):
        Device().post("token/", {ada.USERNAME_FIELD: "nobody", "password": "x"})
        clock.shift(timedelta(minutes=6))
        laptop.me()  # has expired
        laptop.sign_out()
        laptop.access = None
        laptop.refresh()
        laptop.refresh_token = "junk"
        laptop.refresh()
        refusals = counted()["refusals"]
        assert refusals[("sign_in", "no_active_account")] == 1
        assert refusals[("token", "token_not_valid")] == 1

    def test_the_log_is_not_needed(self, ada, counted):
        import logging

        logging.getLogger("auth_sessions.security").setLevel(logging.CRITICAL)
        Device().sign_in(ada)
        assert counted()["sessions.started"] == {("token",): 1}

    def test_names_and_units(self, reader, clock, ada, laptop):
        api.refresh(laptop.refresh_token)
        units = {
            metric.name: (metric.unit, bool(metric.description))
            for resource in reader.get_metrics_data().resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }
        assert units["auth_sessions.refreshes"] == ("{refresh}", True)
        assert units["auth_sessions.sessions.started"] == ("{session}", True)


def test_the_page_names_every_counter():
    table = section(page_named("monitoring"), "## Metrics")
    listed = [name for name in first_column(table) if not name.startswith("auth_sessions_")]
    assert listed == [counter.name for counter in metrics.COUNTERS]


WITHOUT = """
import sys
sys.modules["opentelemetry"] = sys.modules["opentelemetry.metrics"] = None
import django
django.setup()
from auth_sessions import metrics
from auth_sessions.signals import session_started
assert not metrics.is_available
metrics.STARTS.add({metrics.KIND: "token"})
assert [each for each in session_started.receivers if "metrics" in str(each[0])] == []
assert not [name for name in sys.modules if name.startswith("opentelemetry.")][1:]
"""


@pytest.mark.integration
@pytest.mark.any_database
def test_without_opentelemetry():
    subprocess.run(
        [sys.executable, "-c", WITHOUT],
        check=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
