"""The sign-in by a mailed link of docs/magic-link.md: it works once, also for many who open it at the same time."""

import pytest

from auth_sessions.models import Session
from example_project.views import magic_link_token
from tests.support.device import Device, code
from tests.support.races import together

REFUSED = (401, "no_active_account")


def open_link(link):
    return Device().client.post("/api/magic-link/", {"token": link})


@pytest.mark.parametrize("has_signed_in_before", [False, True])
def test_it_works_once(ada, has_signed_in_before):
    if has_signed_in_before:
        Device().sign_in(ada)
        ada.refresh_from_db()
    link = magic_link_token(ada)
    answer = open_link(link)
    assert answer.status_code == 200
    assert Device().keep(answer).me().status_code == 200
    assert Session.objects.order_by("pk").last().amr == ["otp"]
    assert code(open_link(link)) == REFUSED


@pytest.mark.parametrize("has_signed_in_before", [False, True])
def test_eight_at_once_give_one_sign_in(ada, has_signed_in_before):
    if has_signed_in_before:
        Device().sign_in(ada)
        ada.refresh_from_db()
    Session.objects.all().delete()
    link = magic_link_token(ada)
    answers = together(*[lambda: open_link(link)] * 8)
    assert sorted(answer.status_code for answer in answers) == [200, *[401] * 7]
    assert Session.objects.count() == 1


def test_what_is_refused(ada, clock):
    link = magic_link_token(ada)
    assert code(open_link("junk")) == REFUSED
    clock.shift(601)
    assert code(open_link(link)) == REFUSED
    clock.shift(-601)
    type(ada).objects.update(is_active=False)
    assert code(open_link(link)) == REFUSED
    type(ada).objects.all().delete()
    assert code(open_link(link)) == REFUSED
    assert not Session.objects.exists()
