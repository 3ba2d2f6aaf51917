"""Real threads on real connections. What holds on PostgreSQL and MariaDB holds on SQLite as well, one by one."""

import random
from functools import partial

import pytest
from django.contrib.auth import get_user_model

from auth_sessions.core.creation import create_session
from auth_sessions.core.password_changes import change_password
from auth_sessions.models import RefreshToken, Session
from tests.host.models import Draft, PushDevice
from tests.support.device import PASSWORD, Device
from tests.support.races import LONG_AGO, ROUNDS, statuses, together
from tests.support.sessions import clear_expired

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("any_transaction_mode")]


def test_twenty_clients_refresh_one_token(laptop):
    clients = [laptop.copy() for _ in range(20)]
    answers = together(*[client.refresh for client in clients])
    assert statuses(answers) == [200] * 20
    assert len({client.refresh_token for client in clients}) == 1
    assert RefreshToken.objects.get().generation == 1
    assert {client.me().status_code for client in clients} == {200}


WAYS = {
    "local": lambda laptop, phone, user: laptop.sign_out("local"),
    "others": lambda laptop, phone, user: phone.sign_out("others"),
    "global": lambda laptop, phone, user: phone.sign_out("global"),
    "delete by id": lambda laptop, phone, user: phone.delete(f"sessions/{laptop.session_id}/"),
    "password change": lambda laptop, phone, user: change_password(user, "changed"),
    "password saved": lambda laptop, phone, user: (user.set_password("changed"), user.save()),
    "user deleted": lambda laptop, phone, user: user.delete(),
}


@pytest.mark.parametrize("way", WAYS)
def test_refresh_against_an_end(make_user, way):
    for number in range(ROUNDS):
        user = make_user(f"ada{number}")
        laptop, phone = Device().sign_in(user), Device().sign_in(user)
        PushDevice.objects.create(session_id=laptop.session_id, token="t")
        Draft.objects.create(session_key=laptop.session_id)
        tab = laptop.copy()

        end = partial(WAYS[way], laptop.copy(), phone, user)
        answers = together(laptop.refresh, tab.refresh, end, jitter=0.01)
        assert set(statuses(answers[:2])) <= {200, 401}
        for client in (laptop, tab):
            assert client.refresh().status_code == 401
            assert client.me().status_code == 401
        assert not Session.objects.filter(pk=laptop.session_id).exists()
        assert not RefreshToken.objects.filter(pk=laptop.session_id).exists()
        assert not PushDevice.objects.filter(session_id=laptop.session_id).exists()
        assert not Draft.objects.filter(session_key=laptop.session_id).exists()


def test_all_ways_of_signing_out_at_once(make_user):
    for number in range(ROUNDS):
        user = make_user(f"ada{number}")
        devices = [Device().sign_in(user) for _ in range(6)]
        for device in devices:
            PushDevice.objects.create(session_id=device.session_id, token="t")
        answers = together(
            partial(devices[0].sign_out, "global"),
            partial(devices[1].sign_out, "local"),
            partial(devices[2].sign_out, "others"),
            partial(devices[3].delete, f"sessions/{devices[4].session_id}/"),
            partial(devices[5].sign_out, "global"),
            jitter=0.005,
        )
        assert set(statuses(answers)) <= {204, 401, 404}
        together(*[device.sign_out for device in devices])
        assert not Session.objects.filter(user=user).exists()


@pytest.mark.parametrize("limit_by", ["user", "tag"])
@pytest.mark.parametrize("policy", ["evict_oldest", "refuse"])
def test_fifty_sign_ins_against_a_limit_of_five(make_user, settings, policy, limit_by):
    settings.AUTH_SESSIONS_MAX_PER_USER = 5
    settings.AUTH_SESSIONS_LIMIT_POLICY = policy
    settings.AUTH_SESSIONS_LIMIT_BY = limit_by
    user = make_user("ada")
    most = []

    def sign_in():
        answer = Device().post("token/", {user.USERNAME_FIELD: user.get_username(), "password": PASSWORD})
        most.append(Session.objects.filter(user=user).count())
        return answer

    answers = [answer for _ in range(5) for answer in together(*[sign_in] * 10)]
    assert max(most) <= 5
    assert Session.objects.filter(user=user).count() == 5
    expected = [200] * 50 if policy == "evict_oldest" else [200] * 5 + [403] * 45
    assert sorted(statuses(answers)) == expected


def test_many_sign_ins_without_a_limit(make_user):
    user = make_user("ada")
    answers = together(*[lambda: Device().sign_in(user)] * 10)
    assert {device.me().status_code for device in answers} == {200}


def test_sign_in_against_the_deletion_of_the_user(make_user):
    for number in range(ROUNDS):
        user = make_user(f"ada{number}")

        def sign_in(user=user):
            return Device().post("token/", {user.USERNAME_FIELD: user.get_username(), "password": PASSWORD})

        def delete(user=user):
            get_user_model().objects.get(pk=user.pk).delete()

        answer, _ = together(sign_in, delete, jitter=0.01)
        assert answer.status_code in {200, 401}
        assert not Session.objects.exists()


def test_two_sign_ins_upgrade_one_hash(make_user, settings):
    for number in range(ROUNDS):
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        user = make_user(f"ada{number}")
        phone = Device().sign_in(user)
        settings.PASSWORD_HASHERS = [
            "tests.host.hashers.QuickPBKDF2PasswordHasher",
            "django.contrib.auth.hashers.MD5PasswordHasher",
        ]
        together(lambda user=user: Device().sign_in(user), phone.me, phone.refresh)
        assert phone.me().status_code == 200
        assert phone.refresh().status_code == 200


def test_two_clean_ups_against_users_at_work(make_user):
    """Everybody has a laptop in use and a phone that is over; each third user signs out everywhere."""
    visitor = make_user("visitor")
    others = [create_session(visitor).pk for _ in range(100)]  # MariaDB reads a small table whole to delete from it
    for number in range(ROUNDS):
        users = [make_user(f"ada{number}.{each}") for each in range(6)]
        laptops, phones = ([Device().sign_in(user) for user in users] for _ in range(2))
        over = Session.objects.filter(pk__in=[phone.session_id for phone in phones])
        over.filter(pk__in=[phone.session_id for phone in phones[::2]]).update(expires_at=LONG_AGO)
        over.update(last_seen_at=LONG_AGO)
        RefreshToken.objects.filter(pk__in=over.values("pk")).update(rotated_at=LONG_AGO)

        size = random.randint(1, 9)
        answers = together(
            lambda size=size: clear_expired(batch_size=size),
            lambda size=size: clear_expired(batch_size=100),
            *[device.refresh for device in (*laptops, *phones)],
            *[laptop.me for laptop in laptops],
            *[laptop.copy().sign_out for laptop in laptops[::3]],
            jitter=0.02,
        )
        assert {response.status_code for response in answers[2:]} <= {200, 204, 401}
        assert statuses([laptop.me() for laptop in laptops]) == [401, 200, 200] * 2
        clear_expired()
        assert not over.exists()
        assert Session.objects.filter(pk__in=others).count() == len(others)


def test_each_end_has_one_line(clock, make_user, security_log):
    """However many thieves and sign-outs meet: a session ends once, and is told of once."""
    for number in range(ROUNDS):
        laptop = Device().sign_in(make_user(f"ada{number}"))
        thieves = [laptop.copy() for _ in range(4)]
        for _ in range(2):
            laptop.refresh()
            clock.shift(60)
        security_log.clear()
        together(*[thief.try_refresh for thief in thieves], laptop.sign_out, jitter=0.01)
        assert len(security_log.of("session_ended")) == 1
        assert len(security_log.of("refresh_token_reused")) <= 1
