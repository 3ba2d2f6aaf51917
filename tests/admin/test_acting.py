"""Administrators read who acts in another person's name."""

import pytest

from tests.support.admin import AdminClient, log_entries, page, session_of

pytestmark = pytest.mark.usefixtures("tokens_only")


def test_the_list_and_the_page_of_a_session_say_who(help_device, laptop, grace):
    staff_client = AdminClient(grace)
    for shown in (staff_client.get(), staff_client.get(page(session_of(help_device)))):
        assert f"help by {grace}" in shown.content.decode()
    assert "help by" not in staff_client.get(page(session_of(laptop))).content.decode()


def test_the_page_of_the_user_says_who(help_device, grace, ada):
    staff_client = AdminClient(grace)
    assert f">{grace}</a></p>" in staff_client.get(page(ada)).content.decode()
    assert f">{grace}</a></p>" not in staff_client.get(page(grace)).content.decode()


def test_the_log_says_who(help_device, grace):
    AdminClient(grace).confirm("revoke_selected", [session_of(help_device)])
    ((_, _, label, _, _),) = log_entries()
    assert label.endswith(f", help by {grace}")


def test_deleting_the_person_who_acts(help_device, laptop, staff_client, make_user):
    """What is acted ends with them; nothing of the customer's does."""
    boss = make_user("boss", is_staff=True, is_superuser=True)
    AdminClient(boss).post(page(staff_client.user, "delete"), post="yes")
    assert not type(boss).objects.filter(pk=staff_client.user.pk).exists()
    assert not help_device.is_signed_in()
    assert laptop.is_signed_in()
