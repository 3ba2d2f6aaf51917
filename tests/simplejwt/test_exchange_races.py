"""A person is signed out everywhere, or gets a new password, while an old token of theirs is exchanged."""

from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from auth_sessions import api
from auth_sessions.contrib.simplejwt.models import RefusedTokens
from auth_sessions.models import Session
from auth_sessions.signals import sessions_ended
from tests.support.device import Device, code
from tests.support.races import together
from tests.support.simplejwt import NOT_VALID, STRIPPED, Client, during_an_exchange, old_refresh_token

needs_concurrency = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")


def by_staff(ada, laptop, staff_device):
    return staff_device.post(f"users/{ada.pk}/sign-out/")


WAYS = {
    "global": lambda ada, laptop, staff_device: laptop.sign_out("global"),
    "others": lambda ada, laptop, staff_device: laptop.sign_out("others"),
    "staff": by_staff,
}


@needs_concurrency
@pytest.mark.parametrize("way", WAYS)
def test_a_sign_out_during_the_exchange(ada, laptop, staff_device, client_of_ada, way):
    """It waits for the session of the exchange, and ends it."""
    with during_an_exchange(lambda: WAYS[way](ada, laptop, staff_device)) as answers:
        client_of_ada.refresh()
    assert answers[0].status_code == 204
    assert client_of_ada.me().status_code == 401
    assert code(client_of_ada.refresh()) == NOT_VALID


def test_an_exchange_between_the_new_password_and_the_end_of_the_sessions(ada, laptop, client_of_ada):
    def meanwhile(**kwargs):
        sessions_ended.disconnect(dispatch_uid="t")
        client_of_ada.refresh()

    sessions_ended.connect(meanwhile, weak=False, dispatch_uid="t")
    ada.set_password("another 1816")
    ada.save()
    assert client_of_ada.me().status_code == 401


@needs_concurrency
@pytest.mark.slow
def test_a_sign_out_at_the_same_moment(ada):
    survived = 0
    for _ in range(60):
        laptop = Device().sign_in(ada, STRIPPED)
        client = Client().holding(old_refresh_token(ada))
        together(client.refresh, partial(laptop.sign_out, "global"), jitter=0.01)
        survived += Session.objects.count()
        Session.objects.all().delete()
        RefusedTokens.objects.all().delete()
    connection.close()
    assert survived == 0


@needs_concurrency
@pytest.mark.slow
@pytest.mark.parametrize("way", ["save", "api"])
def test_a_new_password_at_the_same_moment(ada, way):
    survived = 0
    for number in range(40):
        get_user_model().objects.update(password=ada.password)
        Device().sign_in(ada, STRIPPED)
        client = Client().holding(old_refresh_token(ada))

        def change(number=number):
            user = get_user_model().objects.get(pk=ada.pk)
            if way == "api":
                api.change_password(user, f"another {number}")
            else:
                user.set_password(f"another {number}")
                user.save()

        together(client.refresh, change, jitter=0.01)
        survived += client.refresh().status_code == 200
        Session.objects.all().delete()
        RefusedTokens.objects.all().delete()
    connection.close()
    assert survived == 0
