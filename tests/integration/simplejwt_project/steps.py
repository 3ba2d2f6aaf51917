"""``python -m tests.integration.simplejwt_project.steps STEP STORES``: one process for each state of the project.

STORES is a file with what the clients hold: it outlives the change.
"""

import contextlib
import json
import shlex
import sys
from pathlib import Path

import django

django.setup()

import jwt  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.checks import run_checks  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import DatabaseError, connection, transaction  # noqa: E402

from tests.integration.simplejwt_project.client import OldClient, OldSlidingClient  # noqa: E402
from tests.integration.simplejwt_project.settings import GUIDE, VARIANT  # noqa: E402
from tests.support.guides import blocks, run_block  # noqa: E402

NAMES = ("phone", "tablet", "lost", "forgotten", "television")
CREDENTIALS = "ada", "lovelace-1815"


def clients(stores):
    kind = OldSlidingClient if VARIANT == "sliding" else OldClient
    return {name: kind(stores.setdefault(name, {}), stores_new_tokens=VARIANT != "plain") for name in NAMES}


def findings():
    found = run_checks(include_deployment_checks=False, databases=["default"])
    return {message.id for message in found if message.id.startswith("auth_sessions")}


def has_pairs():
    return VARIANT != "sliding"


def old(phone, tablet, lost, forgotten, television):
    """The project as it was: five devices of one person, of which one is signed out."""
    call_command("migrate", verbosity=0)
    User.objects.create_user(CREDENTIALS[0], password=CREDENTIALS[1])
    for device in (phone, tablet, lost, forgotten, television):
        device.sign_in(*CREDENTIALS)
        assert device.refresh() == 200
        assert device.me()["user"] == "ada"
    if has_pairs():
        assert phone.store["username"] == "ada"
        assert lost.sign_out() == 200
        assert (lost.refresh() == 401) == (VARIANT == "blacklist")


def new(phone, tablet, lost, forgotten, television):
    """The project as the guide has it, over the same database; the clients have not changed."""
    from auth_sessions.models import Session

    call_command("migrate", verbosity=0)
    assert findings() - {"auth_sessions.W003", "auth_sessions.W016"} == set()
    assert phone.me()["user"] == "ada"  # by its old access token
    for _ in range(3):
        assert phone.refresh() == 200
        assert phone.me()["user"] == "ada"
        assert phone.verify("access") == 200
    assert Session.objects.count() == 1
    if not has_pairs():
        return
    assert phone.me() == {"user": "ada", "plan": "free"}
    assert phone.verify("refresh") == 200
    assert (lost.refresh() == 401) == (VARIANT == "blacklist")
    assert tablet.sign_out() == 200  # before it was exchanged
    assert tablet.refresh() == tablet.verify("refresh") == tablet.sign_out() == 401
    assert television.refresh() == 200
    assert television.sign_out() == 200
    assert television.refresh() == television.verify("access") == television.me() == 401
    signed_in = television.sign_in(*CREDENTIALS)
    assert signed_in.keys() == {"access", "refresh", "username"}
    assert claims(television)["plan"] == "free"
    names = run_block(GUIDE, "def end_api_sessions", {})
    other = User.objects.create_user("bob", password="hopper-1906")
    assert names["end_api_sessions"](other) == 0
    assert phone.refresh() == 200


def claims(client):
    return jwt.decode(client.store["access"], options={"verify_signature": False})


def removed_too_early(phone, tablet, lost, forgotten, television):
    """Without the app, but with its tables."""
    assert "auth_sessions.W031" in findings()
    with contextlib.suppress(DatabaseError), transaction.atomic():
        User.objects.get(username="ada").delete()
        connection.check_constraints()
        raise AssertionError("nothing keeps the user")


def undo(phone, tablet, lost, forgotten, television):
    """What the guide says before both apps are removed."""
    run_commands("migrate auth_sessions_simplejwt zero")
    assert phone.refresh() == 200
    phone.sign_in(*CREDENTIALS)


def gone(phone, tablet, lost, forgotten, television):
    """The project as it was, without the apps and their tables."""
    assert not [name for name in connection.introspection.table_names() if name.startswith("auth_sessions")]
    assert phone.refresh() == 200
    assert phone.me()["user"] == "ada"
    User.objects.all().delete()


def leave(phone, tablet, lost, forgotten, television):
    """What the guide says, by settings that have the app."""
    run_commands("OutstandingToken as T")
    run_commands("migrate token_blacklist zero")


def run_commands(containing):
    """Those of the one block of the guide with these words."""
    [block] = [block for block in blocks(GUIDE, "console") if containing in block]
    for line in block.splitlines():
        command = shlex.split(line)
        assert command[:2] == ["python", "manage.py"]
        call_command(*command[2:], verbosity=0)


def left(phone, tablet, lost, forgotten, television):
    """Without the app and its tables."""
    assert "auth_sessions.W031" not in findings()
    assert phone.refresh() == 200
    assert phone.me()["user"] == "ada"
    assert tablet.refresh() == 401
    User.objects.get(username="bob").delete()


def back(phone, tablet, lost, forgotten, television):
    """The project as it was, but for both apps."""
    call_command("migrate", verbosity=0)
    assert (phone.me() != 401) == (VARIANT in ("plain", "rotating"))  # until it expires
    assert forgotten.refresh() == 200  # it was away, and has noticed nothing
    if VARIANT in ("rotating", "blacklist"):
        assert phone.refresh() == 401
    phone.sign_in(*CREDENTIALS)
    assert phone.refresh() == 200
    assert phone.me()["user"] == "ada"


if __name__ == "__main__":
    step, path = sys.argv[1], Path(sys.argv[2])
    stores = json.loads(path.read_text()) if path.exists() else {}
    globals()[step](**clients(stores))
    path.write_text(json.dumps(stores))
