"""The task that sends an e-mail. Imported only where ``background.runs_elsewhere()``, and by a worker."""

import uuid
from typing import Any

from auth_sessions.activity.emails import sending
from auth_sessions.activity.emails.background import get_tasks

_tasks: Any = get_tasks()


@_tasks.task()  # type: ignore[untyped-decorator]
def send_email(activity_id: str, using: str, link: str) -> None:
    """Send the e-mail about an activity, if it was not sent and the person has not got enough of them."""
    sending.send_in_background(uuid.UUID(activity_id), using=using, link=link)
