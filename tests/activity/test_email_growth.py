"""An e-mail reads no more rows for a long history, of which nobody got an e-mail."""

from datetime import timedelta

import pytest
from django.utils import timezone

from auth_sessions.activity.emails import sending
from auth_sessions.activity.models import Activity
from tests.support.activity_emails import MOVED, parts, sent


@pytest.mark.usefixtures("emails")
def test_earlier_rows_are_not_read(ada, monkeypatch):
    read = []

    def make(number, **age):
        at = timezone.now() - timedelta(**age)
        rows = [Activity(user=ada, kind="session_moved", created_at=at, has_full_address=False) for _ in range(number)]
        Activity.objects.bulk_create(rows)
        return rows

    def lock(rows, real=sending.lock):
        read.append(real(rows))
        return read[-1]

    monkeypatch.setattr(sending, "lock", lock)
    make(300, days=2)
    (first,) = make(1, days=1)
    sending.send_now(first.pk, using="default", link="")
    Activity.objects.filter(pk=first.pk).update(emailed_at=first.created_at)
    make(200, hours=2)
    (now,) = make(1)
    sending.send_now(now.pk, using="default", link="")
    assert [len(rows) for rows in read] == [1, 1]
    assert "200 other times" in parts(sent(MOVED)[1])[1].replace("\n", " ")
