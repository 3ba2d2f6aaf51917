"""A session ends with the password it was authenticated with, whatever wrote the new one."""

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction

from auth_sessions import passwords, tokens
from auth_sessions.core.creation import create_session
from auth_sessions.core.password_changes import change_password
from auth_sessions.models import Session
from auth_sessions.signals import sessions_ending
from tests.support.device import PASSWORD, Device, code
from tests.support.sessions import clear_expired

pytestmark = pytest.mark.any_database

CHANGED = (401, "password_changed")
GONE = (401, "session_not_found")
MD5 = "django.contrib.auth.hashers.MD5PasswordHasher"
QUICK_PBKDF2 = "tests.host.hashers.QuickPBKDF2PasswordHasher"


def save(user):
    user.set_password("changed")
    user.save()


def save_the_field_alone(user):
    user.set_password("changed")
    user.save(update_fields=["password"])


def write_a_hash(user):
    user.password = make_password("changed")
    user.save(update_fields=["password"])


def write_a_hash_on_a_fresh_object(user):
    fresh = get_user_model().objects.only("password").get(pk=user.pk)
    fresh.password = make_password("changed")
    fresh.save()


def make_unusable(user):
    user.set_unusable_password()
    user.save()


def disable(user):
    user.set_unusable_password()
    user.save(update_fields=["password"])


@pytest.mark.parametrize(
    "change",
    [
        save,
        save_the_field_alone,
        write_a_hash,
        write_a_hash_on_a_fresh_object,
        make_unusable,
        lambda user: change_password(user, "changed"),
    ],
)
def test_saved_through_an_instance_the_sessions_are_destroyed(ada, laptop, phone, change):
    change(ada)
    assert not Session.objects.exists()
    assert code(laptop.me()) == code(phone.refresh()) == GONE


def test_a_hash_written_on_an_object_that_once_saved_a_password_is_a_change(ada, laptop):
    ada.set_password(PASSWORD)
    ada.save()
    laptop.sign_in(ada)
    write_a_hash(ada)
    assert code(laptop.me()) == GONE


def test_a_save_within_a_transaction_ends_them_on_commit(ada, laptop):
    with transaction.atomic():
        save(ada)
        assert Session.objects.exists()
    assert not Session.objects.exists()


def test_a_save_is_not_undone_by_a_failing_receiver(ada, laptop, caplog):
    """The password is stored already; the session is refused all the same, and the next clean-up tries again."""

    def fail(**event):
        raise RuntimeError("The push service does not answer.")

    sessions_ending.connect(fail)
    save(ada)
    sessions_ending.disconnect(fail)
    assert "The push service does not answer." in caplog.text
    assert code(laptop.me()) == CHANGED
    assert clear_expired() == 1


class TestChangesWithoutSignals:
    """``queryset.update()`` and raw SQL send none: refused at once, ended by the next refresh or clean-up."""

    @pytest.fixture(autouse=True)
    def _changed(self, ada, laptop, phone):
        get_user_model().objects.update(password=make_password("changed"))

    def test_refused_at_once_and_in_no_list(self, ada, laptop):
        assert code(laptop.me()) == CHANGED
        fresh = Device().sign_in(ada, "changed")
        assert [session["id"] for session in fresh.sessions()] == [fresh.session_id]
        assert fresh.get(f"sessions/{laptop.session_id}/").status_code == 404

    def test_destroyed_by_its_next_refresh(self, laptop, phone):
        assert code(laptop.refresh()) == CHANGED
        assert code(laptop.refresh()) == GONE
        assert [str(session.pk) for session in Session.objects.all()] == [phone.session_id]

    def test_destroyed_by_the_clean_up(self, laptop, phone):
        assert clear_expired() == 2
        assert not Session.objects.exists()

    def test_sign_out_from_it_is_refused(self, laptop, phone):
        assert code(laptop.sign_out("global")) == CHANGED
        assert laptop.sign_out("local").status_code == 204


class TestChangePassword:
    def test_it_keeps_one(self, ada, laptop, phone):
        change_password(ada, "changed", keep=Session.objects.get(pk=laptop.session_id))
        assert laptop.me().status_code == laptop.refresh().status_code == 200
        assert code(phone.me()) == GONE
        assert Device().sign_in(ada, "changed").me().status_code == 200

    def test_it_keeps_nobody_elses(self, ada, laptop, bob):
        other = Device().sign_in(bob)
        change_password(ada, "changed", keep=Session.objects.get(pk=other.session_id))
        assert code(laptop.me()) == GONE
        assert other.me().status_code == 200

    def test_all_or_nothing(self, ada, laptop):
        def fail(**event):
            raise RuntimeError

        sessions_ending.connect(fail)
        with pytest.raises(RuntimeError):
            change_password(ada, "changed")
        sessions_ending.disconnect(fail)
        assert laptop.me().status_code == 200
        assert authenticate(None, **{ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}) == ada


class TestHasherUpgrade:
    """Django stores a new hash of the same password at the first sign-in after the hasher changed."""

    @pytest.fixture(autouse=True)
    def _upgrade(self, ada, laptop, phone, settings):
        settings.PASSWORD_HASHERS = [QUICK_PBKDF2, MD5]

    def test_a_sign_in_ends_nothing(self, ada, laptop, phone):
        tablet = Device().sign_in(ada)
        ada.refresh_from_db()
        assert ada.password.startswith("pbkdf2_sha256$1$")
        for device in (laptop, phone, tablet):
            assert device.me().status_code == device.refresh().status_code == 200
        assert len(tablet.sessions()) == 3

    def test_nor_does_asking_for_the_password(self, ada, laptop):
        assert get_user_model().objects.get(pk=ada.pk).check_password(PASSWORD)
        assert laptop.me().status_code == 200

    @pytest.mark.parametrize("change", [write_a_hash, disable])
    def test_a_change_after_it_on_the_same_object_is_a_change(self, ada, laptop, change):
        user = get_user_model().objects.get(pk=ada.pk)
        assert user.check_password(PASSWORD)
        assert laptop.me().status_code == 200
        change(user)
        assert code(laptop.me()) == GONE

    def test_a_model_that_saves_more_fields_than_asked(self, ada, laptop):
        user = get_user_model().objects.get(pk=ada.pk)
        user.set_password(PASSWORD)
        user._password = None
        user.save(update_fields=["password", "last_login"])
        assert laptop.me().status_code == 200

    def test_it_revives_no_session_of_an_older_password(self, ada, laptop, phone):
        Session.objects.filter(pk=phone.session_id).update(password_fingerprint=passwords.fingerprint("older"))
        Device().sign_in(ada)
        assert laptop.me().status_code == 200
        assert code(phone.me())[0] == 401

    def test_a_change_at_that_time_is_a_change(self, ada, laptop):
        user = get_user_model().objects.get(pk=ada.pk)
        user.password = make_password("changed")
        user.save(update_fields=["password"])
        assert code(laptop.me()) == GONE


def test_a_sign_in_that_races_with_a_change_is_refused_from_the_start(ada):
    """The user was authenticated with the old password; the change commits before the session starts."""
    authenticated = authenticate(None, **{ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD})
    change_password(ada, "changed")
    pair = tokens.issue(create_session(authenticated))
    device = Device()
    device.access, device.refresh_token = pair.access, pair.refresh
    assert code(device.me()) == CHANGED
    assert code(device.refresh()) == CHANGED


@pytest.mark.parametrize("fields", [["last_login"], ["is_active"], None])
def test_other_saves_end_nothing(ada, laptop, fields):
    ada.save(update_fields=fields)
    assert laptop.me().status_code == 200


def test_a_new_secret_key_with_its_fallback_ends_nothing(laptop, settings):
    old = settings.SECRET_KEY
    settings.SIMPLE_JWT = {"SIGNING_KEY": old}
    settings.SECRET_KEY = "the new secret key is just as long as the one that it replaces"
    assert code(laptop.me()) == CHANGED
    settings.SECRET_KEY_FALLBACKS = [old]
    assert laptop.me().status_code == laptop.refresh().status_code == 200
    assert len(laptop.sessions()) == 1


def test_a_password_reset_link_ends_the_sessions(ada, laptop):
    """Django's own reset form sets the password by saving the user."""
    from django.contrib.auth.forms import SetPasswordForm

    assert default_token_generator.check_token(ada, default_token_generator.make_token(ada))
    form = SetPasswordForm(ada, {"new_password1": "quite-new-1906", "new_password2": "quite-new-1906"})
    assert form.is_valid(), form.errors
    form.save()
    assert code(laptop.me()) == GONE


@pytest.mark.django_db
def test_a_user_model_without_passwords(ada):
    """Django allows ``password = None`` in the model: everybody signs in elsewhere."""
    ada.password = None
    session = create_session(ada)
    assert list(Session.objects.live(user=ada)) == [session]
    assert passwords.matches(session.password_fingerprint, ada)
