"""Why a session has ended, for whoever holds one of its signed tokens and asks by ``Prefer: end-reason``."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from auth_sessions import api
from auth_sessions.activity.models import Activity
from auth_sessions.models import RefreshToken, Session
from tests.support.admin import session_of
from tests.support.device import Device
from tests.support.host import has_supabase
from tests.support.inputs import each


def by_access_token(device, **extra):
    return device.client.get("/api/me/", **device.headers, **extra)


def by_refresh_token(device, **extra):
    data = {"refresh": device.refresh_token}
    return device.client.post("/api/auth/token/refresh/", data, format="json", **extra)


def by_own_view(device, **extra):
    return device.client.get("/api/auth/sessions/", **device.headers, **extra)


def by_sign_out(device, **extra):
    data = {"refresh": device.refresh_token}
    return device.client.post("/api/auth/sign-out/?scope=others", data, format="json", **extra)


def by_decorator(device, **extra):
    with override_settings(ROOT_URLCONF="tests.host.step_up_urls"):
        return device.client.get("/plain/", **device.headers, **extra)


@pytest.fixture
def ended_device(laptop):
    laptop.sign_out()
    return laptop


WAYS_TO_ASK = {
    "access": by_access_token,
    "refresh": by_refresh_token,
    "own view": by_own_view,
    "out": by_sign_out,
    "decorator": by_decorator,
}


def sign_out(scope):
    return lambda user, device, other: device.sign_out(scope)


def by_another(user, device, other):
    other.delete(f"sessions/{device.session_id}/")


def everywhere(user, device, other):
    other.sign_out()


def change_password(user, device, other):
    api.change_password(user, "changed", keep=session_of(other))


def revoke(user, device, other):
    user.auth_sessions.filter(pk=device.session_id).end(reason="revoked")


def expire(user, device, other):
    Session.objects.filter(pk=device.session_id).update(expires_at=timezone.now() - timedelta(days=1))
    list(api.clear_expired())


def steal(user, device, other):
    thief = device.copy()
    for _ in range(2):
        RefreshToken.objects.update(rotated_at=timezone.now() - timedelta(minutes=1))
        device.refresh()
    assert thief.refresh().json()["code"] == "refresh_token_already_used"


REASONS = {
    "signed_out": sign_out("local"),
    "signed_out_elsewhere": by_another,
    "password_changed": change_password,
    "revoked_by_staff": revoke,
    "expired": expire,
    "refresh_token_reused": steal,
}


@pytest.mark.parametrize("reason", REASONS)
def test_the_reason(ada, reason):
    device, other = Device().sign_in(ada), Device().sign_in(ada)
    REASONS[reason](ada, device, other)
    for name, ask in WAYS_TO_ASK.items():
        response = ask(device, HTTP_PREFER="end-reason")
        assert response.status_code == 401, name
        assert response.json()["code"] == "session_not_found", name
        assert response.json()["end_reason"] == reason, name
        assert response["Preference-Applied"] == "end-reason", name
        assert "Prefer" in response["Vary"], name


def test_everywhere(ada):
    device, other = Device().sign_in(ada), Device().sign_in(ada)
    everywhere(ada, device, other)
    assert by_access_token(device, HTTP_PREFER="end-reason").json()["end_reason"] == "signed_out_elsewhere"


def test_the_limit(ada, laptop, settings):
    settings.AUTH_SESSIONS_MAX_PER_USER = 1
    Device().sign_in(ada)
    assert by_refresh_token(laptop, HTTP_PREFER="end-reason").json()["end_reason"] == "session_limit"


@each(
    "prefer", ["", "return=minimal", "end-reason=no", "x-end-reason", "end reason", ",;=", "\x00", "wait=1;end-reason"]
)
def test_who_does_not_ask_gets_what_they_always_got(ended_device, prefer):
    for name, ask in WAYS_TO_ASK.items():
        response = ask(ended_device, **({"HTTP_PREFER": prefer} if prefer else {}))
        assert response.json().keys() == {"detail", "code"}, name
        assert "Preference-Applied" not in response, name
        assert "Prefer" not in response.get("Vary", ""), name


@each("prefer", ["End-Reason", "wait=1, end-reason", 'end-reason=""; foo="a b"', "end-reason;x=1", " end-reason "])
def test_every_form_of_the_preference(ended_device, prefer):
    assert by_access_token(ended_device, HTTP_PREFER=prefer).json()["end_reason"] == "signed_out_elsewhere"


def test_it_costs_one_statement_and_only_who_asks(laptop):
    laptop.sign_out()
    counts = {}
    for prefer in ("", "end-reason"):
        with CaptureQueriesContext(connection) as statements:
            by_access_token(laptop, **({"HTTP_PREFER": prefer} if prefer else {}))
        counts[prefer] = len(statements)
    assert counts["end-reason"] == counts[""] + 1


def test_a_token_that_is_not_signed_by_the_project_learns_nothing(laptop):
    laptop.sign_out()
    for name in ("access", "refresh_token"):
        token = getattr(laptop, name)
        setattr(laptop, name, token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"))
    for ask in (by_access_token, by_refresh_token):
        response = ask(laptop, HTTP_PREFER="end-reason")
        assert response.json()["code"] == "token_not_valid"
        assert "end_reason" not in response.json()


def test_what_the_history_has_forgotten(laptop):
    laptop.sign_out()
    Activity.objects.all().delete()
    response = by_access_token(laptop, HTTP_PREFER="end-reason")
    assert response.json().keys() == {"detail", "code"}
    assert "Preference-Applied" not in response
    assert "Prefer" in response["Vary"]


def test_a_sign_out_of_what_has_ended_is_still_no_refusal(laptop):
    laptop.sign_out()
    response = laptop.client.post(
        "/api/auth/sign-out/?scope=local", {"refresh": laptop.refresh_token}, format="json", HTTP_PREFER="end-reason"
    )
    assert response.status_code == 204


@has_supabase
def test_supabases_clients_get_what_supabase_auth_answers(laptop):
    laptop.sign_out()
    data = {"refresh_token": laptop.refresh_token}
    response = laptop.client.post(
        "/auth/v1/token?grant_type=refresh_token", data, format="json", HTTP_PREFER="end-reason"
    )
    assert response.status_code >= 400
    assert "end_reason" not in response.json()
