"""Who acts in another person's name, and is not known to the project any more."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions import api, exceptions
from auth_sessions.models import Session
from tests.support.acting import act
from tests.support.device import Device, code
from tests.support.sessions import clear_expired

SIGNED_OUT = (401, "session_not_found")


@pytest.fixture
def helper(make_user):
    return make_user("helper")


@pytest.fixture(params=[True, False], ids=["own session", "no own session"])
def begin(request, helper, ada):
    """Begin to act as Ada. The actor's own session, if there is one, is not used meanwhile."""
    return lambda: act(helper, ada, from_device=Device().sign_in(helper) if request.param else None)


class TestHiddenByTheDefaultManager:
    @pytest.fixture
    def helping(self, hiding_manager, begin):
        device = begin()
        assert device.refresh().status_code == device.me().status_code == 200
        return device

    def test_requests_are_refused(self, helper, helping, mark):
        mark(helper)
        assert code(helping.me()) == SIGNED_OUT
        mark(helper, is_staff=False)
        assert helping.me().status_code == 200

    def test_a_refresh_ends_it(self, helper, ada, helping, mark, ended):
        mark(helper)
        assert code(helping.refresh()) == SIGNED_OUT
        assert not ada.auth_sessions.exists()
        assert [event["reason"] for event in ended] == ["signed_out"]

    def test_the_clean_up_ends_it(self, helper, helping, laptop, mark):
        mark(helper)
        assert clear_expired(dry_run=True) == clear_expired() > 0
        assert [str(session.pk) for session in Session.objects.all()] == [laptop.session_id]

    def test_nobody_begins_to_act(self, helper, ada, helping, mark):
        mark(helper)
        number = Session.objects.count()
        with pytest.raises(exceptions.UserInactive):
            api.sign_in_user(ada, actor=helper)
        assert Session.objects.count() == number


def test_the_actor_is_asked_for_in_the_select_of_their_session(helper, ada, hiding_manager):
    device = act(helper, ada, from_device=Device().sign_in(helper))
    with CaptureQueriesContext(connection) as queries:
        assert device.me().status_code == 200
    assert len(queries) == 2


@pytest.mark.parametrize("backends", [["Directory"], ["RefusesStaff"], ["Directory", "RefusesStaff"]])
def test_whom_the_backend_does_not_know_is_refused_at_the_next_refresh(helper, use_backends, begin, mark, backends):
    use_backends(*backends)
    device = begin()
    assert device.refresh().status_code == 200
    mark(helper)
    assert code(device.refresh()) == SIGNED_OUT
    assert not Session.objects.filter(actor=helper).exists()


def test_at_a_request_the_backend_is_not_asked_for_whom_it_need_not_be(helper, use_backends, begin, mark):
    """As for a user: who is active and visible is accepted without a statement of the backend's."""
    use_backends("Directory")
    device = begin()
    mark(helper)
    assert device.me().status_code == 200
    assert code(device.refresh()) == SIGNED_OUT


@pytest.mark.usefixtures("hiding_manager")
def test_a_backend_that_finds_those_whom_the_manager_hides_is_believed(helper, ada, use_backends, begin, mark):
    use_backends("FindsEverybody")
    device = begin()
    mark(helper)
    assert device.me().status_code == device.refresh().status_code == 200
    assert clear_expired() == 0
    api.sign_in_user(ada, actor=helper)
