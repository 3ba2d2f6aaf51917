"""The name of the account in an e-mail: it was typed at a registration, perhaps of a stranger's address."""

import pytest
from django.contrib.auth import get_user_model

from tests.support.activity_emails import NEW, parts, sent
from tests.support.device import IPHONE, MACBOOK, Device

pytestmark = pytest.mark.any_database


@pytest.mark.usefixtures("emails")
def test_a_name_adds_no_line_and_reorders_none(ada):
    name = get_user_model().USERNAME_FIELD
    if name == "email" or not ada.get_email_field_name() or not hasattr(ada, ada.get_email_field_name()):
        pytest.skip("Such a name is no address, or there is none: nothing is sent.")
    setattr(ada, name, "x\r\n\r\nYour account is locked.\n\u202e\u2069")
    ada.save()
    for user_agent in (IPHONE, MACBOOK):
        Device(user_agent).sign_in(ada)
    for part in parts(sent(NEW)[0])[1:]:
        assert "\u202e" not in part
        assert "\nYour account is locked" not in part
