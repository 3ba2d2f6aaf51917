"""A later proof of identity moves ``authenticated_at`` and adds to the methods, whoever records it."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.utils import timezone

from auth_sessions import api, exceptions
from auth_sessions.core import usage
from auth_sessions.models import Session
from tests.support.device import Device
from tests.support.inputs import each


@pytest.fixture(params=["sync", "async"])
def mark(request):
    return api.mark_reauthenticated if request.param == "sync" else async_to_sync(api.amark_reauthenticated)


def test_it_moves_the_time_and_adds_the_methods(clock, ada, phone, mark):
    laptop = Device().sign_in(ada)
    signed_in_at = timezone.now()
    clock.shift(timedelta(hours=1))
    session = Session.objects.get(pk=laptop.session_id)
    assert mark(session, amr=["otp", "mfa", "pwd"]) is None
    stored = Session.objects.get(pk=laptop.session_id)
    for found in (session, stored):
        assert (found.authenticated_at, found.amr) == (timezone.now(), ["pwd", "otp", "mfa"])
    clock.shift(60)
    mark(session)
    stored.refresh_from_db()
    assert (stored.authenticated_at, stored.amr) == (timezone.now(), ["pwd", "otp", "mfa"])
    assert Session.objects.get(pk=phone.session_id).authenticated_at == signed_in_at
    assert laptop.refresh().status_code == 200


def test_methods_that_were_added_meanwhile_stay(ada, laptop):
    one, other = (Session.objects.get(pk=laptop.session_id) for _ in range(2))
    api.mark_reauthenticated(one, amr=["otp"])
    api.mark_reauthenticated(other, amr=["hwk"])
    assert Session.objects.get(pk=laptop.session_id).amr == ["pwd", "otp", "hwk"]


def test_a_session_that_has_ended(laptop, mark):
    session = Session.objects.get(pk=laptop.session_id)
    session.delete()
    with pytest.raises(exceptions.SessionNotFound):
        mark(session, amr=["otp"])
    assert not Session.objects.exists()


def test_it_revives_no_session_whose_password_has_changed(ada, laptop):
    """Another factor is no proof of the new password."""
    type(ada).objects.filter(pk=ada.pk).update(password="md5$x$y")
    session = Session.objects.select_related("user").get(pk=laptop.session_id)
    api.mark_reauthenticated(session, amr=["otp"])
    assert not laptop.is_signed_in()


def test_it_takes_nothing_from_a_session_that_a_new_password_has_kept_meanwhile(ada, laptop):
    """The proof was given by the earlier password."""
    session = Session.objects.select_related("user").get(pk=laptop.session_id)
    api.change_password(get_user_model().objects.get(pk=ada.pk), "quite-new-1906", keep=Session.objects.get())
    assert usage.mark_reauthenticated(session, session.user)
    assert laptop.is_signed_in()


@each("amr", ["mfa", b"mfa", [5], [None], None, 5])
def test_methods_that_are_no_list_of_texts_are_recorded_nowhere(ada, laptop, amr):
    """An ID token may have a text as its ``amr``: its letters are no methods."""
    session = Session.objects.get(pk=laptop.session_id)
    with pytest.raises(TypeError):
        api.mark_reauthenticated(session, amr=amr)
    assert Session.objects.get(pk=laptop.session_id).amr == session.amr == ["pwd"]
    with pytest.raises(TypeError):
        api.sign_in_user(ada, amr=amr)
    assert Session.objects.count() == 1
