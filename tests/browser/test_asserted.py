"""The browsers and assertions of ``auth_sessions.testing``, with every session engine, also in a ``TestCase``."""

import pytest
from django.test import Client

from auth_sessions import testing
from auth_sessions.choices import EndReason
from auth_sessions.models import Session
from auth_sessions.testing import assert_signed_in, assert_signed_out, assert_signed_out_everywhere

pytestmark = pytest.mark.usefixtures("any_engine")


def story(user):
    office, library = testing.Browser().sign_in(user), testing.Browser().sign_in(user)
    forced = testing.Browser(client=Client())
    forced.client.force_login(user)
    assert {office.session_id, library.session_id} == {str(row.pk) for row in Session.objects.all()}
    for browser in (office, library, forced):
        assert browser.get("/who/").status_code == 200
        assert_signed_in(browser)
    assert Session.objects.count() == 3
    assert office.sign_out("others").status_code == 204
    assert_signed_in(office)
    for browser in (library, forced):
        assert_signed_out(browser)
        assert browser.get("/who/").status_code == 401
    thief = office.steal()
    assert office.post("/logout/").status_code == 302
    for browser in (office, thief):
        assert_signed_out(browser)
    office.sign_in(user)
    Session.objects.of_person(user.pk).end(reason=EndReason.REVOKED)
    assert_signed_out(office)
    assert_signed_out_everywhere(user)


def test_what_is_committed(ada):
    story(ada)


@pytest.mark.django_db
def test_what_is_rolled_back(ada):
    story(ada)
