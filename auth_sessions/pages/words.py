"""Words for people: when, how, and how soon. Never "session", "token" or "revoke"."""

from datetime import datetime, timedelta
from math import ceil

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

NOW = timedelta(minutes=5)
"""Used so recently is in use: that a device was seen is not written more often by default."""

UNITS = (
    (timedelta(days=365), ngettext_lazy("%(count)d year ago", "%(count)d years ago", "count")),
    (timedelta(days=30), ngettext_lazy("%(count)d month ago", "%(count)d months ago", "count")),
    (timedelta(days=1), ngettext_lazy("%(count)d day ago", "%(count)d days ago", "count")),
    (timedelta(hours=1), ngettext_lazy("%(count)d hour ago", "%(count)d hours ago", "count")),
    (timedelta(minutes=1), ngettext_lazy("%(count)d minute ago", "%(count)d minutes ago", "count")),
)

WAYS: dict[str, str | Promise] = {
    "pwd": gettext_lazy("password"),
    "otp": gettext_lazy("one-time code or link"),
    "sms": gettext_lazy("text message"),
    "tel": gettext_lazy("phone call"),
    "hwk": gettext_lazy("security key"),
    "swk": gettext_lazy("passkey"),
    "pin": gettext_lazy("PIN"),
    "fpt": gettext_lazy("fingerprint"),
    "face": gettext_lazy("face recognition"),
    "sc": gettext_lazy("smart card"),
}
"""The methods of RFC 8176 that a person would recognise."""


def used(moment: datetime) -> str:
    """When a device was last used, roughly: "Active now", "2 hours ago"."""
    age = timezone.now() - moment
    if age < NOW:
        return _("Active now")
    return next(str(text % {"count": age // unit}) for unit, text in UNITS if age >= unit)


def ways(amr: list[str]) -> str:
    """How a person signed in: "Password, one-time code or link"; nothing for methods without a word."""
    return capfirst(", ".join(str(WAYS[method]) for method in amr if method in WAYS))


def delay(lifetime: timedelta) -> str:
    """How long an app may be let in after its sign-out."""
    minutes = ceil(lifetime / timedelta(minutes=1))
    if minutes <= 90:  # noqa: PLR2004
        text = ngettext(
            "An app may still have access for up to %(count)d minute.",
            "An app may still have access for up to %(count)d minutes.",
            minutes,
        )
        return text % {"count": minutes}
    hours = ceil(lifetime / timedelta(hours=1))
    text = ngettext(
        "An app may still have access for up to %(count)d hour.",
        "An app may still have access for up to %(count)d hours.",
        hours,
    )
    return text % {"count": hours}
