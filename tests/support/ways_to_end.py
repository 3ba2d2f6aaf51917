"""Each way to end a session: what to call with a device, its user and ``make_user``, and the reason that is given."""

from datetime import timedelta
from io import StringIO

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone

from auth_sessions import api
from auth_sessions.choices import EndReason
from auth_sessions.core.sign_out import sign_out
from auth_sessions.models import RefreshToken, Session
from tests.support.admin import AdminClient, session_of
from tests.support.browser import Browser
from tests.support.device import Device


def by_staff(device, user, make_user):
    Device().sign_in(make_user("grace", is_superuser=True)).post(f"users/{user.pk}/sign-out/")


def change_password(device, user, make_user):
    api.change_password(user, "changed")


def save_password(device, user, make_user):
    user.set_password("changed")
    user.save()


def deactivate(device, user, make_user):
    user.is_active = False
    user.save()


def expire(device, user, make_user):
    Session.objects.filter(pk=device.session_id).update(expires_at="2020-01-01T00:00Z")
    call_command("clearauthsessions")


def steal(device, user, make_user):
    thief = device.copy()
    device.refresh()
    RefreshToken.objects.filter(pk=device.session_id).update(rotated_at=timezone.now() - timedelta(minutes=1))
    device.refresh()
    thief.refresh()


def log_out_by_supabase(device, user, make_user):
    other = Device().sign_in(user)
    assert other.client.post("/auth/v1/logout?scope=others", **other.headers).status_code == 204


def revoke_in_admin(device, user, make_user):
    staff_client = AdminClient(make_user("grace", is_staff=True, is_superuser=True))
    staff_client.confirm("revoke_selected", [session_of(device)])


def delete_in_admin(device, user, make_user):
    staff_client = AdminClient(make_user("grace", is_staff=True, is_superuser=True))
    staff_client.delete_one(session_of(device))


def on_the_page(device, user, make_user):
    Browser().sign_in(user).submit(f"/account/devices/{device.session_id}/sign-out/")


WAYS_TO_END = {
    "sign-out local": (lambda d, u, m: d.sign_out("local"), EndReason.SIGNED_OUT),
    "sign-out global": (lambda d, u, m: d.sign_out("global"), EndReason.SIGNED_OUT),
    "delete by id": (lambda d, u, m: d.delete(f"sessions/{d.session_id}/"), EndReason.SIGNED_OUT),
    "delete by id from elsewhere": (
        lambda d, u, m: Device().sign_in(u).delete(f"sessions/{d.session_id}/"),
        EndReason.SIGNED_OUT,
    ),
    "staff": (by_staff, EndReason.REVOKED),
    "sign_out()": (lambda d, u, m: sign_out(session_of(d)), EndReason.SIGNED_OUT),
    "change_password()": (change_password, EndReason.PASSWORD_CHANGED),
    "password saved": (save_password, EndReason.PASSWORD_CHANGED),
    "user deactivated": (deactivate, EndReason.USER_INACTIVE),
    "user deleted": (lambda d, u, m: u.delete(), EndReason.USER_DELETED),
    "users deleted": (lambda d, u, m: get_user_model().objects.filter(pk=u.pk).delete(), EndReason.USER_DELETED),
    "session.delete()": (lambda d, u, m: session_of(d).delete(), EndReason.DELETED),
    "queryset.delete()": (lambda d, u, m: Session.objects.filter(pk=d.session_id).delete(), EndReason.DELETED),
    "related manager": (lambda d, u, m: u.auth_sessions.all().delete(), EndReason.DELETED),
    "end()": (lambda d, u, m: u.auth_sessions.end(reason=EndReason.REVOKED), EndReason.REVOKED),
    "clean-up": (expire, EndReason.EXPIRED),
    "theft": (steal, EndReason.REFRESH_TOKEN_REUSED),
    "logout()": (lambda d, u, m: d.submit("/logout/"), EndReason.SIGNED_OUT),
    "command": (
        lambda d, u, m: call_command("revokeauthsessions", "--user", u.get_username(), stdout=StringIO()),
        EndReason.REVOKED,
    ),
}
if apps.is_installed("auth_sessions.supabase"):
    WAYS_TO_END["supabase logout"] = (log_out_by_supabase, EndReason.SIGNED_OUT)
if apps.is_installed("django.contrib.admin"):
    WAYS_TO_END["admin action"] = (revoke_in_admin, EndReason.REVOKED)
    WAYS_TO_END["admin delete"] = (delete_in_admin, EndReason.DELETED)

OF_TOKENS, OF_BROWSERS = {"theft"}, {"logout()"}
OF_DEVICES = [(way, Device) for way in WAYS_TO_END if way not in OF_BROWSERS]
"""Each way, and what kind of device it can end."""
if "auth_sessions.middleware.BrowserSessionMiddleware" in settings.MIDDLEWARE:
    WAYS_TO_END["page"] = (on_the_page, EndReason.SIGNED_OUT)
    OF_DEVICES.append(("page", Device))
    OF_DEVICES += [(way, Browser) for way in WAYS_TO_END if way not in OF_TOKENS]
