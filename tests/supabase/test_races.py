"""Real threads on real connections, through the Supabase API."""

from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection

from auth_sessions.models import RefreshToken, Session
from auth_sessions.supabase.models import Profile
from tests.support.device import PASSWORD
from tests.support.isolation import LEVELS, set_level
from tests.support.races import ROUNDS, statuses, together
from tests.support.supabase import SupabaseDevice, add_user, needs_email, written

pytestmark = [pytest.mark.slow, needs_email]


@pytest.fixture(
    params=[
        "autocommit",
        "atomic requests",
        pytest.param(
            "repeatable read",
            marks=pytest.mark.skipif(
                connection.vendor != "mysql",
                reason="MariaDB's own isolation level, in which a second look sees the past.",
            ),
        ),
    ],
    autouse=True,
)
def _transactions(request, monkeypatch):
    if request.param == "repeatable read":
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "isolation_level", "repeatable read")
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    elif request.param == "atomic requests":
        request.getfixturevalue("atomic_requests")


def test_twenty_first_sign_ins_of_one_person(ada):
    devices = [SupabaseDevice() for _ in range(20)]
    answers = together(*[device.try_sign_in for device in devices])
    assert statuses(answers) == [200] * 20
    [profile] = Profile.objects.all()
    assert {device.keep(answer).user_id for device, answer in zip(devices, answers, strict=True)} == {str(profile.uuid)}
    assert {device.claims["sub"] for device in devices} == {str(profile.uuid)}
    assert {device.user().status_code for device in devices} == {200}
    assert Session.objects.count() == 20


def test_the_first_calls_of_a_user_from_before_this_app(ada):
    """Sessions that began when there were no profiles yet: they are made by whichever call comes first."""
    devices = [SupabaseDevice().sign_in() for _ in range(6)]
    Profile.objects.all().delete()
    answers = together(*[device.try_refresh for device in devices])
    assert statuses(answers) == [200] * 6
    [profile] = Profile.objects.all()
    assert {answer.json()["user"]["id"] for answer in answers} == {str(profile.uuid)}


@pytest.mark.parametrize("email", ["eve@example.org", "o'brien@example.org"])
def test_sign_ups_with_one_address(db, transactional_db, settings, email):
    """Also with an address that cannot be the user name: two users with one address could never sign in."""
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    answers = together(*[partial(SupabaseDevice().signup, email) for _ in range(10)])
    assert sorted(statuses(answers)) == [200] + [422] * 9
    assert {answer.json()["error_code"] for answer in answers if answer.status_code == 422} == {"user_already_exists"}
    assert get_user_model().objects.count() == Profile.objects.count() == 1
    assert SupabaseDevice().sign_in(email).user().json()["email"] == email


def test_sign_ups_with_many_addresses(transactional_db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    answers = together(*[partial(SupabaseDevice().signup, f"eve{number}@example.org") for number in range(10)])
    assert statuses(answers) == [200] * 10
    assert Profile.objects.count() == len({answer.json()["user"]["id"] for answer in answers}) == 10


def test_data_written_at_once_is_all_kept(ada):
    devices = [SupabaseDevice().sign_in() for _ in range(4)]
    for turn in range(3):
        calls = [
            partial(device.update, data={f"{turn}-{number}": number, f"{turn - 1}-{number}": None})
            for number, device in enumerate(devices)
        ]
        assert statuses(together(*calls)) == [200] * 4
    assert written(devices[0].user().json()) == {f"2-{number}": number for number in range(4)}


def test_the_first_data_of_a_person_without_a_profile(ada):
    devices = [SupabaseDevice().sign_in() for _ in range(4)]
    Profile.objects.all().delete()
    for device in devices:
        device.try_refresh()
    Profile.objects.all().delete()
    Profile.objects.create(user=ada, uuid=devices[0].user_id)
    calls = [partial(device.update, data={f"key{number}": number}) for number, device in enumerate(devices)]
    assert statuses(together(*calls)) == [200] * 4
    assert len(Profile.objects.get().user_metadata) == 4


@pytest.mark.parametrize("with_profile", [True, False], ids=["with a profile", "without"])
def test_refresh_against_the_deletion_of_the_user(make_user, with_profile):
    """Nothing is left. While a profile is being made, the loser of a deadlock may have to try again."""
    expected = {200, 400, 403} if with_profile else {200, 400, 403, 503}
    for number in range(ROUNDS):
        name = f"ada{number}"
        user = add_user(make_user, name)
        laptop = SupabaseDevice().sign_in(f"{name}@example.org")
        tab = laptop.copy()
        if not with_profile:
            Profile.objects.all().delete()

        def delete(user=user):
            try:
                get_user_model().objects.get(pk=user.pk).delete()
            except OperationalError:
                assert not with_profile
                get_user_model().objects.get(pk=user.pk).delete()

        answers = together(laptop.refresh, tab.user, tab.refresh, delete, jitter=0.01)[:3]
        assert set(statuses(answers)) <= expected, [answer.content for answer in answers]
        assert laptop.refresh().status_code == 400
        assert laptop.user().status_code == 403
        assert not Profile.objects.exists()
        assert not Session.objects.exists()
        assert not RefreshToken.objects.exists()


def test_first_sign_in_against_the_deletion_of_the_user(make_user):
    for number in range(ROUNDS):
        name = f"ada{number}"
        user = add_user(make_user, name)

        def delete(user=user):
            get_user_model().objects.get(pk=user.pk).delete()

        answer, _ = together(partial(SupabaseDevice().try_sign_in, f"{name}@example.org"), delete, jitter=0.01)
        assert answer.status_code in {200, 400}, answer.content
        assert not Profile.objects.exists()
        assert not Session.objects.exists()


def test_data_against_the_deletion_of_the_user(make_user):
    for number in range(ROUNDS):
        name = f"ada{number}"
        user = add_user(make_user, name)
        laptop = SupabaseDevice().sign_in(f"{name}@example.org")

        def delete(user=user):
            get_user_model().objects.get(pk=user.pk).delete()

        calls = (partial(laptop.update, data={"a": 1}), partial(laptop.copy().update, password="quite-new-1906"))
        answers = together(*calls, delete, jitter=0.01)[:2]
        assert set(statuses(answers)) <= {200, 403}, [answer.content for answer in answers]
        assert not get_user_model().objects.exists()
        assert not Profile.objects.exists()
        assert not Session.objects.exists()


def test_two_new_passwords_at_once(make_user):
    """One of them is the password, and whoever set it is signed in."""
    for number in range(ROUNDS):
        name = f"ada{number}"
        add_user(make_user, name)
        email = f"{name}@example.org"
        devices = [SupabaseDevice().sign_in(email) for _ in range(2)]
        passwords = [f"quite-new-{each}" for each in range(2)]
        calls = [partial(device.update, password=password) for device, password in zip(devices, passwords, strict=True)]
        answers = together(*calls, jitter=0.01)
        assert set(statuses(answers)) <= {200, 403}, [answer.content for answer in answers]
        works = [SupabaseDevice().try_sign_in(email, password).status_code == 200 for password in passwords]
        assert sorted(works) == [False, True]
        stays = [device.user().status_code == 200 for device in devices]
        assert stays in ([False, False], works)


def test_twenty_clients_refresh_one_token(ada):
    clients = [SupabaseDevice().sign_in()]
    clients += [clients[0].copy() for _ in range(19)]
    assert statuses(together(*[client.refresh for client in clients])) == [200] * 20
    assert len({client.refresh_token for client in clients}) == 1
    assert RefreshToken.objects.get().generation == 1


def test_all_scopes_at_once(make_user):
    for number in range(ROUNDS):
        email = f"ada{number}@example.org"
        add_user(make_user, f"ada{number}")
        devices = [SupabaseDevice().sign_in(email) for _ in range(5)]
        calls = [
            partial(device.logout, scope)
            for device, scope in zip(devices, ["local", "global", "others", "local", "global"], strict=True)
        ]
        answers = together(*calls, jitter=0.005)
        assert set(statuses(answers)) <= {204, 403}, [answer.content for answer in answers]
        assert statuses(answers)[0] == statuses(answers)[3] == 204


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level or "default level")
@pytest.mark.skipif(connection.vendor == "sqlite", reason="On SQLite one transaction waits for the other.")
def test_sign_ups_at_once(make_user, settings, monkeypatch, level):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    set_level(monkeypatch, level)
    emails = [f"eve{number}@example.org" for number in range(10)]
    answers = together(*[partial(SupabaseDevice().signup, email, PASSWORD, data={"a": 1}) for email in emails])
    connection.close()
    assert set(statuses(answers)) == {200}
