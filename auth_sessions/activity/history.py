"""What a person may read: their own history."""

from typing import Any

from django.db.models import QuerySet

from auth_sessions.activity.models import Activity
from auth_sessions.core.database import write_alias


def history_of(user_id: Any) -> QuerySet[Activity]:
    """The activities of a person, newest first."""
    return Activity.objects.using(write_alias()).filter(user_id=user_id).order_by("-pk")
