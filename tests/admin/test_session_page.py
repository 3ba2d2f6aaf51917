"""The page of one session; and no page holds a secret."""

import base64

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry

from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from tests.support.admin import (
    SESSIONS,
    USERS,
    AdminClient,
    page,
    session_of,
)
from tests.support.device import Device
from tests.support.inputs import each
from tests.support.sessions import create_browser_row

pytestmark = pytest.mark.usefixtures("tokens_only")


def test_nothing_is_added_or_changed(staff_client, laptop):
    session = session_of(laptop)
    assert staff_client.get(f"{SESSIONS}add/").status_code == 403
    shown = staff_client.get(page(session))
    assert shown.status_code == 200
    assert 'name="_save"' not in shown.content.decode()
    assert '<input type="text"' not in shown.content.decode()
    assert staff_client.post(page(session), name="mine", user=staff_client.user.pk).status_code == 403
    session.refresh_from_db()
    assert session.name == ""


def test_a_session_page_shows_times_as_the_list_does(clock, staff_client, ada):
    laptop = Device().sign_in(ada)
    shown = staff_client.get(page(session_of(laptop))).content.decode()
    assert shown.count("Nov. 24, 2026, noon") == 3
    assert "2026-11-24" not in shown


def test_a_session_page_does_not_claim_to_know_when_identity_was_proved(clock, staff_client, ada):
    session = create_browser_row(ada, is_authenticated_now=False)
    assert "not known" in staff_client.get(page(session)).content.decode()
    assert "1970" not in staff_client.get(page(session)).content.decode()
    assert "not known" not in staff_client.get(page(create_session(ada))).content.decode()


def test_a_session_page_says_the_place(geoip, staff_client, ada):
    geoip("City")
    device = Device()
    device.client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    device.sign_in(ada)
    assert "192.0.2.7 (near Zurich, Switzerland)" in staff_client.get(page(session_of(device))).content.decode()


def test_a_session_page_says_no_place_where_none_is_known(staff_client, laptop):
    shown = staff_client.get(page(session_of(laptop))).content.decode()
    assert "127.0.0.1" in shown
    assert "127.0.0.1 (" not in shown


def test_refresh_tokens_are_not_in_the_admin():
    assert not admin.site.is_registered(RefreshToken)
    assert admin.site.is_registered(Session)


def test_markup_from_a_device_is_only_text(staff_client, ada):
    mark = "<script>alert(1)</script>"
    laptop = Device(mark).sign_in(ada, device_name=mark)
    session = session_of(laptop)
    for shown in (
        staff_client.get(),
        staff_client.get(page(session)),
        staff_client.get(page(session, "delete")),
        staff_client.ask("delete_selected", [session]),
        staff_client.ask("revoke_selected", [session]),
    ):
        assert "&lt;script&gt;alert(1)" in shown.content.decode()
        assert mark not in shown.content.decode()


def secrets_of(device):
    session = session_of(device)
    token = session.refresh_token
    raw = bytes(token.secret)
    return {
        "access token": device.access,
        "refresh token": device.refresh_token,
        "its signature": device.refresh_token.rpartition(".")[2],
        "its jti": token.jti_of(token.generation),
        "the jti before": token.jti_of(token.generation - 1),
        "the next jti": token.jti_of(token.generation + 1),
        "hex": raw.hex(),
        "base64": base64.b64encode(raw).decode(),
        "base64url": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "repr": repr(raw)[2:-1],
        "decimals": ", ".join(map(str, raw)),
        "password fingerprint": session.password_fingerprint,
        "password hash": session.user.password,
    }


def test_no_page_holds_a_secret(staff_client, ada, laptop, phone):
    laptop.refresh()
    session = session_of(laptop)
    pages = [
        staff_client.get(),
        staff_client.get(q="ada", state="live"),
        staff_client.get(page(session)),
        staff_client.get(page(session, "history")),
        staff_client.get(page(session, "delete")),
        staff_client.ask("delete_selected", [session]),
        staff_client.ask("revoke_selected", [session]),
        staff_client.ask("revoke_others", [session]),
        staff_client.ask("sign_out_everywhere", [ada]),
        staff_client.get(page(ada, "delete")),
        AdminClient(staff_client.user).get(USERS),
    ]
    assert [shown.status_code for shown in pages] == [200] * len(pages)
    shown_secrets = [
        (shown.request["PATH_INFO"], what)
        for shown in pages
        for what, secret in [*secrets_of(laptop).items(), *secrets_of(phone).items()]
        if secret.lower() in shown.content.decode().lower()
    ]
    assert shown_secrets == []


@each(
    "lookup",
    [
        "password_fingerprint",
        "password_fingerprint__startswith",
        "django_session_key",
        "django_session_key__startswith",
        "refresh_token__secret",
        "refresh_token__secret__startswith",
        "user__password__startswith",
    ],
)
def test_no_secret_is_guessed_by_a_filter_in_the_address(staff_client, laptop, lookup):
    assert staff_client.get(**{lookup: "a"}).status_code == 400


def test_the_log_holds_no_secret(staff_client, laptop, phone):
    secrets = secrets_of(laptop) | secrets_of(phone)
    staff_client.confirm("revoke_selected", [session_of(laptop)])
    staff_client.delete_one(session_of(phone))
    logged = str(list(LogEntry.objects.values_list("object_id", "object_repr", "change_message")))
    assert [what for what, secret in secrets.items() if secret in logged] == []
