"""The lines of administrators' actions: the admin, the REST API of staff, and commands."""

import csv
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client

from auth_sessions.models import Session
from tests.support.device import Device
from tests.support.host import has_admin, has_browsers, has_supabase
from tests.support.supabase import needs_email

pytestmark = pytest.mark.usefixtures("laptop", "phone")


def actions(security_log):
    return security_log.of("admin_action")


def test_staff_signs_a_user_out(ada, grace, staff_device, security_log):
    security_log.clear()
    assert staff_device.post(f"users/{ada.pk}/sign-out/").status_code == 204
    assert sorted(security_log.events) == ["admin_action", "session_ended", "session_ended"]
    assert actions(security_log) == [
        {
            "event": "auth_sessions.admin_action",
            "owasp": "authz_admin",
            "user": str(ada.pk),
            "actor": str(grace.pk),
            "reason": "revoked",
            "scope": "global",
            "count": 2,
            "address": "127.0.0.1",
            "user_agent": staff_device.client._base_environ()["HTTP_USER_AGENT"],
        }
    ]
    assert {line["actor"] for line in security_log.of("session_ended")} == {str(grace.pk)}


def test_who_ends_an_own_device_is_no_administrator(laptop, phone, security_log):
    laptop.delete(f"sessions/{phone.session_id}/")
    assert actions(security_log) == []
    assert security_log.of("session_ended")[0]["reason"] == "signed_out"


@has_admin
@has_browsers
class TestAdmin:
    def test_revoke(self, ada, grace, staff_client, security_log):
        staff_client.confirm("revoke_selected", ada.auth_sessions.all())
        [line] = actions(security_log)
        assert (line["actor"], line["reason"], line["count"]) == (str(grace.pk), "revoked", 2)

    def test_of_users(self, ada, grace, staff_client, security_log):
        staff_client.confirm("sign_out_everywhere", [ada])
        [line] = actions(security_log)
        assert (line["actor"], line["user"], line["count"]) == (str(grace.pk), str(ada.pk), 2)

    def test_delete(self, ada, grace, staff_client, security_log):
        staff_client.delete_one(ada.auth_sessions.first())
        staff_client.delete_selected(ada.auth_sessions.get())
        assert [(line["actor"], line["reason"], line["count"]) for line in actions(security_log)] == [
            (str(grace.pk), "deleted", 1)
        ] * 2

    def test_what_was_only_asked(self, ada, staff_client, security_log):
        staff_client.get()
        staff_client.ask("revoke_selected", ada.auth_sessions.all())
        assert actions(security_log) == []


class TestCommands:
    def test_revoke(self, security_log, capsys):
        call_command("revokeauthsessions", "--all", "--dry-run")
        assert actions(security_log) == []
        call_command("revokeauthsessions", "--all")
        [line] = actions(security_log)
        assert {name: line[name] for name in line if name not in {"event", "owasp"}} == {
            "command": "revokeauthsessions",
            "reason": "revoked",
            "count": 2,
        }

    def test_one_that_is_interrupted(self, security_log, ended):
        """What has ended until then has ended."""
        from auth_sessions.management.commands import revokeauthsessions

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(revokeauthsessions, "BATCH", 1)
            patch.setattr(revokeauthsessions.ProgressBar, "show", lambda *args: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                call_command("revokeauthsessions", "--all")
        [line] = actions(security_log)
        assert line["count"] == 1 == 2 - Session.objects.count()

    def test_clear(self, clock, ada, security_log, capsys):
        Device().sign_in(ada)
        clock.shift(timedelta(days=15))
        call_command("clearauthsessions", "--dry-run")
        assert actions(security_log) == []
        call_command("clearauthsessions")
        [line] = actions(security_log)
        assert (line["command"], line["count"]) == ("clearauthsessions", len(security_log.of("session_ended")))

    @has_browsers
    def test_import_of_logins(self, ada, settings, security_log, capsys):
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("auth_sessions.")]
        Client().force_login(ada)
        security_log.clear()
        call_command("importdjangosessions")
        assert security_log.events == ["admin_action"]
        assert (actions(security_log)[0]["command"], actions(security_log)[0]["count"]) == ("importdjangosessions", 1)

    @has_supabase
    @needs_email
    def test_import_of_users(self, tmp_path, security_log, capsys):
        from auth_sessions.supabase.imports import COLUMNS

        file = tmp_path / "users.csv"
        with file.open("w", newline="") as lines:
            csv.DictWriter(lines, COLUMNS).writeheader()
        call_command("importsupabaseusers", str(file))
        [line] = actions(security_log)
        assert (line["command"], line["count"]) == ("importsupabaseusers", 0)
