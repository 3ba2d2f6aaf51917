"""What follows when something was recorded."""

from collections.abc import Iterable

from django.http import HttpRequest

from auth_sessions.activity.emails import background, delivery, links, sending
from auth_sessions.activity.models import Activity
from auth_sessions.conf import conf


def send_emails(
    activities: Iterable[Activity], kinds: frozenset[str], request: HttpRequest | None, using: str, **kwargs: object
) -> None:
    """Send an e-mail about each activity of which the project wants one. An error is logged, not raised."""
    wanted = kinds.intersection(conf.AUTH_SESSIONS_ACTIVITY_EMAILS)
    for activity in activities if wanted else ():
        if activity.kind not in wanted:
            continue
        with delivery.failures_logged(sending.name_of(activity.pk)):
            _send(activity, link=links.page_of(activity.pk, request=request), using=using)


def _send(activity: Activity, *, link: str, using: str) -> None:
    if background.runs_elsewhere():
        from auth_sessions.activity.emails.tasks import send_email  # noqa: PLC0415 - needs a backend that takes it

        send_email.enqueue(str(activity.pk), using, link)
    else:
        sending.send_now(activity.pk, using=using, link=link)
