"""Texts for people: when, how, and how soon. Never "session", "token" or "revoke"."""

from datetime import datetime, timedelta
from math import ceil, inf

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext_lazy, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

NOW = timedelta(minutes=5)
"""Used so recently is in use: that a device was seen is not written more often by default."""

UNITS = (
    (timedelta(days=365), ngettext_lazy("Last used %(count)d year ago", "Last used %(count)d years ago", "count")),
    (timedelta(days=30), ngettext_lazy("Last used %(count)d month ago", "Last used %(count)d months ago", "count")),
    (timedelta(days=1), ngettext_lazy("Last used %(count)d day ago", "Last used %(count)d days ago", "count")),
    (timedelta(hours=1), ngettext_lazy("Last used %(count)d hour ago", "Last used %(count)d hours ago", "count")),
    (timedelta(minutes=1), ngettext_lazy("Last used %(count)d minute ago", "Last used %(count)d minutes ago", "count")),
)

DELAYS = (
    (
        timedelta(minutes=1),
        90,
        ngettext_lazy(
            "An app may still have access for up to %(count)d minute.",
            "An app may still have access for up to %(count)d minutes.",
            "count",
        ),
    ),
    (
        timedelta(hours=1),
        48,
        ngettext_lazy(
            "An app may still have access for up to %(count)d hour.",
            "An app may still have access for up to %(count)d hours.",
            "count",
        ),
    ),
    (
        timedelta(days=1),
        inf,
        ngettext_lazy(
            "An app may still have access for up to %(count)d day.",
            "An app may still have access for up to %(count)d days.",
            "count",
        ),
    ),
)
"""The units, each up to how many of them."""

METHODS: dict[str, str | Promise] = {
    "pwd": pgettext_lazy("signed in by", "password"),
    "otp": pgettext_lazy("signed in by", "one-time code or link"),
    "sms": pgettext_lazy("signed in by", "text message"),
    "tel": pgettext_lazy("signed in by", "phone call"),
    "hwk": pgettext_lazy("signed in by", "security key"),
    "swk": pgettext_lazy("signed in by", "passkey"),
    "pin": pgettext_lazy("signed in by", "PIN"),
    "fpt": pgettext_lazy("signed in by", "fingerprint"),
    "face": pgettext_lazy("signed in by", "face recognition"),
    "sc": pgettext_lazy("signed in by", "smart card"),
}
"""The methods of RFC 8176 that a person would recognise."""


def get_page_language() -> str:
    """The language that the texts are in: the person's, where it is translated. Each translation gives its own code."""
    translated, active = pgettext("the code of the language that you translate to", "en"), get_language() or ""
    return active if active.partition("-")[0] == translated.partition("-")[0] else translated


def format_last_used(moment: datetime) -> str:
    """When a device was last used, roughly: "Active now", "Last used 2 hours ago"."""
    age = timezone.now() - moment
    if age < NOW:
        return _("Active now")
    return next(str(text % {"count": age // unit}) for unit, text in UNITS if age >= unit)


def format_methods(amr: list[str]) -> str:
    """How a person signed in: "Password, one-time code or link"; nothing for methods without a text."""
    return capfirst(", ".join(str(METHODS[method]) for method in amr if method in METHODS))


def format_delay(lifetime: timedelta) -> str:
    """How long an app may still have access after its sign-out."""
    unit, text = next((unit, text) for unit, most, text in DELAYS if ceil(lifetime / unit) <= most)
    return str(text % {"count": ceil(lifetime / unit)})
