"""Codes of a hand-over in real threads, on real connections: one browser is signed in, and none without its app."""

from functools import partial

import pytest

from auth_sessions import api
from auth_sessions.choices import SessionKind
from auth_sessions.models import Session
from auth_sessions.signals import sessions_ending
from tests.support.device import Device
from tests.support.hand_over import Website, ask
from tests.support.host import has_browsers
from tests.support.races import ROUNDS, statuses, together
from tests.support.related import receiving

pytestmark = [pytest.mark.slow, has_browsers, pytest.mark.usefixtures("any_transaction_mode")]


INTERRUPTED = 400
"""Django's answer where it cannot save its session any more: the sign-out has deleted it before the response."""


def signed_in(websites):
    return [website for website in websites if website.is_signed_in()]


def test_twenty_browsers_with_one_code(make_user):
    for number in range(ROUNDS):
        app = Device().sign_in(make_user(f"ada{number}"))
        code = ask(app)
        websites = [Website() for _ in range(20)]
        pages = [website.opens(code) for website in websites]
        presses = [partial(website.presses, page) for website, page in zip(websites, pages, strict=True)]
        assert sorted(statuses(together(*presses))) == [302] + [410] * 19
        assert len(signed_in(websites)) == 1
        assert Session.objects.filter(kind=SessionKind.BROWSER, depends_on=app.session_id).count() == 1


WAYS = {
    "local": lambda app, other, user: app.sign_out("local"),
    "others": lambda app, other, user: other.sign_out("others"),
    "global": lambda app, other, user: other.sign_out("global"),
    "delete by id": lambda app, other, user: other.delete(f"sessions/{app.session_id}/"),
    "delete()": lambda app, other, user: Session.objects.filter(pk=app.session_id).delete(),
    "new password": lambda app, other, user: api.change_password(user, "changed"),
    "user deleted": lambda app, other, user: user.delete(),
}


@pytest.mark.parametrize("way", WAYS)
def test_redemptions_against_the_end_of_the_app(make_user, way):
    for number in range(ROUNDS):
        user = make_user(f"ada{number}")
        app, other, websites = Device().sign_in(user), Device().sign_in(user), [Website() for _ in range(2)]
        websites[0].takes_over(app)  # who has been there before
        page = websites[1].opens(ask(app))
        end = partial(WAYS[way], app, other, user)
        pressed, _ = together(partial(websites[1].presses, page), end, jitter=0.02)
        assert pressed.status_code in {302, 410, INTERRUPTED}
        assert signed_in(websites) == []
        assert not Session.objects.filter(kind=SessionKind.BROWSER).exists()


def test_a_code_for_each_request(make_user):
    """Twenty requests of one app at once: one code is good, the one that was stored last."""
    for number in range(ROUNDS):
        app = Device().sign_in(make_user(f"ada{number}"))
        copies = [app.copy() for _ in range(20)]
        codes = together(*[partial(ask, copy) for copy in copies])
        assert sorted(Website().opens(code).status_code for code in codes) == [200] + [410] * 19


def test_a_sign_out_that_holds_the_app_first(make_user):
    """The redemption has read the app's session, and waits for its row."""
    user = make_user("ada")
    app, website = Device().sign_in(user), Website()
    page = website.opens(ask(app))
    answers = []

    def press_meanwhile(**event):
        answers.append(website.opens("x").status_code)

    with receiving(press_meanwhile, sessions_ending, of=Session):
        ended, pressed = together(partial(app.sign_out, "local"), partial(website.presses, page))
    assert ended.status_code == 204
    assert pressed.status_code in {302, 410, INTERRUPTED}
    assert not website.is_signed_in()
    assert not Session.objects.exists()


def test_many_browsers_of_one_app(make_user):
    """Redeemed one after the other, and signed out at once by all of them."""
    user = make_user("ada")
    app = Device().sign_in(user)
    websites = [Website().takes_over(app) for _ in range(6)]
    ends = [partial(api.sign_out, website.row, "local") for website in websites]
    together(partial(app.copy().sign_out, "local"), *ends, partial(app.copy().sign_out, "global"))
    assert not Session.objects.exists()
