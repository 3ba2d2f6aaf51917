"""``DB_CASCADE`` (Django 6.1) on a foreign key to a session: it works, and a check says what to use instead."""

import pytest
from django.core import checks
from django.db import models

from auth_sessions.models import Session
from tests.support.related import child, with_table

DB_CASCADE = getattr(models, "DB_CASCADE", None)

pytestmark = [
    pytest.mark.usefixtures("new_models"),
    pytest.mark.skipif(DB_CASCADE is None, reason="DB_CASCADE is new in Django 6.1"),
]


def test_the_database_deletes_what_references_a_session(laptop, phone):
    model = with_table(child("DatabaseChild", Session, DB_CASCADE))
    for device in (laptop, phone):
        model.objects.create(key_id=device.session_id)
    assert laptop.sign_out("local").status_code == 204
    assert [str(row.key_id) for row in model.objects.all()] == [phone.session_id]
    assert phone.sign_out().status_code == 204
    assert not model.objects.exists()


def test_a_check_says_what_to_use_instead():
    child("DatabaseChild", Session, DB_CASCADE)
    found = {message.id: message.hint for message in checks.run_checks()}
    assert "fields.E323" in found
    assert found["auth_sessions.W020"] == "Use on_delete=CASCADE or SET_NULL."
