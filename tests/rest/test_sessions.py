"""The list of one's devices, one device, and what staff may do."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from auth_sessions.models import RefreshToken, Session
from tests.support.device import IPHONE, Device, code


def ids(device):
    return [session["id"] for session in device.sessions()]


class TestList:
    def test_current_first_then_last_used(self, clock, ada, settings):
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=1)}
        devices = []
        for _ in range(4):
            devices.append(Device().sign_in(ada))
            clock.shift(60)
        oldest, second, third, newest = devices
        oldest.refresh()
        clock.shift(600)
        third.me()
        expected = [second, third, oldest, newest]
        assert ids(second) == [device.session_id for device in expected]
        assert [session["is_current"] for session in second.sessions()] == [True, False, False, False]

    def test_a_refresh_counts_as_use(self, clock, laptop, phone):
        clock.shift(120)
        phone.refresh()
        [shown] = [session for session in laptop.sessions() if session["id"] == phone.session_id]
        assert shown["last_used_at"] == "2026-11-24T12:02:00Z"

    def test_only_ones_own(self, laptop, bob):
        other = Device().sign_in(bob)
        assert ids(laptop) == [laptop.session_id]
        assert ids(other) == [other.session_id]

    def test_nothing_secret(self, laptop):
        row = RefreshToken.objects.get()
        session = Session.objects.get()
        content = laptop.get("sessions/").content.decode() + laptop.get("sessions/current/").content.decode()
        for secret in (
            bytes(row.secret).hex(),
            row.jti_of(0),
            laptop.refresh_token,
            laptop.access,
            session.password_fingerprint,
        ):
            assert secret not in content

    def test_it_is_not_paginated_or_filtered_by_the_projects_defaults(self, laptop, settings):
        settings.REST_FRAMEWORK = {
            **settings.REST_FRAMEWORK,
            "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
            "PAGE_SIZE": 1,
        }
        assert isinstance(laptop.sessions(), list)

    @pytest.mark.parametrize("path", ["sessions/", "sessions/current/", "users/1/sessions/"])
    def test_nobody_gets_nothing(self, db, path):
        answer = Device().get(path)
        assert code(answer) == (401, "not_authenticated")
        assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
        assert answer["Cache-Control"] == "no-store, private"


class TestOne:
    def test_current(self, laptop, phone):
        assert laptop.get("sessions/current/").json()["id"] == laptop.session_id
        assert phone.get("sessions/current/").json()["is_current"]

    def test_detail(self, laptop, ada):
        phone = Device(IPHONE).sign_in(ada, device_name="Phone")
        shown = laptop.get(f"sessions/{phone.session_id}/").json()
        assert (shown["name"], shown["is_current"], shown["device"]["type"]) == ("Phone", False, "phone")

    def test_rename(self, laptop, phone):
        answer = laptop.patch(f"sessions/{phone.session_id}/", {"name": "Old phone", "kind": "browser", "id": "x"})
        assert (answer.status_code, answer.json()["name"], answer.json()["kind"]) == (200, "Old phone", "token")
        assert Session.objects.get(pk=phone.session_id).name == "Old phone"

    @pytest.mark.parametrize("data", [{}, {"kind": "browser"}])
    def test_a_patch_without_a_name_changes_nothing(self, laptop, data):
        laptop.patch("sessions/" + laptop.session_id + "/", {"name": "Laptop"})
        answer = laptop.patch("sessions/" + laptop.session_id + "/", data)
        assert (answer.status_code, answer.json()["name"]) == (200, "Laptop")

    @pytest.mark.parametrize("name", [None, "x" * 101, ["a"], {"a": 1}, "a\0b"])
    def test_a_bad_name_is_named(self, laptop, name):
        answer = laptop.patch(f"sessions/{laptop.session_id}/", {"name": name})
        assert (answer.status_code, list(answer.json())) == (400, ["name"])

    def test_delete_signs_that_device_out(self, laptop, phone):
        assert laptop.delete(f"sessions/{phone.session_id}/").status_code == 204
        assert code(phone.me()) == (401, "session_not_found")
        assert laptop.me().status_code == 200
        assert laptop.delete(f"sessions/{phone.session_id}/").status_code == 404

    def test_delete_of_ones_own(self, laptop):
        assert laptop.delete(f"sessions/{laptop.session_id}/").status_code == 204
        assert laptop.me().status_code == 401

    @pytest.mark.parametrize("method", ["get", "delete", "patch"])
    def test_another_persons_is_not_found(self, laptop, bob, method):
        other = Device().sign_in(bob)
        call = getattr(laptop, method)
        for key in (other.session_id, "0193b2a4-0000-7000-8000-00000000000f", "nonsense", "1", "%00"):
            path = f"sessions/{key}/"
            answer = call(path, {"name": "mine"}) if method == "patch" else call(path)
            assert answer.status_code == 404
            assert set(answer.json()) == {"detail"}
        assert other.me().status_code == 200
        assert Session.objects.get(pk=other.session_id).name == ""


class TestStaff:
    def test_list_and_sign_out(self, staff_device, ada, laptop, phone):
        listed = staff_device.get(f"users/{ada.pk}/sessions/").json()
        assert {session["id"] for session in listed} == {laptop.session_id, phone.session_id}
        assert not any(session["is_current"] for session in listed)
        assert staff_device.post(f"users/{ada.pk}/sign-out/").status_code == 204
        assert code(laptop.me()) == code(phone.refresh()) == (401, "session_not_found")
        assert staff_device.me().status_code == 200
        assert staff_device.post(f"users/{ada.pk}/sign-out/").status_code == 204

    def test_nobody_without_the_permission(self, make_user, ada, laptop):
        clerk = Device().sign_in(make_user("clerk", is_staff=True))
        for answer in (clerk.get(f"users/{ada.pk}/sessions/"), clerk.post(f"users/{ada.pk}/sign-out/")):
            assert answer.status_code == 403
            assert set(answer.json()) == {"detail"}
        assert laptop.me().status_code == 200

    @pytest.mark.skipif(
        "django.contrib.auth.models.User" not in str(get_user_model()), reason="this user model has no permissions"
    )
    @pytest.mark.parametrize(("codename", "allowed"), [("view_session", [200, 403]), ("delete_session", [403, 204])])
    def test_each_needs_its_own_permission(self, make_user, ada, codename, allowed):
        from django.contrib.auth.models import Permission

        clerk = make_user("clerk")
        clerk.user_permissions.add(Permission.objects.get(content_type__app_label="auth_sessions", codename=codename))
        device = Device().sign_in(clerk)
        answers = [device.get(f"users/{ada.pk}/sessions/"), device.post(f"users/{ada.pk}/sign-out/")]
        assert [answer.status_code for answer in answers] == allowed

    @pytest.mark.parametrize(
        "pk",
        ["0", "none", "99999999999999999999999", "-1", "%00", "a%00b", "ü", "0193b2a4-0000-7000-8000-00000000000f"],
    )
    def test_a_key_that_fits_nobody_is_not_found(self, staff_device, pk):
        for answer in (staff_device.get(f"users/{pk}/sessions/"), staff_device.post(f"users/{pk}/sign-out/")):
            assert answer.status_code == 404
            assert set(answer.json()) == {"detail"}
