"""Each way to end a session, of a device by another or by itself. A door returns whether it was answered as done."""

import secrets
import time
from dataclasses import dataclass
from typing import Any

REUSE_INTERVAL = 1.1
"""Seconds, a little more than that of the project."""

ONE, ALL, OTHERS = "one", "all", "others"


@dataclass(frozen=True, kw_only=True)
class Door:
    name: str
    ends: str
    """The device, everybody's of the person, or all but the device, which calls."""
    call: Any
    """With the site and the device."""
    kinds: tuple = ("tokens", "Supabase", "cookie")
    changes_person: bool = False
    weight: float = 1


def _rest(scope):
    def call(site, device):
        answer = site.call(device, "POST", "/api/auth/sign-out/", data={"scope": scope}, **device.credentials)
        return answer.status == 204

    return call


def _supabase(scope):
    def call(site, device):
        return site.call(device, "POST", f"/auth/v1/logout?scope={scope}", bearer=device.access).status == 204

    return call


def _by_id(site, device):
    others = [each for each in list(device.person.devices) if each.is_here and each.is_browser == device.is_browser]
    caller = site.choose(others or [device])
    return site.call(caller, "DELETE", f"/api/auth/sessions/{device.session}/", **caller.credentials).status == 204


def _supabase_password(site, device):
    password = secrets.token_hex(8)
    answer = site.call(device, "PUT", "/auth/v1/user", data={"password": password}, bearer=device.access)
    if answer.status == 200:
        device.person.password = password
    return answer.status == 200


def _page(path):
    def call(site, device):
        form = {"csrfmiddlewaretoken": device.csrf}
        answer = site.call(device, "POST", path.format(device=device), form=form, cookies=device.cookies)
        return answer.status == 302 and not answer.location.startswith("/accounts/login/?")

    return call


def _staff(site, device):
    path = f"/api/auth/users/{device.person.pk}/sign-out/"
    return site.call(site.staff, "POST", path, **site.staff.credentials).status == 204


def _admin(path, **form):
    def call(site, device):
        filled = {name: value.format(device=device) for name, value in form.items()}
        sent = {"csrfmiddlewaretoken": site.staff.csrf, **filled}
        answer = site.call(site.staff, "POST", path.format(device=device), form=sent, cookies=site.staff.cookies)
        return answer.status == 302 and not answer.location.startswith("/admin/login/")

    return call


def _worker(order):
    return lambda site, device: bool(site.fleet.worker.ask(order, session=device.session))


def _worker_of_person(order):
    return lambda site, device: bool(site.fleet.worker.ask(order, user=device.person.pk))


def _new_password(order):
    def call(site, device):
        password = secrets.token_hex(8)
        done = site.fleet.worker.ask(order, user=device.person.pk, password=password)
        device.person.password = password
        return bool(done) or order == "save_password"

    return call


def _command(site, device):
    site.fleet.command("revokeauthsessions", "--user", device.person.name)
    return True


def _theft(site, device):
    """The thief presents the first token when the device has refreshed twice since."""
    with device.turn:
        stolen = device.refresh
        for _ in range(2):
            time.sleep(REUSE_INTERVAL)
            if not site.refresh(device):
                return False
        answer = site.call(device, "POST", "/api/auth/token/refresh/", data={"refresh": stolen})
    return answer.status == 401 and answer.json["code"] == "refresh_token_already_used"


SESSIONS, USERS = "/admin/auth_sessions/session/", "/admin/auth/user/"
REVOKE = {"action": "revoke_selected", "_selected_action": "{device.session}", "confirmed": "yes"}
EVERYWHERE = {"action": "sign_out_everywhere", "_selected_action": "{device.person.pk}", "confirmed": "yes"}
TOKENS, SUPABASE, COOKIE = ("tokens", "Supabase"), ("Supabase",), ("cookie",)

DOORS = [
    Door(name="REST, local", ends=ONE, call=_rest("local"), weight=3),
    Door(name="REST, global", ends=ALL, call=_rest("global")),
    Door(name="REST, others", ends=OTHERS, call=_rest("others")),
    Door(name="REST, by id", ends=ONE, call=_by_id, weight=2),
    Door(name="REST, staff", ends=ALL, call=_staff),
    Door(name="Supabase, local", ends=ONE, call=_supabase("local"), kinds=TOKENS, weight=2),
    Door(name="Supabase, global", ends=ALL, call=_supabase("global"), kinds=TOKENS),
    Door(name="Supabase, others", ends=OTHERS, call=_supabase("others"), kinds=TOKENS),
    Door(name="Supabase, new password", ends=OTHERS, call=_supabase_password, kinds=SUPABASE, changes_person=True),
    Door(name="page, a device", ends=ONE, call=_page("/account/devices/{device.session}/sign-out/"), kinds=COOKIE),
    Door(name="page, others", ends=OTHERS, call=_page("/account/devices/others/sign-out/"), kinds=COOKIE),
    Door(name="page, everywhere", ends=ALL, call=_page("/account/devices/everywhere/sign-out/"), kinds=COOKIE),
    Door(name="Django's logout", ends=ONE, call=_page("/accounts/logout/"), kinds=COOKIE),
    Door(name="admin, revoke", ends=ONE, call=_admin(SESSIONS, **REVOKE)),
    Door(name="admin, delete", ends=ONE, call=_admin(SESSIONS + "{device.session}/delete/", post="yes")),
    Door(name="admin, everywhere", ends=ALL, call=_admin(USERS, **EVERYWHERE)),
    Door(name="api.sign_out()", ends=ONE, call=_worker("sign_out")),
    Door(name="end()", ends=ONE, call=_worker("end")),
    Door(name="session.delete()", ends=ONE, call=_worker("delete")),
    Door(name="queryset.delete()", ends=ONE, call=_worker("delete_queryset")),
    Door(name="clean-up", ends=ONE, call=_worker("expire")),
    Door(name="api.change_password()", ends=ALL, call=_new_password("change_password"), changes_person=True),
    Door(name="password saved", ends=ALL, call=_new_password("save_password"), changes_person=True),
    Door(name="user deactivated", ends=ALL, call=_worker_of_person("deactivate"), changes_person=True),
    Door(name="user deleted", ends=ALL, call=_worker_of_person("delete_user"), changes_person=True),
    Door(name="command, in a process", ends=ALL, call=_worker_of_person("revoke")),
    Door(name="command", ends=ALL, call=_command, weight=0.1),
    Door(name="reuse of a token", ends=ONE, call=_theft, kinds=TOKENS, weight=0.5),
]
