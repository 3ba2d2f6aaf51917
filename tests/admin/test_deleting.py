"""Deleting a session signs out."""

import pytest

from auth_sessions.choices import EndReason
from auth_sessions.models import RefreshToken, Session
from tests.host.models import Draft, PushDevice
from tests.support.admin import SESSIONS, page, session_of
from tests.support.device import code

pytestmark = pytest.mark.usefixtures("tokens_only")


@pytest.fixture(params=["delete_one", "delete_selected"])
def delete(request, staff_client):
    """Both ways to delete that the admin has."""
    return getattr(staff_client, request.param)


def test_deleting_signs_out(delete, laptop, phone):
    assert delete(session_of(laptop)).status_code == 302
    assert code(laptop.me()) == code(laptop.refresh()) == (401, "session_not_found")
    assert phone.me().status_code == 200


def test_what_is_related_to_a_deleted_session_goes(delete, laptop):
    session = session_of(laptop)
    PushDevice.objects.create(session=session, token="t")
    Draft.objects.create(session_key=session.pk)
    delete(session)
    assert [model.objects.count() for model in (Session, RefreshToken, PushDevice, Draft)] == [0] * 4


def test_the_signal_says_who_deleted(delete, staff_client, ada, laptop, ended):
    delete(session_of(laptop))
    [event] = ended
    assert event["reason"] == EndReason.DELETED
    assert event["actor"] == staff_client.user
    assert event["request"].path.startswith(SESSIONS)
    assert event["user_ids"] == {ada.pk}


def test_deleting_asks_first_and_names_whose_device_it_is(staff_client, ada, laptop):
    PushDevice.objects.create(session=session_of(laptop), token="t")
    for asked in (
        staff_client.get(page(session_of(laptop), "delete")),
        staff_client.ask("delete_selected", [session_of(laptop)]),
    ):
        shown = asked.content.decode()
        assert f"<li>{ada}: Firefox on macOS</li>" in shown
        assert "Push devices: 1" in shown
    assert laptop.me().status_code == 200


def test_deleting_the_user_signs_out(staff_client, ada, laptop, ended):
    staff_client.post(page(ada, "delete"), post="yes")
    assert code(laptop.me()) == (401, "user_not_found")
    assert [event["reason"] for event in ended] == [EndReason.USER_DELETED]
