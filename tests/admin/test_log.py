"""What the log of the admin says."""

import pytest
from django.contrib.auth import get_user_model

from auth_sessions import signals
from auth_sessions.core.creation import create_session
from tests.support.admin import log_entries, session_of

pytestmark = pytest.mark.usefixtures("tokens_only")


def test_the_log_says_whose_sessions_were_revoked(staff_client, grace, ada, laptop, phone):
    staff_client.ask("revoke_selected", [session_of(laptop)])
    assert log_entries() == []
    staff_client.confirm("revoke_selected", [session_of(laptop)])
    staff_client.confirm("revoke_others", [create_session(ada)])
    assert log_entries() == [
        (grace.get_username(), device.session_id, f"{ada}: Firefox on macOS", 3, "Revoked.")
        for device in (laptop, phone)
    ]


def test_the_log_is_in_the_language_of_the_administrator(staff_client, ada, laptop, settings):
    settings.LANGUAGE_CODE = "de"
    staff_client.confirm("sign_out_everywhere", [ada])
    assert [entry[-1] for entry in log_entries()] == ["Beendet.", "Überall abgemeldet."]


def test_the_log_says_who_was_signed_out_everywhere(staff_client, grace, ada, laptop):
    staff_client.confirm("sign_out_everywhere", [ada])
    assert log_entries() == [
        (grace.get_username(), laptop.session_id, f"{ada}: Firefox on macOS", 3, "Revoked."),
        (grace.get_username(), str(ada.pk), str(ada), 2, "Signed out everywhere."),
    ]


def test_the_log_says_whose_sessions_were_deleted(staff_client, grace, ada, laptop, phone):
    staff_client.delete_one(session_of(laptop))
    staff_client.delete_selected(session_of(phone))
    assert log_entries() == [
        (grace.get_username(), device.session_id, f"{ada}: Firefox on macOS", 3, "") for device in (laptop, phone)
    ]


def test_a_name_of_any_length_is_logged(staff_client, ada):
    session = create_session(ada, name="n" * 100)
    get_user_model().objects.filter(pk=ada.pk).update(**{ada.USERNAME_FIELD: "a" * 100})
    staff_client.confirm("revoke_selected", [session])
    assert log_entries()[0][2] == f'{"a" * 100}: "\u2068{"n" * 100}'[:200]


def test_an_undone_sign_out_is_not_logged(staff_client, laptop):
    def refuse(**event):
        raise RuntimeError

    signals.sessions_ending.connect(refuse)
    try:
        with pytest.raises(RuntimeError):
            staff_client.confirm("revoke_selected", [session_of(laptop)])
    finally:
        signals.sessions_ending.disconnect(refuse)
    assert log_entries() == []
    assert laptop.me().status_code == 200
