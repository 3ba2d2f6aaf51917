"""Renders an e-mail: plain text and HTML, by templates that a project may override."""

from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMultiAlternatives
from django.template.loader import select_template
from django.utils import translation

from auth_sessions.activity.emails import texts
from auth_sessions.activity.emails.links import site_of
from auth_sessions.activity.emails.recipients import Recipient
from auth_sessions.activity.models import Activity
from auth_sessions.core.people import known_name
from auth_sessions.devices import names
from auth_sessions.pages.formatting import get_page_language

TEMPLATES = "auth_sessions/activity/email"

PARTS = ("subject.txt", "body.txt", "body.html")

HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
"""No machine answers it: RFC 3834, and Microsoft's [MS-OXCMAIL]."""

SUBJECT_LENGTH = 150


def build(
    activity: Activity, *, user: AbstractBaseUser, recipient: Recipient, link: str, held_back: int, is_last: bool
) -> EmailMultiAlternatives:
    """The message about an activity, in the recipient's language, or in English where the app is not translated to it.

    For each part the first template that exists is used: ``<kind>_body.html``, then ``body.html``, and so on. The
    variables are described in docs/activity-emails.md.
    """
    with translation.override(recipient.language):
        language = get_page_language()
    with translation.override(language):
        described = texts.describe(activity, time_zone=recipient.time_zone, has_link=bool(link))
        person, site = names.clean(known_name(user)), site_of(link)
        is_rtl = language.partition("-")[0] in settings.LANGUAGES_BIDI
        context = {
            **vars(described),
            "notes": texts.notes(person=person, site=site, held_back=held_back, is_last=is_last),
            "activity": activity,
            "user": user,
            "person": person,
            "site": site,
            "link": link,
            "held_back": held_back,
            "is_last": is_last,
            "language": language,
            "direction": "rtl" if is_rtl else "ltr",
            "start": "right" if is_rtl else "left",
        }
        message = EmailMultiAlternatives(
            subject=_one_line(_render(activity, "subject.txt", context)),
            body=_render(activity, "body.txt", context).strip() + "\n",
            to=[recipient.address],
            headers=HEADERS,
        )
        message.attach_alternative(_render(activity, "body.html", context), "text/html")
    return message


def find_template(kind: str, part: str) -> Any:
    """The template of one of the ``PARTS``. Raises what ``select_template`` does."""
    return select_template([f"{TEMPLATES}/{kind}_{part}", f"{TEMPLATES}/{part}"])


def _render(activity: Activity, part: str, context: dict[str, Any]) -> str:
    text: str = find_template(activity.kind, part).render(context)
    return text


def _one_line(subject: str) -> str:
    """A subject that ends no header: without line breaks and control characters."""
    words = names.clean(" ".join(subject.split())).split()
    return " ".join(words)[:SUBJECT_LENGTH]
