"""What saving a user does to their sessions: nothing by itself, at the same cost however many there are."""

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.models.signals import post_init, pre_save
from django.test.utils import CaptureQueriesContext

from auth_sessions import api, passwords
from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from tests.support.device import PASSWORD, Device, code
from tests.support.host import has_browsers
from tests.support.related import receiving
from tests.support.sessions import clear_expired, create_both_kinds, create_browser_row
from tests.support.statements import statements

QUICK_PBKDF2 = "tests.host.hashers.QuickPBKDF2PasswordHasher"


def save_another_field(user):
    user.is_staff = True
    user.save(update_fields=["is_staff"])


def save_everything(user):
    get_user_model().objects.get(pk=user.pk).save()


def save_what_is_loaded(user):
    get_user_model().objects.defer("password").get(pk=user.pk).save()


def save_the_same_password(user):
    get_user_model().objects.get(pk=user.pk).save(update_fields=["password"])


def activate(user):
    user.is_active = True
    user.save()


HARMLESS = [save_another_field, save_everything, save_what_is_loaded, save_the_same_password, activate]


def set_password(user):
    user.set_password("changed")
    user.save()


def write_a_hash(user):
    user.password = make_password("changed")
    user.save()


def make_unusable(user):
    user.set_unusable_password()
    user.save(update_fields=["password"])


def write_over_a_row(user):
    """An object that was not read, with the key of a row."""
    get_user_model()(pk=user.pk, username="x", email="x@example.org", password=make_password("changed")).save()


def write_in_a_receiver(user):
    """A receiver of the project's, later than the app's, hashes the password."""

    def hash_it(instance, **event):
        instance.password = make_password("changed")

    with receiving(hash_it, pre_save, of=get_user_model()):
        user.save()


CHANGES = [set_password, write_a_hash, make_unusable, write_in_a_receiver]


def deactivate(user):
    user.is_active = False
    user.save()


def loaded_by(call):
    """How many sessions and refresh tokens a call makes instances of, and its statements."""
    loaded = []

    def count(instance, **event):
        loaded.append(instance)

    counting = receiving(count, post_init, of=Session), receiving(count, post_init, of=RefreshToken)
    with CaptureQueriesContext(connection) as queries, counting[0], counting[1]:
        call()
    return len(loaded), statements(queries)


@pytest.mark.parametrize("save", HARMLESS)
def test_a_save_that_changes_nothing_reads_no_session(ada, save):
    costs = []
    for number in (1, 40):
        for each in range(number):
            create_both_kinds(ada, each)
        costs.append(loaded_by(lambda: save(ada)))
    assert costs[0] == costs[1]
    assert costs[0][0] == 0
    assert Session.objects.count() == 41


@pytest.mark.parametrize("change", CHANGES)
def test_a_new_password_reads_only_what_it_ends(ada, bob, change, ended):
    costs = []
    for number in (1, 40):
        user = get_user_model().objects.get(pk=ada.pk)
        for _ in range(number):
            create_session(user)
        create_both_kinds(user, 1)
        create_session(bob)
        costs.append(loaded_by(lambda user=user: change(user))[1])
        assert set(Session.objects.filter(user=user).values_list("kind", flat=True)) == {"browser"}
    assert costs[0] == costs[1]
    assert [(event["reason"], len(event["sessions"])) for event in ended] == [
        ("password_changed", 1),
        ("password_changed", 40),
    ]
    assert Session.objects.filter(user=bob).count() == 2


@pytest.mark.skipif(get_user_model()._meta.label != "auth.User", reason="the fields are those of Django's user")
def test_a_row_that_is_written_over(ada, laptop):
    write_over_a_row(ada)
    assert not Session.objects.exists()


def test_deactivation_ends_all_at_the_same_cost(make_user, ended):
    costs = []
    for name, number in (("eve", 2), ("zoe", 40)):
        user = make_user(name)
        for each in range(number):
            create_both_kinds(user, each)
        costs.append(loaded_by(lambda user=user: deactivate(user))[1])
    assert costs[0] == costs[1]
    assert [(event["reason"], len(event["sessions"])) for event in ended] == [
        ("user_inactive", 2),
        ("user_inactive", 40),
    ]


def test_a_save_does_not_end_what_is_only_expired(clock, ada, laptop):
    """That is for the sweep: it would need a look at each session."""
    clock.shift(40 * 86_400)
    save_another_field(ada)
    assert Session.objects.count() == 1
    assert clear_expired() == 1


def test_sessions_of_a_new_sign_in_outlive_the_save(ada, laptop):
    """Somebody signs in with the new password before the save is followed."""
    from django.db import transaction

    with transaction.atomic():
        set_password(ada)
        pair = api.sign_in_user(get_user_model().objects.get(pk=ada.pk))
    assert list(Session.objects.all()) == [pair.session]
    assert code(laptop.me()) == (401, "session_not_found")


class TestAnotherSecretKey:
    """A worker, a shell, or a key that was changed without a fallback: it cannot tell, and ends nobody."""

    @pytest.mark.parametrize("save", HARMLESS)
    def test_a_save(self, ada, laptop, other_secret_key, save):
        browser_row = create_browser_row(ada)
        with other_secret_key():
            save(ada)
        assert laptop.me().status_code == laptop.refresh().status_code == 200
        assert browser_row in Session.objects.all()

    def test_the_clean_up(self, ada, laptop, other_secret_key):
        with other_secret_key():
            assert clear_expired(dry_run=True) == clear_expired() == 0
        assert laptop.me().status_code == 200

    def test_the_clean_up_of_one_that_cannot_tell_an_earlier_password(self, ada, laptop, other_secret_key):
        get_user_model().objects.update(password=make_password("changed"))
        with other_secret_key():
            assert clear_expired() == 0
        assert code(laptop.me()) == (401, "password_changed")
        assert clear_expired() == 1

    def test_a_fallback_can_tell(self, ada, laptop, other_secret_key, settings):
        get_user_model().objects.update(password=make_password("changed"))
        with other_secret_key(SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
            assert clear_expired() == 1

    def test_the_clean_up_still_ends_what_is_over_or_inactive(self, clock, ada, bob, laptop, other_secret_key):
        Device().sign_in(bob)
        get_user_model().objects.filter(pk=bob.pk).update(is_active=False)
        with other_secret_key():
            assert clear_expired() == 1
            clock.shift(40 * 86_400)
            assert clear_expired() == 1

    @pytest.mark.parametrize("change", CHANGES)
    def test_a_new_password_ends_the_sessions_all_the_same(self, ada, laptop, other_secret_key, change):
        with other_secret_key():
            change(ada)
        assert not Session.objects.exists()

    def test_a_hash_that_it_would_upgrade_stays(self, ada, laptop, other_secret_key, settings):
        upgrading = [QUICK_PBKDF2, *settings.PASSWORD_HASHERS]
        with other_secret_key(PASSWORD_HASHERS=upgrading):
            assert get_user_model().objects.get(pk=ada.pk).check_password(PASSWORD)
            assert authenticate(**{ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD})
        assert laptop.me().status_code == laptop.refresh().status_code == 200
        settings.PASSWORD_HASHERS = upgrading
        before = get_user_model().objects.get(pk=ada.pk).password
        assert get_user_model().objects.get(pk=ada.pk).check_password(PASSWORD)
        assert get_user_model().objects.get(pk=ada.pk).password != before
        assert laptop.me().status_code == laptop.refresh().status_code == 200

    def test_a_refresh_of_what_it_has_not_stamped_is_refused_and_ends_nothing(self, ada, laptop, settings):
        stamp = passwords.fingerprint(ada.password, secret="another key that this process does not have")
        Session.objects.update(password_fingerprint=stamp)
        assert code(laptop.me()) == code(laptop.refresh()) == (401, "password_changed")
        assert Session.objects.count() == 1
        assert laptop.post("sign-out/", {"refresh": laptop.refresh_token, "scope": "local"}).status_code == 204
        assert not Session.objects.exists()

    @has_browsers
    def test_browsers_of_one_person(self, ada, office_browser, library_browser):
        """Another process has stamped both rows; one of them changes nothing in the other."""
        stamp = passwords.fingerprint(ada.password, secret="another key that this process does not have")
        Session.objects.update(password_fingerprint=stamp)
        assert office_browser.is_signed_in()
        assert library_browser.is_signed_in()


def test_a_fingerprint_names_its_key(ada, settings):
    stamp = passwords.fingerprint(ada.password)
    assert len(stamp) == 64
    assert passwords.has_known_key(stamp)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next key"
    assert passwords.has_known_key(stamp)
    assert passwords.matches(stamp, ada)
    settings.SECRET_KEY_FALLBACKS = []
    assert not passwords.has_known_key(stamp)
    assert not passwords.matches(stamp, ada)


@has_browsers
def test_a_browser_whose_password_was_changed_ends_the_others(ada, office_browser, library_browser):
    data = {"old_password": PASSWORD, "new_password1": "quite-new-1906", "new_password2": "quite-new-1906"}
    assert office_browser.submit("/password/", data).status_code == 302
    assert office_browser.is_signed_in()
    assert not library_browser.is_signed_in()
    assert Session.objects.count() == 1
