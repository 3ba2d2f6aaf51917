"""What hangs on a session goes with it as ``on_delete`` says, on every database and by every door."""

import pytest
from django.db import models
from django.db.models.signals import post_delete, pre_delete

from auth_sessions import lifecycle
from auth_sessions.choices import EndReason
from auth_sessions.models import Session
from tests.hanging import child, heard_by, with_table
from tests.host.models import PushDevice

pytestmark = pytest.mark.usefixtures("new_models")

DOORS = {
    "sign-out": lambda device: device.sign_out("local"),
    "queryset": lambda device: Session.objects.filter(pk=device.session_id).end(reason=EndReason.REVOKED),
    "instance": lambda device: Session.objects.get(pk=device.session_id).delete(),
}


@pytest.fixture(params=DOORS)
def end_it(request):
    return DOORS[request.param]


def test_cascade(ada, laptop, end_it):
    lease = with_table(child("Lease", Session, models.CASCADE))
    another = lifecycle.start(ada)
    for key in (laptop.session_id, laptop.session_id, another.pk):
        lease.objects.create(key_id=key)
    end_it(laptop)
    assert [row.key_id for row in lease.objects.all()] == [another.pk]


def test_twice_on_one_model(ada, laptop, end_it):
    lease = child("Lease", Session, models.CASCADE)
    models.ForeignKey(Session, models.CASCADE, related_name="+", null=True).contribute_to_class(lease, "second")
    with_table(lease)
    another = lifecycle.start(ada)
    lease.objects.create(key_id=laptop.session_id, second_id=laptop.session_id)
    lease.objects.create(key_id=another.pk, second_id=laptop.session_id)
    stays = lease.objects.create(key_id=another.pk)
    end_it(laptop)
    assert list(lease.objects.all()) == [stays]


@pytest.mark.parametrize(
    ("on_delete", "options", "left"),
    [
        (models.SET_NULL, {"null": True}, [None]),
        (models.SET(lambda: None), {"null": True}, [None]),
        (models.SET_DEFAULT, {"null": True, "default": None}, [None]),
    ],
)
def test_what_stays_lets_go(laptop, end_it, on_delete, options, left):
    lease = with_table(child("Lease", Session, on_delete, **options))
    lease.objects.create(key_id=laptop.session_id)
    end_it(laptop)
    assert [row.key_id for row in lease.objects.all()] == left


@pytest.mark.parametrize(("on_delete", "left"), [(models.CASCADE, []), (models.SET_NULL, [None])])
def test_what_hangs_on_what_hangs(laptop, end_it, on_delete, left):
    lease = with_table(child("Lease", Session, models.CASCADE))
    payment = with_table(child("Payment", lease, on_delete, null=True))
    payment.objects.create(key=lease.objects.create(key_id=laptop.session_id))
    end_it(laptop)
    assert not lease.objects.exists()
    assert [row.key_id for row in payment.objects.all()] == left


def test_by_another_column_than_the_key(laptop, end_it):
    """A key to a column of what hangs, not to its primary key."""
    lease = child("Lease", Session, models.CASCADE)
    models.CharField(max_length=10, unique=True).contribute_to_class(lease, "number")
    with_table(lease)
    payment = with_table(child("Payment", lease, models.CASCADE, to_field="number"))
    payment.objects.create(key=lease.objects.create(key_id=laptop.session_id, number="A1"))
    end_it(laptop)
    assert not lease.objects.exists()
    assert not payment.objects.exists()


@pytest.mark.parametrize("signal", [pre_delete, post_delete])
def test_who_listens_hears_each(laptop, end_it, signal):
    for _ in range(2):
        PushDevice.objects.create(session_id=laptop.session_id, token="t")
    told = []

    def hear(instance, **event):
        told.append((instance.session_id, PushDevice.objects.filter(pk=instance.pk).exists()))

    with heard_by(hear, signal, of=PushDevice):
        end_it(laptop)
    assert [str(key) for key, _ in told] == [str(laptop.session_id)] * 2
    assert {there for _, there in told} == {signal is pre_delete}
    assert not PushDevice.objects.exists()
