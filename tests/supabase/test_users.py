"""Who signs in through the Supabase API: named by a UUID, and what happens when the user changes."""

import re
import uuid

import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.signals import user_logged_in

from auth_sessions import api
from auth_sessions.models import Session
from auth_sessions.supabase.models import Profile
from tests.support.device import Device
from tests.support.supabase import (
    BANNED,
    CREDENTIALS,
    EMAIL,
    NO_SESSION,
    NO_TOKEN,
    NO_USER,
    SupabaseDevice,
    add_user,
    needs_email,
    refusal,
    share_tokens,
    written,
)

pytestmark = needs_email


class TestIds:
    @pytest.mark.skipif(
        get_user_model()._meta.pk.get_internal_type() == "UUIDField", reason="Here the primary key is a UUID."
    )
    def test_an_integer_key_is_seen_nowhere(self, make_user, settings):
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        add_user(make_user, id=987654321)
        device = SupabaseDevice()
        answers = [device.try_sign_in()]
        device.keep(answers[0])
        answers += [
            device.refresh(),
            device.user(),
            device.update(data={"name": "Ada"}),
            device.update(password="quite-new-1906"),
            device.update(password="quite-new-1906"),
            device.update(email="new@example.org"),
            device.signup(),
            device.try_sign_in(password="wrong"),
            device.logout("nowhere"),
            device.logout("global"),
            device.logout("global"),
            device.user(),
            device.refresh(),
        ]
        assert {answer.status_code // 100 for answer in answers} == {2, 4}
        for answer in answers:
            assert b"987654321" not in answer.content
            assert not any("987654321" in value for value in answer.headers.values())
        signed_up = device.signup("eve@example.org").json()["user"]
        key = get_user_model().objects.get(email="eve@example.org").pk
        assert not re.search(rf"\b{key}\b", signed_up["id"] + signed_up["identities"][0]["identity_id"])

    @pytest.mark.skipif(
        get_user_model()._meta.pk.get_internal_type() != "UUIDField", reason="The primary key is no UUID."
    )
    def test_a_key_that_is_a_uuid_is_the_id(self, ada, bob, laptop):
        assert laptop.user_id == laptop.claims["sub"] == laptop.user().json()["id"] == str(ada.pk)
        assert SupabaseDevice().sign_in("bob@example.org").user_id == str(bob.pk)

    def test_it_stays_the_same(self, ada, bob, laptop, phone, settings):
        devices = [laptop, phone, share_tokens(Device().sign_in(ada))]
        ids = {device.user().json()["id"] for device in devices}
        laptop.refresh()
        laptop.update(password="quite-new-1906", data={"name": "Ada"})
        laptop.logout("global")
        ids |= {laptop.user_id, SupabaseDevice().sign_in(password="quite-new-1906").user_id}
        assert len(ids) == 1
        assert uuid.UUID(ids.pop())
        assert SupabaseDevice().sign_in("bob@example.org").user_id != laptop.user_id

    def test_sub_is_the_id(self, ada, laptop):
        for device in (laptop, share_tokens(Device().sign_in(ada))):
            body = device.user().json()
            identity = body["identities"][0]
            assert device.claims["sub"] == body["id"] == identity["id"] == identity["user_id"]
            assert identity["identity_data"]["sub"] == body["id"]
            assert str(uuid.UUID(body["id"])) == body["id"]

    def test_the_session_id_is_a_uuid(self, laptop):
        assert Session.objects.get().pk == uuid.UUID(laptop.session_id)

    def test_two_users_share_no_id(self, ada, bob):
        bodies = [SupabaseDevice().sign_in(email).user().json() for email in (EMAIL, "bob@example.org")]
        assert len({body["id"] for body in bodies}) == 2
        assert len({body["identities"][0]["identity_id"] for body in bodies}) == 2

    def test_one_profile_for_each_user(self, ada, bob, laptop, phone):
        Device().sign_in(ada)
        Device().sign_in(bob)
        assert Profile.objects.count() == 2


def save_inactive(user):
    user.is_active = False
    user.save()


def update_inactive(user):
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)


def delete(user):
    user.delete()


def delete_by_queryset(user):
    get_user_model().objects.filter(pk=user.pk).delete()


def change_password(user):
    api.change_password(user, "changed")


def save_password(user):
    user.set_password("changed")
    user.save()


def update_password(user):
    get_user_model().objects.filter(pk=user.pk).update(password=make_password("changed"))


USER_BANNED = (400, "user_banned", "Invalid Refresh Token: User Banned")


@pytest.mark.parametrize(
    ("change", "on_user", "on_refresh"),
    [
        (save_inactive, NO_SESSION, NO_TOKEN),
        (update_inactive, BANNED, USER_BANNED),
        (delete, NO_USER, NO_TOKEN),
        (delete_by_queryset, NO_USER, NO_TOKEN),
        (change_password, NO_SESSION, NO_TOKEN),
        (save_password, NO_SESSION, NO_TOKEN),
        (update_password, NO_SESSION, NO_TOKEN),
    ],
)
def test_the_user_changed(laptop, phone, change, on_user, on_refresh):
    change(get_user_model().objects.get())
    assert refusal(laptop.user()) == on_user
    assert refusal(laptop.update(data={"name": "Eve"})) == on_user
    assert refusal(laptop.logout("others")) == on_user
    assert refusal(laptop.refresh()) == on_refresh
    assert refusal(laptop.refresh()) == NO_TOKEN
    assert refusal(laptop.try_sign_in()) == CREDENTIALS
    assert not Session.objects.filter(pk=laptop.session_id).exists()
    assert phone.logout("local").status_code == 204
    assert not Session.objects.exists()


@pytest.mark.parametrize("delete", [delete, delete_by_queryset])
def test_the_profile_goes_with_its_user(ada, bob, laptop, delete):
    other = SupabaseDevice().sign_in("bob@example.org")
    delete(ada)
    assert [str(profile.uuid) for profile in Profile.objects.all()] == [other.user_id]
    assert other.user().status_code == 200


def test_a_user_without_a_profile_can_be_deleted(ada):
    ada.delete()
    assert not get_user_model().objects.exists()


def test_a_new_user_is_nobody_elses_heir(ada, laptop, make_user):
    """With the key of somebody deleted, too."""
    laptop.update(data={"name": "Ada"})
    key = ada.pk
    ada.delete()
    add_user(make_user, id=key)
    heir = SupabaseDevice().sign_in()
    assert written(heir.user().json()) == {}
    assert refusal(laptop.user()) == NO_SESSION
    assert refusal(laptop.refresh()) == NO_TOKEN
    if not isinstance(key, uuid.UUID):
        assert heir.user_id != laptop.user_id


def test_the_secret_of_the_project_is_in_no_answer(laptop):
    for answer in (laptop.user(), laptop.refresh(), laptop.update(data={"a": 1}), laptop.send("GET", "settings")):
        assert project.SECRET_KEY.encode() not in answer.content
        assert b"md5$" not in answer.content


def test_a_project_may_write_more_metadata_than_a_client(ada):
    """It stands in nobody's way: a password changes, and less of it may be left."""
    device = SupabaseDevice().sign_in()
    Profile.objects.update(user_metadata={"notes": "x" * 5000, "name": "Ada"})
    assert device.update(password="quite-new-1906").status_code == 200
    assert device.update(data={"name": None}).status_code == 200
    assert device.update(data={"more": "y"}).status_code == 400
    assert written(device.update(data={"notes": None}).json()) == {}


def test_what_a_receiver_writes_at_a_sign_in_is_in_its_answer(laptop, ada):
    """The profile is read when everybody has been told, not before the password was compared."""

    def write(sender, user, **event):
        Profile.objects.filter(user_id=user.pk).update(app_metadata={"roles": ["editor"]})

    user_logged_in.connect(write)
    try:
        laptop.keep(answer := laptop.try_sign_in())
    finally:
        user_logged_in.disconnect(write)
    for shown in (laptop.claims, answer.json()["user"]):
        assert shown["app_metadata"]["roles"] == ["editor"]
