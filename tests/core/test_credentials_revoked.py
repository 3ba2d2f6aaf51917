"""``credentials_revoked``: once for each time that a person is signed out everywhere, or gets a new password."""

from io import StringIO

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.signals import pre_save
from django.test.utils import CaptureQueriesContext

from auth_sessions import api
from auth_sessions.models import Session
from auth_sessions.signals import credentials_revoked, sessions_ending
from tests.support.device import PASSWORD, Device
from tests.support.new_passwords import BY_FORM, NEW, set_password
from tests.support.related import receiving
from tests.support.statements import statements


@pytest.fixture
def revoked():
    """The keys of the users, one set for each time that the signal is sent."""
    sent = []

    def receive(user_ids, **event):
        sent.append(user_ids)

    with receiving(receive, credentials_revoked, of=Session):
        yield sent


def in_a_transaction(user):
    with transaction.atomic():
        set_password(user)


def write_a_hash(user):
    user.password = make_password(NEW)
    user.save(update_fields=["password"])


def write_in_a_receiver(user):
    """A receiver of the project's, later than the app's, hashes the password."""

    def hash_it(instance, **event):
        instance.password = make_password(NEW)

    with receiving(hash_it, pre_save, of=get_user_model()):
        user.save()


NEW_PASSWORDS = {
    "save": set_password,
    "in a transaction": in_a_transaction,
    "asave": lambda user: (user.set_password(NEW), async_to_sync(user.asave)()),
    "a hash": write_a_hash,
    "in a receiver": write_in_a_receiver,
    "unusable": lambda user: (user.set_unusable_password(), user.save()),
    "api": lambda user: api.change_password(user, NEW),
    **BY_FORM,
}


@pytest.mark.parametrize("change", NEW_PASSWORDS.values(), ids=NEW_PASSWORDS)
def test_a_new_password(ada, laptop, revoked, change):
    change(ada)
    assert revoked == [{ada.pk}]
    assert not Session.objects.exists()


@pytest.mark.skipif(get_user_model()._meta.label != "auth.User", reason="the fields are those of Django's user")
def test_a_row_that_is_written_over(ada, revoked):
    get_user_model()(pk=ada.pk, username="x", password=make_password(NEW)).save()
    assert revoked == [{ada.pk}]


def test_a_new_password_that_ends_no_token_session(ada, revoked, settings):
    settings.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS = ("browser",)
    for change in NEW_PASSWORDS.values():
        change(ada)
        ada.set_password(PASSWORD)
        ada.save()
    assert revoked == []


def test_saves_that_revoke_nothing(make_user, revoked, settings):
    user = make_user("eve")
    make_user("eva", is_active=False)
    user.is_staff = True
    user.save()
    get_user_model().objects.get(pk=user.pk).save()
    get_user_model().objects.defer("password").get(pk=user.pk).save()
    settings.PASSWORD_HASHERS = ["tests.host.hashers.QuickPBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    assert authenticate(username=user.get_username(), password=PASSWORD)
    assert revoked == []


@pytest.mark.parametrize("has_session", [True, False])
def test_a_user_who_is_switched_off(ada, revoked, has_session):
    if has_session:
        Device().sign_in(ada)
    ada.is_active = False
    ada.save()
    assert revoked == [{ada.pk}]
    assert not Session.objects.exists()
    ada.is_active = True
    ada.save()
    assert revoked == [{ada.pk}]


def test_a_user_whom_the_default_manager_hides(ada, revoked, hiding_manager, settings):
    ada.is_staff = True
    ada.save()
    assert revoked == [{ada.pk}]


def test_it_comes_before_the_sessions_end(ada, laptop):
    order = []
    names = {credentials_revoked: "revoked", sessions_ending: "ending"}

    def receive(signal, **event):
        order.append((names[signal], connection.in_atomic_block))

    for end in (
        write_in_a_receiver,
        lambda user: (setattr(user, "is_active", False), user.save()),
        lambda user: call_command("revokeauthsessions", "--user", user.get_username(), stdout=StringIO()),
    ):
        get_user_model().objects.filter(pk=ada.pk).update(is_active=True, password=make_password(PASSWORD))
        Device().sign_in(user := get_user_model().objects.get(pk=ada.pk))
        order.clear()
        with receiving(receive, credentials_revoked, sessions_ending, of=Session):
            end(user)
        assert order == [("revoked", True), ("ending", True)]


class TestTheCommand:
    @pytest.fixture(autouse=True)
    def _people(self, ada, bob, laptop):
        """Bob has no session."""

    def revoke(self, *arguments):
        call_command("revokeauthsessions", *arguments, stdout=StringIO())

    def test_users(self, ada, bob, revoked):
        self.revoke("--user", ada.get_username())
        self.revoke("--user", ada.get_username(), "--user", bob.get_username())
        assert revoked == [{ada.pk}, {ada.pk, bob.pk}]

    def test_all(self, ada, bob, grace, revoked):
        get_user_model().objects.filter(pk=grace.pk).update(is_active=False)
        self.revoke("--all")
        self.revoke("--all", "--except", ada.get_username(), "--except", grace.get_username())
        assert revoked == [{ada.pk, bob.pk, grace.pk}, {bob.pk}]

    def test_what_began_before_or_has_tokens(self, ada, bob, revoked):
        """When whatever else they have was issued is not known."""
        self.revoke("--all", "--before", "2020-01-01")
        self.revoke("--all", "--kind", "token")
        assert revoked == [{ada.pk, bob.pk}] * 2

    def test_not_browsers_alone_or_a_dry_run(self, revoked):
        self.revoke("--all", "--kind", "browser")
        self.revoke("--all", "--dry-run")
        assert revoked == []

    def test_not_nobody(self, ada, bob, revoked):
        self.revoke("--all", "--except", ada.get_username(), "--except", bob.get_username())
        assert revoked == []

    def test_many_people_in_batches(self, ada, revoked, settings):
        settings.AUTH_SESSIONS_SIMPLEJWT_UNTIL = None  # its receiver writes a row for each
        user_model, costs = get_user_model(), []
        self.revoke("--all")
        for number in (10, 200, 1000, 1000):
            names = [f"{len(costs)}-{each}@example.org" for each in range(number)]
            user_model.objects.bulk_create([user_model(**{user_model.USERNAME_FIELD: name}) for name in names])
            revoked.clear()
            with CaptureQueriesContext(connection) as queries:
                self.revoke("--all")
            assert set.union(*revoked) == set(user_model.objects.values_list("pk", flat=True))
            assert sum(map(len, revoked)) == user_model.objects.count()
            costs.append((len(revoked), len(statements(queries))))
        assert [batches for batches, _ in costs] == [1, 1, 2, 3]
        ten, hundreds, two_batches, three_batches = (cost for _, cost in costs)
        assert ten == hundreds
        assert three_batches - two_batches == two_batches - hundreds
