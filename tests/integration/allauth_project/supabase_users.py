"""django-allauth verifies addresses: the Supabase API says of each what allauth says."""

import pytest
from allauth.account.models import EmailAddress

from tests.support.device import PASSWORD
from tests.support.supabase import EMAIL, SupabaseDevice


@pytest.fixture
def ada(transactional_db, django_user_model):
    return django_user_model.objects.create_user("ada", EMAIL, PASSWORD)


def confirmation(device):
    """Whether the user object and the token say that the address is confirmed."""
    user = device.user().json()
    device.refresh()
    claims = device.claims
    said = {"email_confirmed_at" in user, "confirmed_at" in user, user["user_metadata"]["email_verified"]}
    said |= {user["identities"][0]["identity_data"]["email_verified"], claims["user_metadata"]["email_verified"]}
    (said,) = said
    return said


def test_an_address_that_allauth_does_not_know(ada):
    assert not confirmation(SupabaseDevice().sign_in())


@pytest.mark.parametrize("stored", [EMAIL, "Ada@Example.org"])
def test_it_is_confirmed_when_allauth_has_verified_it(ada, stored):
    device = SupabaseDevice().sign_in()
    address = EmailAddress.objects.create(user=ada, email=stored, verified=False, primary=True)
    assert not confirmation(device)
    address.set_verified()
    assert confirmation(device)
    assert device.user().json()["email_confirmed_at"] == device.user().json()["created_at"]
    type(ada).objects.update(email="another@example.org")
    assert not confirmation(device)


def test_of_another_person(ada, django_user_model):
    bob = django_user_model.objects.create_user("bob", "bob@example.org", PASSWORD)
    EmailAddress.objects.create(user=bob, email=EMAIL, verified=True)
    assert not confirmation(SupabaseDevice().sign_in())


def test_settings():
    assert SupabaseDevice().send("GET", "settings").json()["mailer_autoconfirm"] is False
