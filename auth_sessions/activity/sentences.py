"""What people read of an event: in the page, and in whatever else tells them. Never "session" or "token"."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from auth_sessions.activity.choices import ActivityKind
from auth_sessions.activity.models import Activity
from auth_sessions.choices import EndReason, Scope
from auth_sessions.devices import names

_SIGNED_OUT: dict[str, str | Promise] = {
    EndReason.SIGNED_OUT: gettext_lazy("Signed out on %(device)s"),
    EndReason.REVOKED: gettext_lazy("Signed out on %(device)s, by the staff"),
    EndReason.DELETED: gettext_lazy("Signed out on %(device)s, by this site"),
    EndReason.PASSWORD_CHANGED: gettext_lazy("Signed out on %(device)s, by a password change"),
    EndReason.USER_INACTIVE: gettext_lazy("Signed out on %(device)s, because the account was deactivated"),
    EndReason.REFRESH_TOKEN_REUSED: gettext_lazy("Signed out on %(device)s, because its sign-in was copied"),
    EndReason.LIMIT: gettext_lazy("Signed out on %(device)s, because you were signed in on too many devices"),
    EndReason.EXPIRED: gettext_lazy("Signed out on %(device)s, because you signed in a long time ago"),
    EndReason.IDLE: gettext_lazy("Signed out on %(device)s, because it was not used for a long time"),
}
"""By the reason."""

_BY_SCOPE: dict[str, str | Promise] = {
    Scope.GLOBAL: gettext_lazy("Signed out on %(device)s, with every other device"),
    Scope.OTHERS: gettext_lazy("Signed out on %(device)s, from another device"),
}
"""Of a sign-out by the person."""

_OTHERS: dict[str, str | Promise] = {
    ActivityKind.SIGNED_IN: gettext_lazy("Signed in on %(device)s"),
    ActivityKind.NEW_DEVICE: gettext_lazy("First sign-in on %(device)s"),
    ActivityKind.REFRESH_TOKEN_REUSED: gettext_lazy("The sign-in on %(device)s was copied, and used on %(other)s"),
    ActivityKind.SESSION_MOVED: gettext_lazy("The sign-in on %(device)s was used on %(other)s"),
    ActivityKind.SESSION_LIMIT_REACHED: gettext_lazy("Sign-in refused on %(device)s: too many devices"),
}
"""By the kind of the event."""


def describe(activity: Activity) -> str:
    """The event as a sentence without its end, in the active language: "Signed out on iPhone, by a password change"."""
    device = names.isolated(activity.label)
    other = "" if activity.presented_device is None else names.isolated(activity.presented_device.label)
    return str(_sentence(activity)) % {"device": device, "other": other}


def _sentence(activity: Activity) -> str | Promise:
    if activity.kind == ActivityKind.PASSWORD_CHANGED:
        return _("Password changed on %(device)s") if activity.user_agent else _("Password changed")
    if activity.kind == ActivityKind.SIGNED_IN and activity.actor_id not in {None, activity.user_id}:
        return _("The staff signed in in your name on %(device)s")
    if activity.kind != ActivityKind.SIGNED_OUT:
        return _OTHERS[activity.kind]
    by_person = activity.reason == EndReason.SIGNED_OUT and activity.actor_id == activity.user_id
    usual = _SIGNED_OUT.get(activity.reason, _SIGNED_OUT[EndReason.DELETED])
    return _BY_SCOPE.get(activity.scope if by_person else "", usual)


def format_when(moment: datetime) -> str:
    """When it was: today and yesterday by the time of day, else by date and time, in the current time zone."""
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    today = timezone.localdate() if timezone.is_aware(moment) else timezone.now().date()
    time = date_format(local, "TIME_FORMAT")
    if local.date() == today:
        return _("Today at %(time)s") % {"time": time}
    if local.date() == today - timedelta(days=1):
        return _("Yesterday at %(time)s") % {"time": time}
    return date_format(local, "DATETIME_FORMAT")
