"""The policy ``"off"``: no reuse is detected, for clients that never store a new refresh token."""

import pytest

from auth_sessions.models import RefreshToken, Session
from tests.support.device import code

pytestmark = pytest.mark.usefixtures("rest_only")


@pytest.fixture(autouse=True)
def _policy(settings):
    settings.AUTH_SESSIONS_REUSE_POLICY = "off"


def use(device):
    """An hour of an app: it refreshes, uses the access token for a while, and forgets the new refresh token."""
    first = device.refresh_token
    answer = device.try_refresh()
    assert answer.status_code == 200
    device.access = answer.json()["access"]
    assert device.me().status_code == 200
    device.refresh_token = first
    return answer.json()["refresh"]


def test_a_client_that_never_stores_the_new_token(clock, laptop):
    """It is used for longer than the idle timeout, and nothing rotates."""
    given = set()
    for _ in range(20):
        given.add(use(laptop))
        clock.shift(24 * 3600)
    assert len(given) == 1
    assert RefreshToken.objects.get().generation == 1


def test_where_nothing_but_the_refresh_shows_its_use(clock, laptop):
    for _ in range(20):
        assert laptop.try_refresh().status_code == 200
        clock.shift(24 * 3600)


def test_any_earlier_token_is_answered_with_the_current_one(clock, laptop):
    old = [laptop.copy()]
    for _ in range(3):
        laptop.refresh()
        old.append(laptop.copy())
        clock.shift(60)
    assert {device.try_refresh().json()["refresh"] for device in old[:-1]} == {laptop.refresh_token}
    assert RefreshToken.objects.get().generation == 3


def test_a_forged_or_signed_out_one_is_refused(laptop, phone):
    laptop.refresh()
    assert laptop.sign_out("local").status_code == 204
    assert code(laptop.try_refresh()) == (401, "session_not_found")
    token = RefreshToken.objects.get()
    RefreshToken.objects.update(secret=b"x" * 32)
    assert token.pk
    assert code(phone.try_refresh()) == (401, "token_not_valid")


def test_it_signs_out_by_the_token_it_has(clock, laptop):
    use(laptop)
    clock.shift(60)
    laptop.access = None
    assert laptop.post("sign-out/", {"refresh": laptop.refresh_token, "scope": "local"}).status_code == 204
    assert not Session.objects.exists()


def test_the_log_names_it_once(clock, ada, laptop, phone, security_log):
    for _ in range(5):
        use(laptop)
        clock.shift(60)
        laptop.me()
        phone.refresh()
        clock.shift(3600)
    [line] = security_log.of("refresh_token_reuse_answered")
    assert (line["session"], line["user"]) == (laptop.session_id, str(ada.pk))
    assert laptop.refresh_token not in str(security_log.of())


def test_under_the_default_the_log_says_why_a_session_ended(clock, ada, laptop, security_log, settings):
    settings.AUTH_SESSIONS_REUSE_POLICY = "confirmed"
    thief = laptop.copy()
    for _ in range(2):
        laptop.refresh()
        clock.shift(60)
    assert code(thief.try_refresh()) == (401, "refresh_token_already_used")
    [line] = security_log.of("refresh_token_reused")
    assert (line["session"], line["user"], line["generation"]) == (laptop.session_id, str(ada.pk), 0)
