"""A reused token of an app whose sign-in a browser has, too."""

import json

import pytest
from django.core.management import call_command

from tests.support.activity_emails import REUSED, sent, steal
from tests.support.device import IPHONE, Device
from tests.support.hand_over import Website


@pytest.mark.usefixtures("emails")
def test_a_reuse_is_told_once_however_many_browsers_end_with_the_app(clock, ada, told, capsys):
    iphone = Device(IPHONE).sign_in(ada)
    for _ in range(2):
        Website().takes_over(iphone)
    steal(clock, iphone)
    reused = [row for row in told("session_id") if row[0] == "refresh_token_reused"]
    assert [str(session_id) for _, session_id in reused] == [iphone.session_id]
    assert told("reason").count(("signed_out", "refresh_token_reused")) == 3
    assert len(sent(REUSED)) == 1
    call_command("authsessionsreport", format="json")
    assert json.loads(capsys.readouterr().out)["reused"] == 1
