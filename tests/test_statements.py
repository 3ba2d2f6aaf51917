"""The one SELECT that is planned once reads what the ORM reads, on every database and with every user model."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions import lifecycle
from auth_sessions.models import Session
from tests.browser import Browser
from tests.device import Device

RELATED = [(), ("user",), ("user", "refresh_token")]


def values(instance):
    return {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


@pytest.fixture
def sessions(ada, settings):
    """A token session and a browser's; one has all that may be there, one as little as possible."""
    settings.AUTH_SESSIONS_LIFETIME = None
    Device().sign_in(ada, device_name="Telefon, „mein“ 📱")
    Session.objects.update(ip_address="2001:db8::1", tag="app", amr=["pwd", "otp"])
    Browser().client.force_login(ada)
    lifecycle.start(ada, kind="browser", browser_key="key")
    return list(Session.objects.all())


@pytest.mark.parametrize("related", RELATED)
def test_it_is_what_the_orm_reads(sessions, related):
    for session in sessions:
        expected = Session.objects.select_related(*related or (None,)).get(pk=session.pk)
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                found = lifecycle.find(session.pk, *related)
            assert len(queries) == 1
            if "refresh_token" in related and session.kind == "browser":
                assert found is None
                continue
            with CaptureQueriesContext(connection) as queries:
                assert values(found) == values(expected)
                for name in related:
                    assert type(getattr(found, name)) is type(getattr(expected, name))
                    assert values(getattr(found, name)) == values(getattr(expected, name))
                if "refresh_token" in related:
                    assert found.refresh_token.session is found
            assert len(queries) == 0
            assert found._state.db == expected._state.db
            assert not found._state.adding
            assert found.get_deferred_fields() == set()


@pytest.mark.parametrize("related", RELATED)
def test_nobody_is_none(sessions, related):
    assert lifecycle.find(uuid.uuid4(), *related) is None
