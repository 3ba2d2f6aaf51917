"""Texts about times and sign-in methods. They never contain "session", "token" or "revoke"."""

from datetime import datetime, timedelta
from math import ceil, inf

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext_lazy, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from auth_sessions import moments

NOW = timedelta(minutes=5)
"""A device used within this time is "active now": by default its use is not recorded more often."""

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
"""Units of time, each with its maximum number and its text."""

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
"""The authentication method references (RFC 8176) that a person would recognise."""


def get_page_language() -> str:
    """The language code of the texts: the active language if it is translated. A translation contains its own code."""
    translated, active = pgettext("the code of the language that you translate to", "en"), get_language() or ""
    return active if f"{active}-".startswith(f"{translated}-") else translated


def format_last_used(moment: datetime) -> str:
    """When a device was last used, in one unit: "Active now", "Last used 2 hours ago"."""
    age = moments.age(moment)
    if age < NOW:
        return _("Active now")
    return next(str(text % {"count": age // unit}) for unit, text in UNITS if age >= unit)


def format_methods(amr: list[str]) -> str:
    """How a person signed in, such as "Password, one-time code or link". Methods without a text are omitted."""
    separator = pgettext("between the methods of a sign-in", ", ")
    return capfirst(separator.join(str(METHODS[method]) for method in amr if method in METHODS))


def format_delay(lifetime: timedelta) -> str:
    """How long an app may still have access after its sign-out, as a sentence."""
    unit, text = next((unit, text) for unit, most, text in DELAYS if ceil(lifetime / unit) <= most)
    return str(text % {"count": ceil(lifetime / unit)})
