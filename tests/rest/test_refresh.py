"""What a refresh answers, by two clients that may share one stolen token."""

from datetime import timedelta

import jwt
import pytest
from django.utils import timezone

from auth_sessions import api, signals
from auth_sessions.devices.device import Client
from auth_sessions.exceptions import RefreshTokenAlreadyUsed
from auth_sessions.models import RefreshToken, Session
from auth_sessions.tokens import SessionRefreshToken
from tests.support.device import IPHONE, MACBOOK, code

REUSED = (401, "refresh_token_already_used")
GONE = (401, "session_not_found")

pytestmark = pytest.mark.usefixtures("any_transaction_mode")


@pytest.fixture
def reported():
    """Reasons of ended sessions, and reused generations, as the signals report them."""
    events = []

    def ended(sessions, reason, **kwargs):
        events.append((reason.value, len(sessions)))

    def reused(session, generation, **kwargs):
        events.append(("theft seen", generation))

    signals.sessions_ended.connect(ended)
    signals.refresh_token_reused.connect(reused)
    yield events
    signals.sessions_ended.disconnect(ended)
    signals.refresh_token_reused.disconnect(reused)


@pytest.fixture
def presenters():
    """The holders of reused tokens, and who presented them, as the signal reports them."""
    events = []

    def reused(holder, presenter, **kwargs):
        events.append((holder, presenter))

    signals.refresh_token_reused.connect(reused)
    yield events
    signals.refresh_token_reused.disconnect(reused)


class TestHonestClients:
    def test_the_current_token_rotates(self, clock, laptop):
        first = laptop.refresh_token
        clock.shift(60)
        assert laptop.refresh().status_code == 200
        assert laptop.refresh_token != first
        row = RefreshToken.objects.get()
        assert (row.generation, row.rotated_at) == (1, timezone.now())

    def test_up_to_the_highest_generation_that_the_column_stores(self, clock, laptop):
        RefreshToken.objects.update(generation=2**31 - 2)
        laptop.refresh_token = str(SessionRefreshToken.for_session(Session.objects.get()))
        clock.shift(60)
        assert laptop.refresh().status_code == 200
        assert RefreshToken.objects.get().generation == 2**31 - 1
        assert laptop.me().status_code == 200

    def test_a_second_tab_gets_the_same_child(self, clock, laptop):
        tab = laptop.copy()
        laptop.refresh()
        clock.shift(10)
        assert tab.refresh().status_code == 200
        assert tab.refresh_token == laptop.refresh_token
        assert RefreshToken.objects.get().generation == 1

    def test_the_interval_does_not_slide(self, clock, laptop):
        tab = laptop.copy()
        laptop.refresh()
        rotated_at = RefreshToken.objects.get().rotated_at
        clock.shift(8)
        tab.try_refresh()
        assert RefreshToken.objects.get().rotated_at == rotated_at

    def test_a_lost_answer_is_given_again_at_any_time(self, clock, laptop):
        lost = laptop.try_refresh().json()
        clock.shift(timedelta(days=2))
        assert laptop.refresh().json()["refresh"] == lost["refresh"]
        assert laptop.me().status_code == 200

    def test_an_answer_lost_again_and_again(self, clock, laptop):
        for _ in range(5):
            laptop.try_refresh()
            clock.shift(3600)
        assert laptop.refresh().status_code == 200
        assert RefreshToken.objects.get().generation == 1

    def test_early_use_of_the_child_does_not_count(self, clock, laptop):
        """The page was rendered with the new token, but its cookie was lost."""
        page = laptop.copy()
        page.refresh()
        clock.shift(10)
        assert page.me().status_code == 200
        clock.shift(3600)
        assert laptop.refresh().status_code == 200
        assert laptop.refresh_token == page.refresh_token

    def test_the_child_goes_on(self, clock, laptop):
        for generation in range(1, 6):
            clock.shift(300)
            assert laptop.refresh().status_code == 200
            assert laptop.me().status_code == 200
            assert RefreshToken.objects.get().generation == generation


class TestThieves:
    def test_a_copy_used_after_the_owner_ends_the_session(self, clock, laptop, phone, reported):
        thief = laptop.copy()
        laptop.refresh()
        clock.shift(12)
        assert laptop.me().status_code == 200
        assert code(thief.refresh()) == REUSED
        assert code(laptop.me()) == GONE
        assert code(laptop.refresh()) == GONE
        assert phone.me().status_code == 200
        assert reported == [("refresh_token_reused", 1), ("theft seen", 0)]

    def test_the_owner_coming_after_the_thief_ends_the_session(self, clock, laptop, reported):
        thief = laptop.copy()
        thief.refresh()
        clock.shift(12)
        assert thief.me().status_code == 200
        assert code(laptop.refresh()) == REUSED
        assert code(thief.me()) == GONE
        assert reported == [("refresh_token_reused", 1), ("theft seen", 0)]

    def test_the_next_refresh_shows_the_child_in_use(self, clock, laptop):
        thief = laptop.copy()
        laptop.refresh()
        clock.shift(11)
        laptop.refresh()
        assert code(thief.refresh()) == REUSED
        assert code(laptop.refresh()) == GONE

    def test_a_grandparent_is_theft_within_the_interval_too(self, clock, laptop):
        thief = laptop.copy()
        laptop.refresh()
        clock.shift(11)
        laptop.refresh()
        clock.shift(1)
        assert code(thief.refresh()) == REUSED

    def test_use_of_a_child_given_again_counts_from_the_issue_of_its_access_token(self, clock, laptop):
        thief = laptop.copy()
        laptop.try_refresh()
        clock.shift(60)
        laptop.refresh()
        assert laptop.me().status_code == 200
        assert thief.copy().refresh().status_code == 200
        clock.shift(12)
        assert laptop.me().status_code == 200
        assert code(thief.refresh()) == REUSED

    def test_the_signal_says_who_held_the_token_and_who_presented_it(self, clock, laptop, presenters):
        thief = laptop.steal(user_agent=IPHONE)
        thief.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
        laptop.refresh()
        clock.shift(12)
        laptop.me()
        used_at = timezone.now()
        clock.shift(5)
        assert code(thief.refresh()) == REUSED
        holder = Client(user_agent=MACBOOK, address="127.0.0.1", seen_at=used_at)
        presenter = Client(user_agent=IPHONE, address="203.0.113.9", seen_at=timezone.now())
        assert presenters == [(holder, presenter)]

    def test_without_a_request_nothing_is_known_of_the_presenter(self, clock, laptop, presenters):
        thief = laptop.copy()
        laptop.refresh()
        clock.shift(12)
        laptop.me()
        with pytest.raises(RefreshTokenAlreadyUsed):
            api.refresh(thief.refresh_token)
        [(holder, presenter)] = presenters
        assert holder.user_agent == MACBOOK
        assert presenter == Client(user_agent="", address=None, seen_at=timezone.now())

    def test_the_end_survives_whatever_the_request_does(self, clock, laptop):
        """DRF marks the transaction to be rolled back on an error answer; the session must not rise again."""
        thief = laptop.copy()
        laptop.refresh()
        clock.shift(11)
        laptop.refresh()
        assert code(thief.refresh()) == REUSED
        assert not Session.objects.exists()
        assert not RefreshToken.objects.exists()

    def test_the_project_exception_handler_shapes_the_answer(self, clock, laptop, settings):
        settings.REST_FRAMEWORK = {
            **settings.REST_FRAMEWORK,
            "EXCEPTION_HANDLER": "tests.host.exception_handlers.problem",
        }
        thief = laptop.copy()
        laptop.refresh()
        clock.shift(11)
        laptop.refresh()
        answer = thief.refresh()
        assert (answer.status_code, answer.json()) == (401, {"problem": "refresh_token_already_used"})
        assert not Session.objects.exists()


class TestLenientPolicy:
    @pytest.fixture(autouse=True)
    def _lenient(self, settings):
        settings.AUTH_SESSIONS_REUSE_POLICY = "lenient"

    def test_the_previous_token_is_good_at_any_time(self, clock, laptop):
        other = laptop.copy()
        laptop.refresh()
        clock.shift(60)
        laptop.me()
        clock.shift(timedelta(days=3))
        assert other.refresh().json()["refresh"] == laptop.refresh_token

    def test_an_older_one_is_still_theft(self, clock, laptop):
        other = laptop.copy()
        laptop.refresh()
        clock.shift(11)
        laptop.refresh()
        assert code(other.refresh()) == REUSED


class TestTheTokenItself:
    def test_one_generation_is_the_same_bytes(self, clock, laptop):
        tab = laptop.copy()
        answers = {laptop.try_refresh().json()["refresh"]}
        for seconds in (1, 5, 600):
            clock.shift(seconds)
            answers.add(tab.try_refresh().json()["refresh"])
        assert len(answers) == 1

    def test_its_claims(self, clock, laptop):
        claims = jwt.decode(laptop.refresh_token, options={"verify_signature": False})
        now = int(timezone.now().timestamp())
        row = RefreshToken.objects.get()
        assert claims == {
            "token_type": "refresh",
            "session_id": laptop.session_id,
            "generation": 0,
            "jti": row.jti_of(0),
            "iat": now,
            "exp": now + 14 * 24 * 3600,
        }

    def test_it_ends_with_its_session(self, clock, settings, ada):
        from tests.support.device import Device

        settings.AUTH_SESSIONS_IDLE_TIMEOUT = None
        expires = jwt.decode(Device().sign_in(ada).refresh_token, options={"verify_signature": False})["exp"]
        assert expires == int(timezone.now().timestamp()) + 30 * 24 * 3600
        settings.AUTH_SESSIONS_LIFETIME = None
        claims = jwt.decode(Device().sign_in(ada).refresh_token, options={"verify_signature": False})
        assert "exp" not in claims

    def test_a_new_access_token_key_signs_nobody_out(self, laptop, settings):
        settings.SIMPLE_JWT = {"SIGNING_KEY": "another key for the access tokens, long enough for anybody"}
        assert code(laptop.me()) == (401, "token_not_valid")
        assert laptop.refresh().status_code == 200
        assert laptop.me().status_code == 200

    def test_an_old_secret_key_is_accepted_as_fallback(self, laptop, settings):
        old = settings.SECRET_KEY
        settings.SECRET_KEY = "the new secret key is just as long as the one that it replaces"
        assert code(laptop.try_refresh()) == (401, "token_not_valid")
        settings.SECRET_KEY_FALLBACKS = ["never used, but listed first, as a project may have it", old]
        assert laptop.refresh().status_code == 200
        assert laptop.me().status_code == 200
        settings.SECRET_KEY_FALLBACKS = []
        assert laptop.refresh().status_code == 200
        assert laptop.me().status_code == 200

    def test_a_copy_of_the_database_is_not_enough(self, laptop):
        row = RefreshToken.objects.get()
        claims = jwt.decode(laptop.refresh_token, options={"verify_signature": False})
        laptop.refresh_token = jwt.encode({**claims, "jti": row.jti_of(0)}, bytes(row.secret), algorithm="HS256")
        assert code(laptop.refresh()) == (401, "token_not_valid")

    @pytest.mark.parametrize("change", [{"generation": 1}, {"jti": "0" * 64}, {"jti": "ü"}, {"generation": 0}])
    def test_the_secret_key_is_not_enough(self, laptop, security_log, change):
        from auth_sessions.tokens import SessionRefreshToken

        forged = SessionRefreshToken()
        claims = jwt.decode(laptop.refresh_token, options={"verify_signature": False})
        forged.payload = {**claims, "jti": "f" * 64, **change}
        genuine, laptop.refresh_token = laptop.refresh_token, str(forged)
        assert code(laptop.refresh()) == (401, "token_not_valid")
        [line] = security_log.of("token_refused")
        assert (line["reason"], line["session"]) == ("refresh_token_forged", laptop.session_id)
        assert genuine not in str(line)
        laptop.refresh_token = genuine
        assert laptop.refresh().status_code == 200
