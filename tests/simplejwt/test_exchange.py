"""Old refresh tokens are exchanged for sessions, each once."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from rest_framework_simplejwt.utils import get_md5_hash_password

from auth_sessions import api
from auth_sessions.choices import EndReason, Scope
from auth_sessions.contrib.simplejwt.exchange import refuse_old_tokens
from auth_sessions.contrib.simplejwt.models import ExchangedToken, RefusedTokens
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import session_started
from tests.support.device import Device, code
from tests.support.isolation import LEVELS, set_level
from tests.support.races import ROUNDS, statuses, together
from tests.support.simplejwt import NO_ACCOUNT, NOT_VALID, STRIPPED, Client, old_refresh_token


class TestOnce:
    def test_it_becomes_a_session(self, ada, client_of_ada):
        old = client_of_ada.refresh_token
        assert client_of_ada.refresh().status_code == 200
        assert client_of_ada.refresh_token != old
        session = Session.objects.get()
        assert session.user == ada
        assert session.authenticated_at is None
        assert client_of_ada.me().status_code == 200

    def test_it_goes_on_as_any_other(self, clock, client_of_ada):
        for generation in (1, 2, 3):
            assert client_of_ada.refresh().status_code == 200
            assert RefreshToken.objects.get().generation == generation
            clock.shift(60)
        assert Session.objects.count() == 1

    def test_it_is_in_the_list_and_signed_out_with_the_others(self, ada, client_of_ada):
        client_of_ada.refresh()
        phone = Device().sign_in(ada, STRIPPED)
        assert len(phone.sessions()) == 2
        phone.sign_out("others")
        assert client_of_ada.me().status_code == 401
        assert code(client_of_ada.refresh()) == NOT_VALID

    def test_the_last_login_stays_and_the_session_is_announced(self, ada, client_of_ada):
        started = []
        session_started.connect(lambda session, **kwargs: started.append(session), weak=False, dispatch_uid="t")
        client_of_ada.refresh()
        client_of_ada.present()
        session_started.disconnect(dispatch_uid="t")
        ada.refresh_from_db()
        assert ada.last_login is None
        assert started == [Session.objects.get()]

    def test_before_its_time(self, clock, ada):
        """``nbf``, which simplejwt verifies as well."""
        client = Client().holding(old_refresh_token(ada, nbf=int(timezone.now().timestamp()) + 10))
        assert code(client.present()) == NOT_VALID
        clock.shift(10)
        assert client.present().status_code == 200

    @pytest.mark.slow
    @pytest.mark.parametrize("level", LEVELS, ids=lambda level: level or "default level")
    def test_twenty_clients_at_once(self, ada, monkeypatch, level):
        set_level(monkeypatch, level)
        for _ in range(ROUNDS):
            token = old_refresh_token(ada)
            answers = together(*[lambda token=token: Client().holding(token).present()] * 20)
            assert set(statuses(answers)) == {200}
            assert len({answer.json()["refresh"] for answer in answers}) == 1
            assert Session.objects.count() == ExchangedToken.objects.count() == 1
            Session.objects.all().delete()
            ExchangedToken.objects.all().delete()
        connection.close()

    def test_a_sign_out_at_the_same_moment(self, ada):
        """One of them was first: either way nobody is signed in afterwards, or may ever be."""
        for _ in range(ROUNDS):
            token = old_refresh_token(ada)
            client = Client().holding(token)
            together(client.present, Client().holding(token).blacklist)
            assert not Session.objects.exists()
            assert code(Client().holding(token).present()) == NOT_VALID

    @pytest.mark.usefixtures("any_transaction_mode")
    def test_whoever_ended_stays_so(self, clock, ada, client_of_ada, old_token):
        client_of_ada.refresh()
        Session.objects.all().end(reason=EndReason.REVOKED)
        clock.shift(3600)
        assert code(Client().holding(old_token).present()) == NOT_VALID
        assert not Session.objects.exists()


class TestReuse:
    """The old token is the parent of the first refresh token that was given for it."""

    @pytest.fixture(params=["confirmed", "strict", "lenient", "off"])
    def policy(self, request, settings):
        settings.AUTH_SESSIONS_REUSE_POLICY = request.param
        return request.param

    @pytest.fixture
    def thief(self, old_token):
        return Client().holding(old_token)

    def test_an_answer_that_was_lost(self, clock, policy, client_of_ada):
        first = client_of_ada.present().json()["refresh"]
        clock.shift(9)
        assert client_of_ada.present().json()["refresh"] == first
        clock.shift(60)
        answer = client_of_ada.present()
        assert (answer.status_code == 200) == (policy != "strict")
        assert answer.status_code == 401 or answer.json()["refresh"] == first

    def test_a_thief_after_the_child_was_used(self, clock, policy, client_of_ada, thief):
        client_of_ada.refresh()
        clock.shift(12)
        assert client_of_ada.me().status_code == 200
        is_found = policy in ("confirmed", "strict")
        assert (code(thief.present()) == NOT_VALID) == is_found
        assert Session.objects.exists() != is_found

    def test_a_thief_after_the_child_was_refreshed(self, clock, policy, client_of_ada, thief):
        for _ in range(2):
            client_of_ada.refresh()
            clock.shift(11)
        is_found = policy != "off"
        assert (code(thief.present()) == NOT_VALID) == is_found
        assert Session.objects.exists() != is_found

    def test_a_client_that_never_keeps_the_new_token(self, clock, policy, client_of_ada):
        """Simplejwt does not rotate by default, and then sends none."""
        kept = True
        for _ in range(10):
            answer = client_of_ada.present()
            kept = kept and answer.status_code == 200
            if kept:
                client_of_ada.access = answer.json()["access"]
                clock.shift(60)
                assert client_of_ada.me().status_code == 200
            clock.shift(240)
        assert kept == (policy in ("lenient", "off"))


class TestRefused:
    def test_an_inactive_user(self, ada, client_of_ada):
        get_user_model().objects.update(is_active=False)
        assert code(client_of_ada.present()) == NO_ACCOUNT
        get_user_model().objects.update(is_active=True)
        assert client_of_ada.present().status_code == 200

    def test_a_user_who_is_gone(self, ada, client_of_ada):
        ada.delete()
        assert code(client_of_ada.present()) == NO_ACCOUNT

    def test_a_user_whom_the_backend_does_not_know(self, ada, client_of_ada, settings):
        settings.AUTHENTICATION_BACKENDS = ["tests.host.backends.RefusesStaff"]
        get_user_model().objects.update(is_staff=True)
        assert code(client_of_ada.present()) == NO_ACCOUNT

    @pytest.mark.parametrize("user_id", ["", "x", "\0", None, [], {}, 10**30, "-1"], ids=repr)
    def test_an_id_that_is_nobodys(self, ada, user_id):
        token = old_refresh_token(ada, user_id=user_id)
        assert Client().holding(token).present().status_code == 401

    def test_its_time_is_over(self, clock, ada, client_of_ada):
        clock.shift(timedelta(days=1))
        assert code(client_of_ada.present()) == NOT_VALID

    def test_another_key(self, ada, settings):
        token = old_refresh_token(ada)
        settings.SIMPLE_JWT = {"SIGNING_KEY": "another-key-that-is-long-enough-for-hs256-and-more"}
        assert code(Client().holding(token).present()) == NOT_VALID

    def test_an_earlier_key(self, ada, settings):
        token = old_refresh_token(ada)
        settings.SIMPLE_JWT = {"SIGNING_KEY": "another-key-that-is-long-enough-for-hs256-and-more"}
        settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [("HS256", settings.SECRET_KEY)]
        assert Client().holding(token).present().status_code == 200

    @pytest.mark.parametrize("missing", ["exp", "iat", "jti", "token_type", "user_id"])
    def test_a_claim_is_missing(self, ada, missing):
        token = old_refresh_token(ada)
        access = token.access_token
        del token.payload[missing]
        client = Client().holding(old_refresh_token(ada))
        client.access, client.refresh_token = str(access), str(token)
        assert code(client.present()) == NOT_VALID

    def test_other_tokens(self, ada, client_of_ada, laptop):
        """Neither an old access token nor ours refreshes, nor what only looks like an old token."""
        for token in (client_of_ada.access, laptop.access, "x", "", "a.b.c"):
            client_of_ada.refresh_token = token
            assert client_of_ada.present().status_code in (400, 401)
        assert Session.objects.count() == 1

    def test_a_session_in_an_old_token(self, ada, laptop):
        token = old_refresh_token(ada, session_id=laptop.session_id)
        assert code(Client().holding(token).present()) == NOT_VALID

    def test_after_the_day_that_the_project_names(self, clock, ada, client_of_ada, settings):
        settings.AUTH_SESSIONS_SIMPLEJWT_UNTIL = timezone.now() + timedelta(hours=1)
        assert client_of_ada.present().status_code == 200
        clock.shift(3600)
        assert code(client_of_ada.present()) == NOT_VALID
        assert code(Client().holding(old_refresh_token(ada)).present()) == NOT_VALID

    def test_the_password_that_the_token_names(self, ada):
        """As ``CHECK_REVOKE_TOKEN`` has it: MD5 of the stored hash."""
        right = old_refresh_token(ada, hash_password=get_md5_hash_password(ada.password))
        assert Client().holding(right).present().status_code == 200
        for wrong in (get_md5_hash_password("x"), "", 7):
            token = old_refresh_token(ada, hash_password=wrong)
            assert code(Client().holding(token).present()) == NOT_VALID

    def test_the_limit(self, ada, laptop, client_of_ada, settings):
        settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, "refuse"
        assert code(client_of_ada.present()) == (403, "session_limit_reached")
        laptop.sign_out("local")
        assert client_of_ada.present().status_code == 200


class TestSignedOutEverywhere:
    """What was not exchanged yet ends as well."""

    @pytest.mark.parametrize("scope", ["global", "others"])
    def test_by_the_person(self, ada, client_of_ada, laptop, scope):
        assert laptop.sign_out(scope).status_code == 204
        assert code(client_of_ada.present()) == NOT_VALID
        assert laptop.is_signed_in() == (scope == "others")

    def test_not_by_a_sign_out_of_another_device(self, ada, client_of_ada, laptop):
        laptop.sign_out("local")
        assert client_of_ada.present().status_code == 200

    def test_not_by_that_of_another_person(self, bob, client_of_ada):
        Device().sign_in(bob).sign_out("global")
        assert client_of_ada.present().status_code == 200

    def test_not_by_a_session_that_has_ended(self, ada, client_of_ada, laptop):
        session = Session.objects.get()
        laptop.sign_out("local")
        with pytest.raises(api.exceptions.SessionNotFound):
            api.sign_out(session, Scope.GLOBAL)
        assert client_of_ada.present().status_code == 200

    def test_by_the_staff(self, ada, client_of_ada, staff_device):
        assert staff_device.post(f"users/{ada.pk}/sign-out/").status_code == 204
        assert code(client_of_ada.present()) == NOT_VALID

    @pytest.mark.parametrize("has_session", [True, False])
    def test_by_the_staff_in_the_admin(self, ada, client_of_ada, staff_client, has_session):
        if has_session:
            Device().sign_in(ada, STRIPPED)
        asked = staff_client.ask("sign_out_everywhere", [ada]).content.decode()
        assert f"This ends {int(has_session)} session" in " ".join(asked.split())
        staff_client.confirm("sign_out_everywhere", [ada])
        assert code(client_of_ada.present()) == NOT_VALID

    def test_by_a_new_password(self, ada, client_of_ada):
        ada.set_password("another 1816")
        ada.save()
        assert code(client_of_ada.present()) == NOT_VALID

    def test_not_by_a_new_password_that_ends_no_token_session(self, ada, client_of_ada, settings):
        settings.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS = ["browser"]
        ada.set_password("another 1816")
        ada.save()
        assert client_of_ada.present().status_code == 200

    def test_by_a_new_password_from_one_of_the_devices(self, ada, client_of_ada, laptop):
        api.change_password(ada, "another 1816", keep=Session.objects.get())
        assert laptop.is_signed_in()
        assert code(client_of_ada.present()) == NOT_VALID

    def test_by_the_project(self, ada, bob, client_of_ada):
        refuse_old_tokens([ada.pk, bob.pk])
        refuse_old_tokens([ada.pk])
        assert code(client_of_ada.present()) == NOT_VALID
        assert RefusedTokens.objects.count() == 2

    def test_nothing_is_written_when_no_old_token_is_accepted(self, laptop, settings):
        settings.AUTH_SESSIONS_SIMPLEJWT_UNTIL = timezone.now()
        laptop.sign_out("global")
        assert not RefusedTokens.objects.exists()

    def test_a_later_token(self, clock, ada):
        """While old processes still run beside the new ones."""
        refuse_old_tokens([ada.pk])
        clock.shift(2)
        assert Client().holding(old_refresh_token(ada)).present().status_code == 200

    def test_many_at_once(self, ada):
        together(*[lambda: refuse_old_tokens([ada.pk])] * 10)
        assert RefusedTokens.objects.count() == 1

    def test_the_row_goes_with_the_user(self, ada):
        refuse_old_tokens([ada.pk])
        ada.delete()
        assert not RefusedTokens.objects.exists()

    def test_nothing_is_written_of_a_user_who_was_deleted_meanwhile(self, ada, bob):
        key = ada.pk
        ada.delete()
        refuse_old_tokens([key, bob.pk])
        assert RefusedTokens.objects.get().user == bob


class TestCleanUp:
    def test_expired_tokens_are_forgotten(self, clock, ada, client_of_ada):
        client_of_ada.refresh()
        Client().holding(old_refresh_token(ada, lifetime=timedelta(days=9))).blacklist()
        clock.shift(timedelta(days=3))
        call_command("clearauthsessions", dry_run=True)
        assert ExchangedToken.objects.count() == 2
        call_command("clearauthsessions")
        assert ExchangedToken.objects.count() == 1
        assert Session.objects.count() == 1

    def test_a_token_that_was_signed_out_is_known_for_the_leeway(self, clock, client_of_ada, settings):
        settings.SIMPLE_JWT = {"LEEWAY": timedelta(days=3)}
        assert client_of_ada.blacklist().status_code == 200
        clock.shift(timedelta(days=2, hours=1))
        call_command("clearauthsessions")
        assert code(client_of_ada.present()) == NOT_VALID


def test_a_project_without_a_claim_for_the_type(ada, settings):
    """It has a ``jti``, or nothing would tell it from an access token."""
    settings.SIMPLE_JWT = {"TOKEN_TYPE_CLAIM": None}
    token = old_refresh_token(ada)
    kind = token.payload.pop("token_type")
    client = Client()
    client.refresh_token = str(token)
    assert code(client.present()) == NOT_VALID
    token.payload["null"] = kind  # how simplejwt writes it
    client.refresh_token = str(token)
    first = client.present()
    assert first.status_code == 200
    assert client.present().json()["refresh"] == first.json()["refresh"]


def test_a_project_without_an_id(ada, settings):
    settings.SIMPLE_JWT = {"JTI_CLAIM": None}
    token = old_refresh_token(ada)
    token.payload["null"] = token.payload.pop("jti")
    client = Client()
    client.refresh_token = str(token)
    first = client.present()
    assert first.status_code == 200
    assert client.present().json()["refresh"] == first.json()["refresh"]


def test_neither_a_type_nor_an_id(ada, settings):
    """As simplejwt signs it: both claims have no name, and the second replaces the first. E031 says so."""
    settings.SIMPLE_JWT = {"TOKEN_TYPE_CLAIM": None, "JTI_CLAIM": None}
    token = old_refresh_token(ada)
    client = Client()
    for value in (token.payload.pop("token_type"), token.payload.pop("jti")):
        token.payload["null"] = value
        client.refresh_token = str(token)
        assert code(client.present()) == NOT_VALID
