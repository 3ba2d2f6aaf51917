"""Users who are deleted together: their sessions end in one operation, before the rows of the users go."""

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection, models, transaction
from django.db.models.deletion import Collector
from django.db.models.signals import pre_delete
from django.test.utils import CaptureQueriesContext

from auth_sessions import exceptions, receivers
from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import sessions_ending
from tests.host.models import Draft, PushDevice
from tests.support.browser import Browser, entry_is_left
from tests.support.device import Device
from tests.support.host import has_browsers
from tests.support.races import ROUNDS, together
from tests.support.related import new_model, receiving, with_table
from tests.support.sessions import create_both_kinds
from tests.support.statements import statements

pytestmark = pytest.mark.slow


@pytest.fixture
def make_users(make_user):
    def make(number, sessions=2):
        """Users with sessions, related objects and, where there is the Supabase API, a profile."""
        users = [make_user(f"user{number}-{index}") for index in range(number)]
        for user in users:
            for each in range(sessions):
                session = create_both_kinds(user, each)
                PushDevice.objects.create(session=session, token="t")
                Draft.objects.create(session_key=session.pk)
            if apps.is_installed("auth_sessions.supabase"):
                from auth_sessions.supabase.users import profile

                profile(user)
        return get_user_model().objects.filter(pk__in=[user.pk for user in users])

    return make


def nothing_is_left():
    left = [Session, RefreshToken, PushDevice, Draft]
    if apps.is_installed("auth_sessions.supabase"):
        left.append(apps.get_model("auth_sessions_supabase", "Profile"))
    return not any(model.objects.exists() for model in left)


def cost_of(call):
    with CaptureQueriesContext(connection) as queries:
        call()
    return statements(queries)


def delete_with_a_collector(users):
    """As the admin and packages for soft deletion do, without a queryset's ``delete()``."""
    collector = Collector(using="default")
    collector.collect(users)
    collector.delete()


@pytest.mark.parametrize("sessions", [0, 1, 4])
@pytest.mark.parametrize("delete", [lambda users: users.delete(), delete_with_a_collector], ids=["delete()", "own"])
def test_the_number_of_statements_does_not_depend_on_the_number_of_users(make_users, delete, sessions, ended):
    groups = [make_users(number, sessions) for number in (2, 40)]
    costs = [cost_of(lambda users=users: delete(users)) for users in groups]
    assert costs[0] == costs[1]
    assert nothing_is_left()
    numbers = [(2 * sessions, 2), (40 * sessions, 40)] if sessions else []
    assert [(len(event["sessions"]), len(event["user_ids"])) for event in ended] == numbers
    assert {event["reason"] for event in ended} <= {"user_deleted"}


def test_users_deleted_in_a_receiver_of_another_deletion(make_users, make_user, ended):
    """A company goes: one deletion within another, and then a user of the first."""
    owner, people = make_user("owner"), make_users(3)
    Device().sign_in(owner)

    def delete_people(instance, **event):
        if instance == owner:
            people.delete()

    with receiving(delete_people, pre_delete, of=get_user_model()):
        owner.delete()
    assert nothing_is_left()
    assert [len(event["sessions"]) for event in ended] in ([1, 6], [6, 1])


def test_one_object_that_is_deleted_twice(ada, ended):
    for _ in range(2):
        create_session(ada)
        key = ada.pk
        ada.delete()
        ada.pk = key
        ada.save(force_insert=True)
    assert [event["reason"] for event in ended] == ["user_deleted"] * 2


def test_a_proxy_and_a_child_of_the_user_model(make_user, new_models, ended):
    from auth_sessions import receivers

    proxy = new_model("Member", get_user_model(), {"proxy": True})
    child = with_table(new_model("Employee", get_user_model(), number=models.IntegerField(default=0)))
    receivers.connect()
    for number in (1, 3):
        for index in range(number):
            create_session(make_user(f"member{number}-{index}"))
        proxy._base_manager.all().delete()
    for number in (1, 3):
        for index in range(number):
            field = get_user_model().USERNAME_FIELD
            create_session(child._base_manager.create(**{field: f"employee{number}-{index}"}))
        child._base_manager.all().delete()
    assert nothing_is_left()
    assert [len(event["sessions"]) for event in ended] == [1, 3, 1, 3]


def test_a_soft_deletion_that_sends_the_signal_itself(ada, bob, ended):
    for user in (ada, bob):
        create_session(user)
        pre_delete.send(sender=type(user), instance=user)
    assert [event["reason"] for event in ended] == ["user_deleted"] * 2


def test_all_or_nothing(make_users, ended):
    users = make_users(3)

    def fail(**event):
        raise RuntimeError

    with receiving(fail, sessions_ending, of=Session), pytest.raises(RuntimeError):
        users.delete()
    with transaction.atomic():
        users.delete()
        assert not Session.objects.exists()
        transaction.set_rollback(True)
    assert (users.count(), Session.objects.count(), ended) == (3, 6, [])


@has_browsers
def test_store_entries_and_cached_answers_go_as_well(make_users, shared_cache):
    ada, bob = make_users(2, sessions=0)
    phone, browser = Device().sign_in(ada), Browser().sign_in(bob)
    cookie = browser.cookie
    assert phone.fast().status_code == 200
    get_user_model().objects.all().delete()
    assert phone.fast().status_code == 401
    assert not entry_is_left(cookie)
    assert not browser.is_signed_in()


def test_users_who_sign_in_meanwhile(make_users):
    """Each either is refused or signs in before the deletion, and nothing is left of either."""
    for _ in range(ROUNDS):
        users = list(make_users(3, sessions=1))

        def sign_in(user):
            try:
                create_session(user)
            except exceptions.UserNotFound:
                return

        keys = [user.pk for user in users]
        together(
            lambda keys=keys: get_user_model().objects.filter(pk__in=keys).delete(),
            *(lambda user=user: sign_in(user) for user in users),
            jitter=0.01,
        )
        assert nothing_is_left()
        assert not get_user_model().objects.exists()


def test_a_row_of_a_child_model_that_goes_alone(make_user, new_models, ended):
    """With ``keep_parents`` the user stays; without it, the user goes with the row."""
    child = with_table(new_model("Employee", get_user_model(), number=models.IntegerField(default=0)))
    receivers.connect()
    employee = child._base_manager.create(**{get_user_model().USERNAME_FIELD: "employee@example.org"})
    user = get_user_model()._base_manager.get(pk=employee.pk)
    create_session(user)
    employee.delete(keep_parents=True)
    assert user.auth_sessions.count() == 1
    again = child(**{field.attname: getattr(user, field.attname) for field in user._meta.concrete_fields}, number=1)
    setattr(again, child._meta.pk.attname, user.pk)
    again._state.adding = False  # its user is there: a key with a default would be inserted once more
    again.save()
    again.delete()
    assert not get_user_model()._base_manager.exists()
    assert not Session.objects.exists()
    assert [event["reason"] for event in ended] == ["user_deleted"]


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.usefixtures("new_models", "db")
def test_rows_of_a_child_model_that_a_collector_deletes_alone(number, ended):
    """As with ``delete(keep_parents=True)``, by a collector that names no origin. A soft deletion ends them still."""
    child = with_table(new_model("Employee", get_user_model(), number=models.IntegerField(default=0)))
    receivers.connect()
    field = get_user_model().USERNAME_FIELD
    employees = [child._base_manager.create(**{field: f"employee{each}@example.org"}) for each in range(number)]
    for employee in employees:
        create_session(get_user_model()._base_manager.get(pk=employee.pk))
    pre_delete.send(sender=child, instance=employees[0])
    assert [event["reason"] for event in ended] == ["user_deleted"]
    create_session(get_user_model()._base_manager.get(pk=employees[0].pk))
    collector = Collector(using="default")
    collector.collect(employees, keep_parents=True)
    collector.delete()
    assert get_user_model()._base_manager.count() == Session.objects.count() == number
    assert len(ended) == 1
