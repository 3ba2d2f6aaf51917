"""The doors: every way in which a session starts, is refreshed, is used and ends. Each begins with fresh clients."""

from dataclasses import dataclass
from io import StringIO

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import override_settings

from auth_sessions import api
from auth_sessions.choices import EndReason
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.hand_over import Website, ask
from tests.support.new_passwords import NEW
from tests.support.simplejwt import Client as SimpleJWTClient
from tests.support.single_page_app import SinglePageApp
from tests.support.supabase import SupabaseDevice, share_tokens


@dataclass(frozen=True)
class Door:
    name: str
    call: object
    """Called with the world; returns the response, if there is one."""
    between: str = ""
    """Why a state between is allowed, for a door that is several transactions. It lasts until the clean-up."""
    retry: object = None
    """What the person does who got no answer; by default the same."""


LOGIN = "a row without Django's session, which Django saves with the response"
SAVE = "the new password is stored, and sessions with the old one are refused"
CLEAN_UP = "one transaction for each reason: some have ended, and the others have not"
SIGN_UP = "a new user, who is not signed in yet"
REVOKED = "tokens of simplejwt's are refused, and the sessions end next"
DOORS = {}


def door(name, between="", retry=None):
    def add(call):
        DOORS[name] = Door(name, call, between, retry or call)
        return call

    return add


def _login(user):
    return {get_user_model().USERNAME_FIELD: user.get_username(), "password": PASSWORD}


# A session starts


@door("REST: sign-in")
def _(world):
    return Device().post("token/", _login(world.ada))


@door("REST: sign-in, limit reached")
def _(world):
    with override_settings(AUTH_SESSIONS_MAX_PER_USER=2):
        return Device().post("token/", _login(world.ada))


@door("REST: sign-in by cookie", LOGIN)
def _(world):
    return SinglePageApp().ask_for_token().try_sign_in(world.ada)


@door("Supabase: password grant")
def _(world):
    return SupabaseDevice().try_sign_in()


def _sign_up_or_in(world):
    answer = SupabaseDevice().signup("new@example.org", NEW)
    return SupabaseDevice().try_sign_in("new@example.org", NEW) if answer.status_code == 422 else answer


@door("Supabase: sign-up", SIGN_UP, retry=_sign_up_or_in)
def _(world):
    return SupabaseDevice().signup("new@example.org", NEW)


@door("Django: login form", LOGIN)
def _(world):
    return Browser().submit("/login/", {"username": world.ada.get_username(), "password": PASSWORD})


@door("Django: login over another", LOGIN)
def _(world):
    return world.browser.copy().submit("/login/", {"username": world.grace.get_username(), "password": PASSWORD})


def _hand_over_anew(world):
    return Website().continues(ask(world.laptop.copy()))


@door("pages: hand-over", LOGIN, retry=_hand_over_anew)
def _(world):
    return Website().continues(world.code)


@door("REST: hand-over code")
def _(world):
    return world.laptop.copy().post("hand-over/", {})


@door("api.sign_in_user()")
def _(world):
    api.sign_in_user(world.user())


@door("api.sign_in_user(), acting")
def _(world):
    api.sign_in_user(world.user(), actor=get_user_model().objects.get(pk=world.grace.pk))


@door("simplejwt: exchange")
def _(world):
    return SimpleJWTClient().holding(world.old_token).present()


# A session is refreshed


@door("REST: refresh")
def _(world):
    return world.laptop.copy().try_refresh()


@door("REST: refresh, repeated")
def _(world):
    return world.parent.copy().try_refresh()


@door("REST: refresh, expired")
def _(world):
    return world.tablet.copy().try_refresh()


@door("REST: refresh, stolen")
def _(world):
    with override_settings(AUTH_SESSIONS_REUSE_POLICY="strict"):
        return world.parent.copy().try_refresh()


@door("Supabase: refresh")
def _(world):
    return share_tokens(world.laptop).try_refresh()


@door("api.refresh()")
def _(world):
    api.refresh(world.laptop.refresh_token)


# A session ends


@door("REST: sign-out, global")
def _(world):
    return world.laptop.copy().sign_out()


@door("REST: sign-out, local")
def _(world):
    return world.laptop.copy().sign_out("local")


@door("REST: sign-out, others")
def _(world):
    return world.laptop.copy().sign_out("others")


@door("REST: sign-out by refresh token")
def _(world):
    return Device().post("sign-out/", {"refresh": world.laptop.refresh_token})


@door("REST: sign-out by cookie")
def _(world):
    app = SinglePageApp().ask_for_token()
    app.client.cookies["sessionid"] = world.browser.cookie
    return app.post("sign-out/")


@door("REST: DELETE of a session")
def _(world):
    return world.laptop.copy().delete(f"sessions/{world.phone.session_id}/")


@door("REST: sign-out by staff")
def _(world):
    return world.staff.copy().post(f"users/{world.ada.pk}/sign-out/")


@door("Supabase: logout, global")
def _(world):
    return share_tokens(world.laptop).logout()


@door("Supabase: logout, local")
def _(world):
    return share_tokens(world.laptop).logout("local")


@door("Supabase: logout, others")
def _(world):
    return share_tokens(world.laptop).logout("others")


@door("Supabase: PUT user, password")
def _(world):
    return share_tokens(world.laptop).update(password=NEW)


@door("pages: sign out a device")
def _(world):
    return world.browser.copy().submit(f"/account/devices/{world.phone.session_id}/sign-out/")


@door("pages: sign out others")
def _(world):
    return world.browser.copy().submit("/account/devices/others/sign-out/")


@door("pages: sign out everywhere")
def _(world):
    return world.browser.copy().submit("/account/devices/everywhere/sign-out/")


@door("Django: logout()")
def _(world):
    return world.browser.copy().submit("/logout/")


def _change_by_form(browser):
    fields = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    return browser.submit("/password/", fields)


def _change_or_sign_in(world):
    browser = world.browser.copy()
    if browser.is_signed_in():
        return _change_by_form(browser)
    return Browser().submit("/login/", {"username": world.ada.get_username(), "password": NEW})


@door("Django: password form", SAVE, retry=_change_or_sign_in)
def _(world):
    return _change_by_form(world.browser.copy())


@door("admin: revoke")
def _(world):
    return world.admin.confirm("revoke_selected", [Session(pk=world.phone.session_id)])


@door("admin: revoke others")
def _(world):
    return world.admin.confirm("revoke_others", [Session(pk=world.phone.session_id)])


@door("admin: sign out everywhere")
def _(world):
    return world.admin.confirm("sign_out_everywhere", [world.ada])


@door("admin: delete one")
def _(world):
    return world.admin.delete_one(Session(pk=world.phone.session_id))


@door("admin: delete selected")
def _(world):
    chosen = [Session(pk=device.session_id) for device in (world.phone, world.laptop)]
    return world.admin.delete_selected(*chosen)


@door("clearauthsessions", CLEAN_UP)
def _(world):
    call_command("clearauthsessions", stdout=StringIO())


@door("revokeauthsessions", REVOKED)
def _(world):
    call_command("revokeauthsessions", "--user", world.ada.get_username(), stdout=StringIO())


@door("api.sign_out()")
def _(world):
    api.sign_out(world.session)


@door("api.change_password(), keep")
def _(world):
    api.change_password(world.user(), NEW, keep=world.session)


@door("end()")
def _(world):
    Session.objects.filter(user=world.ada.pk).end(reason=EndReason.REVOKED)


@door("session.delete()")
def _(world):
    for session in Session.objects.filter(pk=world.laptop.session_id):
        session.delete()


@door("queryset.delete()")
def _(world):
    Session.objects.filter(user=world.ada.pk).delete()


@door("user.save(), new password", SAVE)
def _(world):
    user = world.user()
    user.set_password(NEW)
    user.save()


@door("user.save(), inactive", "the user is not active, and their sessions are refused")
def _(world):
    user = world.user()
    user.is_active = False
    user.save()


@door("user.delete()")
def _(world):
    for user in get_user_model().objects.filter(pk=world.ada.pk):
        user.delete()


@door("users deleted")
def _(world):
    get_user_model().objects.filter(pk=world.ada.pk).delete()


@door("simplejwt: blacklist")
def _(world):
    return SimpleJWTClient().holding(world.old_token).blacklist()
