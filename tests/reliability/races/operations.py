"""The operations: what is called, which answers are right, and what must hold afterwards."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from io import StringIO

from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError
from django.utils import timezone

from auth_sessions import api, exceptions
from auth_sessions.activity.models import Activity
from auth_sessions.db.transactions import retry_conflicts
from auth_sessions.models import Session
from tests.reliability.races.world import OLD, PASSWORD, answering
from tests.support.admin import AdminClient
from tests.support.browser import Browser
from tests.support.device import IPHONE, Device
from tests.support.hand_over import Website
from tests.support.simplejwt import Client
from tests.support.supabase import share_tokens

EVERYBODY = OLD | {"new", "exchanged", "website"}

LATER = EVERYBODY - OLD
"""Those that the operations sign in."""

NOBODY = frozenset()

DONE, GONE = "done", "gone"
"""The answers of a Python function: it has returned, or the user or session was gone before."""


@dataclass
class Call:
    """One call of an operation, prepared in a world.

    ``ends`` are those that are signed out when it has answered as the operation ``succeeds``, ``may_end`` others that
    it may sign out. ``signed_in`` is the name and the device of whom it signs in, ``rotates`` a device that refreshes.
    ``last`` is called when both calls are prepared.
    """

    call: Callable
    ends: frozenset = NOBODY
    may_end: frozenset = NOBODY
    signed_in: tuple | None = None
    rotates: object = None
    last: Callable | None = None


@dataclass(frozen=True)
class Operation:
    """``succeeds`` and ``refused`` are answers: a status, ``DONE``, ``GONE``, the name of an error.

    ``is_projects_if_atomic`` says that under ``ATOMIC_REQUESTS`` its transaction is the project's. ``settings`` are for
    both operations of a pair.
    """

    name: str
    prepare: Callable
    succeeds: frozenset
    refused: frozenset
    is_projects_if_atomic: bool = False
    settings: dict = field(default_factory=dict)


OPERATIONS = {}


def operation(name, *, succeeds, refused=(), **options):
    def register(prepare):
        OPERATIONS[name] = Operation(name, prepare, frozenset(succeeds), frozenset(refused), **options)
        return prepare

    return register


def sides(is_second):
    """From which device, and which other one: two of a kind meet from both sides."""
    return ("laptop", "phone") if is_second else ("phone", "laptop")


def python(call, *gone):
    """The answer of a Python function."""

    def run():
        try:
            call()
        except OperationalError:
            raise
        except gone:
            return GONE
        return DONE

    return run


# Sign-in


def _sign_in(world):
    device = answering(Device())
    credentials = {get_user_model().USERNAME_FIELD: world.name, "password": PASSWORD}

    def sign_in():
        answer = device.post("token/", credentials)
        if answer.status_code == 200:
            device.session_id = answer.json()["session"]["id"]
            device.keep(answer)
        return answer

    return device, sign_in


@operation("sign-in", succeeds={200}, refused={401})
def sign_in(world, is_second):
    device, call = _sign_in(world)
    return Call(call, signed_in=("new", device))


@operation("sign-in at the limit", succeeds={200}, refused={401}, settings={"AUTH_SESSIONS_MAX_PER_USER": len(OLD)})
def sign_in_at_the_limit(world, is_second):
    device, call = _sign_in(world)
    return Call(call, may_end=EVERYBODY, signed_in=("new", device))


OF_DJANGOS_LOGIN = {200, 400, "DatabaseError"}
"""The form is shown again; the entry has been deleted before it is saved (SessionInterrupted); Django cannot write
``last_login`` of a user who has just been deleted.
"""


@operation("browser login", succeeds={302}, refused=OF_DJANGOS_LOGIN, is_projects_if_atomic=True)
def browser_login(world, is_second):
    browser = answering(Browser())
    call = partial(browser.submit, "/login/", {"username": world.name, "password": PASSWORD})
    return Call(call, signed_in=("new", browser))


@operation("browser login again", succeeds={302}, refused=OF_DJANGOS_LOGIN, is_projects_if_atomic=True)
def browser_login_again(world, is_second):
    return Call(partial(world.copy("desk").submit, "/login/", {"username": world.name, "password": PASSWORD}))


@operation("hand-over redeemed", succeeds={302}, refused={410, 400})
def redeem(world, is_second):
    website = answering(Website())
    page = website.opens(world.hand_over_code)
    return Call(partial(website.presses, page), signed_in=("website", website))


@operation("simplejwt exchange", succeeds={200}, refused={401})
def exchange(world, is_second):
    client = Client().holding(world.old_token)
    client.http.raise_request_exception = False
    return Call(client.refresh, signed_in=("exchanged", client))


# Refresh and use


@operation("refresh", succeeds={200}, refused={401})
def refresh(world, is_second):
    tab = world.copy("laptop")
    return Call(tab.refresh, rotates=tab)


@operation("refresh elsewhere", succeeds={200}, refused={401})
def refresh_elsewhere(world, is_second):
    """From another device, which the history notes."""
    tab = answering(Device(IPHONE))
    tab.refresh_token = world.laptop.refresh_token
    return Call(tab.refresh, rotates=tab)


@operation("Supabase refresh", succeeds={200}, refused={400})
def supabase_refresh(world, is_second):
    tab = share_tokens(world.copy("laptop"))
    return Call(tab.refresh, rotates=tab)


@operation("refresh token reused", succeeds={401})
def reuse(world, is_second):
    world.rotate_again()
    thief = world.copy("laptop")
    thief.refresh_token = world.first_refresh_token
    return Call(thief.try_refresh, ends=frozenset({"laptop"}))


@operation("request", succeeds={200}, refused={401})
def request(world, is_second):
    """It writes ``last_seen_at`` and ``confirmed_generation``."""
    return Call(world.copy("laptop").me)


@operation("browser request", succeeds={200}, refused={401}, is_projects_if_atomic=True)
def browser_request(world, is_second):
    an_hour_ago = timezone.now() - timedelta(hours=1)
    Session.objects.filter(pk=world.session_id("desk")).update(last_seen_at=an_hour_ago)
    return Call(world.copy("desk").me)


@operation("name", succeeds={200}, refused={401, 404})
def rename(world, is_second):
    own, other = sides(is_second)
    device = world.copy(own)
    return Call(partial(device.patch, f"sessions/{world.session_id(other)}/", {"name": "desk"}))


@operation("reauthentication", succeeds={200}, refused={401})
def reauthenticate(world, is_second):
    return Call(partial(world.copy("laptop").post, "reauthenticate/", {"password": PASSWORD}))


# Sign-out


@operation("sign-out, global", succeeds={204}, refused={401})
def sign_out_global(world, is_second):
    own, _ = sides(is_second)
    return Call(partial(world.copy(own).sign_out, "global"), ends=OLD | {"exchanged"}, may_end=LATER)


@operation("sign-out, others", succeeds={204}, refused={401})
def sign_out_others(world, is_second):
    own, _ = sides(is_second)
    ends = OLD - {own} | {"exchanged"}
    return Call(partial(world.copy(own).sign_out, "others"), ends=ends, may_end=LATER)


@operation("sign-out, local", succeeds={204})
def sign_out_local(world, is_second):
    return Call(partial(world.copy("laptop").sign_out, "local"), ends=frozenset({"laptop", "website"}))


@operation("end of one session", succeeds={204}, refused={401, 404})
def end_one(world, is_second):
    own, other = sides(is_second)
    ends = frozenset({"laptop", "website"} if other == "laptop" else {other})
    return Call(partial(world.copy(own).delete, f"sessions/{world.session_id(other)}/"), ends=ends)


@operation("Supabase logout", succeeds={204}, refused={401, 403})
def supabase_logout(world, is_second):
    own, _ = sides(is_second)
    return Call(partial(share_tokens(world.copy(own)).logout, "global"), ends=OLD | {"exchanged"}, may_end=LATER)


@operation("browser logout", succeeds={302}, is_projects_if_atomic=True)
def browser_logout(world, is_second):
    return Call(partial(world.copy("desk").submit, "/logout/"), ends=frozenset({"desk"}))


@operation("activity reported", succeeds={204}, refused={401, 404})
def report(world, is_second):
    """Of the sign-in of the laptop the phone says that it was not the person."""
    row = Activity.objects.get(session_id=world.laptop.session_id, kind="signed_in")
    call = partial(world.copy("phone").post, f"activity/{row.pk}/report/")
    return Call(call, ends=frozenset({"laptop", "desk", "exchanged"}), may_end=LATER)


@operation("sign-out by staff", succeeds={204})
def by_staff(world, is_second):
    call = partial(answering(world.staff.device.copy()).post, f"users/{world.user.pk}/sign-out/")
    return Call(call, ends=OLD | {"exchanged"}, may_end=LATER)


@operation("admin action", succeeds={302}, is_projects_if_atomic=True)
def admin_action(world, is_second):
    client = answering(AdminClient(world.staff.user))
    rows = [Session(pk=world.laptop.session_id)]
    call = partial(client.confirm, "revoke_selected", rows)
    return Call(call, ends=frozenset({"laptop", "website"}))


@operation("revokeauthsessions", succeeds={DONE}, refused={GONE})
def revoke(world, is_second):
    call = partial(call_command, "revokeauthsessions", user=[world.name], stdout=StringIO())
    return Call(python(call, CommandError), ends=OLD | {"exchanged"}, may_end=LATER)


@operation("clearauthsessions", succeeds={DONE})
def clear(world, is_second):
    """The laptop was idle for too long. The sweep skips what somebody else has locked."""
    call = python(partial(call_command, "clearauthsessions", stdout=StringIO()))
    return Call(call, may_end=frozenset({"laptop", "website"}), last=world.make_idle)


# The user


@operation("new password", succeeds={DONE}, refused={GONE})
def change_password(world, is_second):
    call = partial(api.change_password, world.stored_user(), "quite-new-1906")
    return Call(python(call, exceptions.UserNotFound), ends=EVERYBODY - {"website"}, may_end=LATER)


@operation("new password, one kept", succeeds={DONE}, refused={GONE})
def change_password_and_keep(world, is_second):
    keep = Session.objects.get(pk=world.session_id("laptop"))
    call = partial(api.change_password, world.stored_user(), "newer-1907", keep=keep)
    gone = (exceptions.UserNotFound, exceptions.SessionNotFound)
    return Call(python(call, *gone), ends=EVERYBODY - {"laptop", "website"}, may_end=LATER)


def in_projects_transaction(call):
    """As a project that tries again what the database has chosen to fail."""
    return partial(retry_conflicts, call, using="default")


@operation("new password saved", succeeds={DONE}, refused={GONE})
def save_password(world, is_second):
    """By the project: browsers are left to Django's own check."""

    def save():
        user = world.stored_user()
        user.set_password("newest-1908")
        user.save(update_fields=["password"])

    call = python(in_projects_transaction(save), get_user_model().DoesNotExist, DatabaseError)
    return Call(call, ends=EVERYBODY - {"website"}, may_end=LATER)


@operation("user deactivated", succeeds={DONE}, refused={GONE})
def deactivate(world, is_second):
    def save():
        user = world.stored_user()
        user.is_active = False
        user.save(update_fields=["is_active"])

    call = python(in_projects_transaction(save), get_user_model().DoesNotExist, DatabaseError)
    return Call(call, ends=EVERYBODY)


@operation("user deleted", succeeds={DONE}, refused={GONE})
def delete_user(world, is_second):
    def delete():
        world.stored_user().delete()

    call = python(in_projects_transaction(delete), get_user_model().DoesNotExist)
    return Call(call, ends=EVERYBODY)
