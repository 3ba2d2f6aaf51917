"""Who stays signed in after a new password, as the table of docs/reference/python.md says."""

import re

import pytest
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.urls import path

from auth_sessions import api
from tests.support.browser import Browser
from tests.support.device import still_signed_in
from tests.support.documents import page_named
from tests.support.host import has_browsers
from tests.urls import urlpatterns as of_the_host

pytestmark = [pytest.mark.any_database, pytest.mark.urls(__name__), has_browsers]

NEW = "hopper-1906-changed"


def save(request, user):
    user.set_password(NEW)
    user.save()


def save_and_update(request, user):
    save(request, user)
    update_session_auth_hash(request, user)


def change(request, user):
    api.change_password(user, NEW)


def change_and_keep(request, user):
    api.change_password(user, NEW, keep=api.get_session(request))


def change_keep_and_update(request, user):
    change_and_keep(request, user)
    update_session_auth_hash(request, user)


WAYS = {
    "`user.set_password(new)`, then `user.save()`": (save, {"app", "browser"}),
    "the same, then Django's `update_session_auth_hash(request, user)`": (save_and_update, {"browser"}),
    "`api.change_password(user, new)`": (change, {"app", "browser"}),
    "`api.change_password(user, new, keep=api.get_session(request))` from an app": (change_and_keep, {"app"}),
    "the same from a browser, then `update_session_auth_hash(request, user)`": (change_keep_and_update, {"browser"}),
}


def new_password(request, name):
    {work.__name__: work for work, _ in WAYS.values()}[name](request, api.get_session(request).user)
    return HttpResponse()


urlpatterns = [path("new-password/<str:name>/", new_password), *of_the_host]

ROWS = {
    way: (apps, browsers)
    for way, apps, browsers in re.findall(
        r"^\| (.*?) \| (.*?) \| (.*?) \|$", page_named("reference/python"), re.MULTILINE
    )
    if way in WAYS
}


@pytest.mark.parametrize(("way", "asking"), [(way, who) for way, (_, whom) in WAYS.items() for who in sorted(whom)])
def test_who_stays(ada, laptop, phone, way, asking):
    devices = {
        "app": laptop,
        "other app": phone,
        "browser": Browser().sign_in(ada),
        "other browser": Browser().sign_in(ada),
    }
    work, _ = WAYS[way]
    asks = devices[asking]
    assert asks.client.get(f"/new-password/{work.__name__}/", **asks.headers).status_code == 200
    apps, browsers = ROWS[way]
    said = {kind for kind, cell in (("app", apps), ("browser", browsers)) if cell == "the one that asks stays"}
    assert still_signed_in(**devices) == said
