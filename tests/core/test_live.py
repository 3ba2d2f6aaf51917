"""``live()`` and ``not_live()``: each session is in one of the two, whatever ends or uses it."""

from datetime import timedelta
from itertools import product

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.utils import timezone

from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from tests.support.sessions import create_browser_row

MOMENT = timedelta(microseconds=1)
IDLE = timedelta(days=14)
ENDS = {"never": None, "later": MOMENT, "now": timedelta(0), "before": -MOMENT}
USES = {"just in time": MOMENT - IDLE, "at the limit": -IDLE, "before": -IDLE - MOMENT}


@pytest.fixture
def sessions(clock, ada):
    """One of each kind: its end, when it was last seen, and, of a token session, last refreshed."""
    now, made = timezone.now(), {}
    for end, seen, refreshed in product(ENDS, USES, [*USES, None]):
        session = create_session(ada) if refreshed else create_browser_row(ada)
        expires_at = None if ENDS[end] is None else now + ENDS[end]
        Session.objects.filter(pk=session.pk).update(expires_at=expires_at, last_seen_at=now + USES[seen])
        if refreshed:
            RefreshToken.objects.filter(pk=session.pk).update(rotated_at=now + USES[refreshed])
        is_used = "just in time" in (seen, refreshed)
        made[session.pk] = end in ("never", "later"), is_used
    return made


@pytest.mark.parametrize("idle_timeout", [IDLE, None])
def test_each_is_one_or_the_other(sessions, settings, idle_timeout):
    settings.AUTH_SESSIONS_IDLE_TIMEOUT = idle_timeout
    live = {key for key, (lasts, is_used) in sessions.items() if lasts and (is_used or idle_timeout is None)}
    assert set(Session.objects.live().values_list("pk", flat=True)) == live
    assert set(Session.objects.not_live().values_list("pk", flat=True)) == set(sessions) - live
    assert Session.objects.not_live().count() == len(sessions) - len(live)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan is PostgreSQL's")
@pytest.mark.parametrize("state", ["live", "ended"])
def test_the_admin_s_filter_reads_no_list_of_keys(ada, rf, state):
    """``exclude(pk__in=...)`` compared each row with each of a list: minutes at some hundred thousand rows."""
    filtered = site.get_model_admin(Session).list_filter[0](
        {}, {"state": [state]}, Session, site.get_model_admin(Session)
    )
    plan = (
        filtered.queryset(rf.get("/"), Session.objects.select_related("refresh_token")).order_by("-pk")[:100].explain()
    )
    assert "SubPlan" not in plan
    assert plan.count(" on auth_sessions_session ") == 1
