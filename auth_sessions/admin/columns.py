"""The columns of a session in the admin: in the list, on its page, and on the page of its user."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from auth_sessions.core import browser_validation
from auth_sessions.core.validity import get_end_reason
from auth_sessions.devices import names
from auth_sessions.models import Session
from auth_sessions.querysets import LAST_USED_AT

OWN = "_auth_sessions_own"
"""The attribute that marks the session in which the administrator is signed in here."""


def mark_own(request: HttpRequest, sessions: Iterable[Session]) -> None:
    """Mark the administrator's own session, and that of the app it came from, so that none ends by accident."""
    own = browser_validation.get_current(request)
    for session in sessions:
        setattr(session, OWN, own is not None and session.pk in (own.pk, own.sign_in_id))


def is_own(session: Session) -> bool:
    return getattr(session, OWN, False)


def full_label(session: Session) -> str:
    """The user and the device, as the admin log keeps them after the session has ended."""
    return f"{session.user}: {named(session)}"


def named(session: Session, *, length: int = 100) -> str:
    """The person's own name in quotes, so that it is not mistaken for a text of the admin, the device, and who acts."""
    label = session.device.label
    if session.actor is not None:
        label = _("%(device)s, help by %(actor)s") % {"device": label, "actor": session.actor}
    if not session.name:
        return label
    name = Truncator(session.name).chars(length).replace('"', "'")
    return f'"{names.isolated(name)}" ({label})'


def warning_label(session: Session) -> str:
    """The label on a confirmation page, which warns about the administrator's own session."""
    if is_own(session):
        return _("%(session)s (your own session: you will be signed out here)") % {"session": full_label(session)}
    return full_label(session)


def _marked(session: Session, label: str) -> str:
    return _("%(device)s (your own session)") % {"device": label} if is_own(session) else label


class SessionColumns:
    """Columns for a ``ModelAdmin`` or an inline, whose queryset selects ``user`` and ``refresh_token``."""

    @admin.display(description=gettext_lazy("device"))
    def device_label(self, session: Session) -> str:
        """The person's own name and the device."""
        return _marked(session, named(session))

    @admin.display(description=gettext_lazy("device"))
    def short_device_label(self, session: Session) -> str:
        """The same with a long name truncated; the ``title`` has all of it."""
        return format_html('<span title="{}">{}</span>', named(session), _marked(session, named(session, length=40)))

    @admin.display(description=gettext_lazy("state"))
    def state(self, session: Session) -> Any:
        """``live``, or why the session is not live although its row exists."""
        reason = get_end_reason(session, last_used_at=session.last_used_at, checks_browser_password=True)
        return reason.label if reason else _("live")

    @admin.display(description=gettext_lazy("last used"), ordering=LAST_USED_AT)
    def last_used(self, session: Session) -> str:
        shown = display_for_value(session.last_used_at, "-")
        return format_html('<span class="nowrap">{}</span>', shown)

    @admin.display(description=gettext_lazy("authenticated"))
    def authenticated(self, session: Session) -> str:
        return display_for_value(session.authenticated_at, _("not known"))

    @admin.display(description=gettext_lazy("authentication methods"))
    def methods(self, session: Session) -> str:
        return ", ".join(session.amr)

    @admin.display(description=gettext_lazy("address when signed in"))
    def address(self, session: Session) -> str | None:
        """The address, with its place if the project's GeoIP database contains it."""
        place = session.place
        return f"{session.ip_address} ({place})" if place else session.ip_address
