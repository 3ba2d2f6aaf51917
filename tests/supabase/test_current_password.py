"""``PUT user`` does not tell a right password from a wrong one, unless the attempt is counted or changes it."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils import timezone

from auth_sessions.models import Session
from tests.support.checks import messages
from tests.support.device import PASSWORD
from tests.support.supabase import NEW_PASSWORD, SupabaseDevice, add_user, code, needs_email, refusal

pytestmark = [needs_email, pytest.mark.any_database]

TOO_LARGE = {"notes": "x" * 5000}
SAME = (422, "same_password")
INVALID = (400, "current_password_invalid")


def is_unchanged(ada):
    return get_user_model().objects.get(pk=ada.pk).check_password(PASSWORD)


OTHERWISE_REFUSED = [
    {"email": "new@example.org"},
    {"email": f"{'x' * 300}@example.org"},
    {"email": 7},
    {"data": TOO_LARGE},
    {"data": []},
    {"data": {"a": "\0"}},
    {"phone": "+41000000000"},
    {"phone": 7},
    {"app_metadata": {"role": "admin"}},
    {"current_password": 7},
]


@pytest.mark.parametrize("more", OTHERWISE_REFUSED)
@pytest.mark.usefixtures("any_transaction_mode")
def test_a_guess_beside_something_refused_learns_nothing(ada, laptop, more):
    right, wrong = laptop.update(password=PASSWORD, **more), laptop.update(password="quite-wrong-1906", **more)
    assert right.status_code // 100 == 4
    assert (right.status_code, right.content) == (wrong.status_code, wrong.content)
    assert code(right) != SAME
    assert is_unchanged(ada)


def test_a_weak_password_is_judged_before(ada, laptop, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 40}}
    ]
    assert code(laptop.update(password=PASSWORD)) == code(laptop.update(password="wrong")) == (422, "weak_password")


def test_the_same_password_changes_nothing_else(ada, laptop):
    assert code(laptop.update(password=PASSWORD, data={"name": "Ada"})) == SAME
    assert "name" not in laptop.user().json()["user_metadata"]


@pytest.mark.usefixtures("any_transaction_mode")
def test_the_current_password_is_one_attempt(ada, laptop, phone, login_failures):
    assert code(laptop.update(password=NEW_PASSWORD, current_password="wrong")) == INVALID
    assert len(login_failures) == 1
    assert login_failures[0]["request"].path == "/auth/v1/user"
    assert code(laptop.update(password=PASSWORD, current_password="wrong", data=TOO_LARGE)) == INVALID
    assert len(login_failures) == 2
    assert laptop.update(password=NEW_PASSWORD, current_password=PASSWORD).status_code == 200
    assert len(login_failures) == 2


@pytest.mark.usefixtures("any_transaction_mode")
def test_a_lock_out_counts_guesses(ada, laptop, axes):
    for _ in range(3):
        assert code(laptop.update(password=NEW_PASSWORD, current_password="wrong")) == INVALID
    assert code(laptop.update(password=NEW_PASSWORD, current_password=PASSWORD)) == INVALID
    assert is_unchanged(ada)


@pytest.mark.parametrize("backend", ["ByEmail", "ByEmailKeyword", "ByLogin", "ByNameOrKeywords", "ByKeywords"])
def test_whatever_signs_in_is_taken(ada, laptop, settings, backend):
    settings.AUTHENTICATION_BACKENDS = [f"tests.host.backends.{backend}"]
    assert laptop.update(password=NEW_PASSWORD, current_password=PASSWORD).status_code == 200


class TestRequired:
    @pytest.fixture
    def _always(self, settings):
        settings.AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD = True

    @pytest.fixture
    def _unless_recent(self, settings):
        settings.AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD = "unless_recent"

    @pytest.mark.usefixtures("_always")
    def test_always(self, ada, laptop, login_failures):
        refused = laptop.update(password=NEW_PASSWORD)
        assert refusal(refused) == (
            400,
            "current_password_required",
            "Current password required when setting new password.",
        )
        assert code(laptop.update(password=PASSWORD)) == (400, "current_password_required")
        assert code(laptop.update(password=NEW_PASSWORD, current_password="")) == INVALID
        assert code(laptop.update(password=NEW_PASSWORD, current_password=None)) == (400, "current_password_required")
        assert login_failures == []
        assert laptop.update(data={"name": "Ada"}).status_code == 200
        assert laptop.update(password=NEW_PASSWORD, current_password=PASSWORD).status_code == 200

    @pytest.mark.usefixtures("_unless_recent")
    def test_unless_recent(self, ada, laptop):
        assert laptop.update(password=NEW_PASSWORD).status_code == 200
        Session.objects.update(authenticated_at=timezone.now() - timedelta(minutes=11))
        assert code(laptop.update(password=PASSWORD)) == (400, "current_password_required")
        assert laptop.update(password=PASSWORD, current_password=NEW_PASSWORD).status_code == 200

    @pytest.mark.parametrize("demand", [True, "unless_recent"])
    def test_a_person_without_a_password(self, make_user, settings, demand):
        settings.AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD = demand
        user = add_user(make_user)
        user.set_unusable_password()
        user.save()
        device = signed_in_without_a_password(user)
        Session.objects.update(authenticated_at=timezone.now() - timedelta(minutes=11))
        assert code(device.update(password=NEW_PASSWORD)) == (400, "reauthentication_needed")
        Session.objects.update(authenticated_at=timezone.now())
        assert device.update(password=NEW_PASSWORD).status_code == 200

    @pytest.mark.parametrize("value", [None, 1, "always", ""])
    def test_a_wrong_value_is_found(self, value):
        (found,) = messages(AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD=value)
        assert found.id == "auth_sessions.E001"


class NotAgain:
    """Refuses the password that a person has, as a validator with a history of passwords does."""

    def validate(self, password, user):
        if user.check_password(password):
            raise ValidationError("You have had this password.", code="password_reused")


@pytest.mark.parametrize("more", [*OTHERWISE_REFUSED, {"current_password": "wrong"}, {}])
@pytest.mark.usefixtures("any_transaction_mode")
def test_a_validator_that_knows_the_password_tells_nothing_either(ada, laptop, settings, more):
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": f"{__name__}.NotAgain"}]
    settings.AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD = not more
    answers = [laptop.update(password=guess, **more) for guess in (PASSWORD, NEW_PASSWORD)]
    assert refusal(answers[0]) == refusal(answers[1])
    assert is_unchanged(ada)


def test_a_validator_that_knows_the_password_is_asked(ada, laptop, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": f"{__name__}.NotAgain"}]
    for more in ({}, {"data": {"name": "Ada"}}, {"current_password": PASSWORD}):
        assert code(laptop.update(password=PASSWORD, **more)) == (422, "weak_password")
    assert is_unchanged(ada)


def signed_in_without_a_password(user):
    from auth_sessions import api

    device = SupabaseDevice()
    device.access = api.sign_in_user(user).access
    return device
