"""What ``db.hash_upgrades`` relies on: how Django's user model treats ``_password``, on every Django."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db.models.signals import post_save, pre_save

from tests.support.device import PASSWORD
from tests.support.related import receiving


class WeakPBKDF2PasswordHasher(PBKDF2PasswordHasher):
    algorithm = "pbkdf2_weak"
    iterations = 1


@pytest.fixture
def saves():
    """For each save of a user, before and after it: the raw password on the instance, and the fields that are saved."""
    events = []

    def receive(signal, instance, update_fields, **event):
        moment = "before" if signal is pre_save else "after"
        events.append((moment, vars(instance).get("_password", "never set"), update_fields and set(update_fields)))

    with receiving(receive, pre_save, post_save, of=get_user_model()):
        yield events


def test_a_new_password_is_there_until_it_is_saved(ada, saves):
    user = get_user_model().objects.get(pk=ada.pk)
    user.set_password("analytical-1843")
    user.save()
    assert saves == [("before", "analytical-1843", None), ("after", "analytical-1843", None)]
    assert vars(user)["_password"] is None


@pytest.mark.parametrize("is_async", [False, True])
def test_a_hash_upgrade_clears_it_before_it_saves_that_field(ada, saves, settings, is_async):
    settings.PASSWORD_HASHERS = [f"{__name__}.WeakPBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    user = get_user_model().objects.get(pk=ada.pk)
    before = user.password
    if is_async:
        from asgiref.sync import async_to_sync

        assert async_to_sync(user.acheck_password)(PASSWORD)
    else:
        assert user.check_password(PASSWORD)
    assert saves == [("before", None, {"password"}), ("after", None, {"password"})]
    assert user.password != before
