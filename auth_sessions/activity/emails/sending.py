"""One e-mail for each activity, and no more than a person can read.

What is sent is decided by a column, in a transaction, before anything is sent: a second worker or another attempt sends
nothing twice. An e-mail that a mail server refuses is therefore not sent again; it is logged, and the page shows it.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.utils import timezone

from auth_sessions import moments
from auth_sessions.activity.emails import delivery, messages, recipients
from auth_sessions.activity.models import Activity
from auth_sessions.core.database import all_users
from auth_sessions.db.locking import lock
from auth_sessions.db.transactions import in_transaction

logger = logging.getLogger("auth_sessions")

LIMIT, PERIOD = 3, timedelta(hours=1)
"""How many e-mails about one kind of event a person gets within the period."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """An e-mail may be sent: how many events before it were not, and whether further ones will not be for a while."""

    held_back: int
    is_last: bool


def send_in_background(activity_id: uuid.UUID, *, using: str, link: str) -> None:
    """Send the e-mail about an activity, and wait for the mail server: for a worker. An error is logged."""
    if message := prepare(activity_id, using=using, link=link):
        delivery.send(message, name=name_of(activity_id))


def send_now(activity_id: uuid.UUID, *, using: str, link: str) -> None:
    """The same, in a request: a thread waits for the mail server."""
    if message := prepare(activity_id, using=using, link=link):
        send = delivery.send if delivery.is_local() else delivery.sender.send
        send(message, name=name_of(activity_id))


def name_of(activity_id: uuid.UUID) -> str:
    return f"The e-mail about activity {activity_id}"


def prepare(activity_id: uuid.UUID, *, using: str, link: str) -> EmailMultiAlternatives | None:
    """The e-mail about an activity, whose turn this is from now on; None if there is nothing to send."""
    activity = Activity.objects.using(using).filter(pk=activity_id, emailed_at=None).first()
    user = None if activity is None else all_users(using).filter(pk=activity.user_id).first()
    if activity is None or user is None or (recipient := _find_recipient(user, activity_id)) is None:
        return None
    if (turn := take_turn(activity, using=using)) is None:
        return None
    try:
        return messages.build(
            activity, user=user, recipient=recipient, link=link, held_back=turn.held_back, is_last=turn.is_last
        )
    except Exception:  # of a template or of a method of the project's
        logger.exception("%s could not be written", name_of(activity_id))
        return None


def _find_recipient(user: AbstractBaseUser, activity_id: uuid.UUID) -> recipients.Recipient | None:
    """Who gets the e-mail; None, which is logged, if nobody does."""
    name = name_of(activity_id)
    try:
        recipient = recipients.find(user)
    except recipients.InvalidAddressError:
        logger.warning("%s was not sent: the address of the user is not valid", name)
    except Exception:  # of a method of the project's
        logger.exception("%s could not be addressed", name)
    else:
        if recipient is None:
            logger.info("%s was not sent: the user has no address", name)
        return recipient
    return None


def take_turn(activity: Activity, *, using: str) -> Turn | None:
    """Mark an activity as sent; None if it is marked already, or if the person has got enough for now.

    The rows that are counted are locked, so that two activities of one moment do not count past each other: those of
    the period. Of earlier ones, of which there may be many, the number is enough.
    """
    of_kind = Activity.objects.using(using).filter(user_id=activity.user_id, kind=activity.kind)

    def work() -> Turn | None:
        now = timezone.now()
        since = moments.add(now, -PERIOD)
        recent = Q(emailed_at=None, created_at__gt=since) | Q(emailed_at__gt=since) | Q(pk=activity.pk)
        counted = lock(of_kind.filter(recent))
        sent = sum(row.emailed_at is not None for row in counted)
        if sent >= LIMIT:
            return None
        last = of_kind.exclude(emailed_at=None).order_by("-pk").values_list("pk", flat=True).first()
        if not of_kind.filter(pk=activity.pk, emailed_at=None).update(emailed_at=now):
            return None
        unsent = of_kind.filter(emailed_at=None, pk__lt=activity.pk)
        held_back = 0 if last is None else unsent.filter(pk__gt=last).count()
        return Turn(held_back=held_back, is_last=sent + 1 == LIMIT)

    return in_transaction(work, using=using)
