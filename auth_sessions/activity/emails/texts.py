"""What an e-mail says of an event: plain sentences without markup, the same in both of its parts."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from auth_sessions.activity import sentences
from auth_sessions.activity.addresses import shortened
from auth_sessions.activity.choices import ActivityKind
from auth_sessions.activity.models import Activity
from auth_sessions.devices import names, places
from auth_sessions.devices.device import Device

DEVICE_LENGTH = 60
"""A device's label is made from a header that whoever signs in has chosen."""


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The sentences about one activity. ``facts`` are labels with their values."""

    title: str
    facts: list[tuple[str, str]]
    happened: str = ""
    done: str = ""
    advice: list[str] = field(default_factory=list)


def describe(activity: Activity, *, time_zone: tzinfo, has_link: bool) -> Texts:
    """The texts about an activity, in the active language; title and facts alone for a kind that no e-mail is about."""
    if describe_kind := _OF_ALERTS.get(activity.kind):
        return describe_kind(activity, time_zone, _if_not_you(has_link=has_link))
    return Texts(title=sentences.describe(activity), facts=_facts(activity, time_zone))


def _facts(activity: Activity, time_zone: tzinfo) -> list[tuple[str, str]]:
    is_known = bool(activity.user_agent or activity.ip_address)
    return [
        *([(_("Device"), format_device(activity.device))] if is_known else []),
        *([(_("Signed in from"), format_origin(activity.ip_address))] if is_known else []),
        (_("Date and time"), format_moment(activity.created_at, time_zone)),
    ]


def _reused(activity: Activity, time_zone: tzinfo, if_not_you: str) -> Texts:
    """Which of the two devices has the copy is not known.

    A session keeps the device that it began on: the one that has refreshed it meanwhile is known by its move.
    """
    last_used_at, move = activity.last_used_at, activity.find_move()
    return Texts(
        title=_("A copy of your sign-in was used"),
        happened=_(
            "Your sign-in on “%(device)s” was used by two devices. One of them has a copy of it, which may have been "
            "stolen from your device, or from a backup."
        )
        % {"device": format_device(activity.device)},
        facts=[
            (_("Signed in on"), format_device(activity.device)),
            (_("Signed in from"), format_origin(activity.ip_address)),
            *([] if last_used_at is None else [(_("Last used"), format_moment(last_used_at, time_zone))]),
            *([] if move is None else _also_used(move)),
            (_("Used again on"), format_device(activity.presented_device)),
            (_("Used again from"), format_origin(activity.presented_ip_address)),
            (_("Date and time"), format_moment(activity.created_at, time_zone)),
        ],
        done=_("Both devices were signed out. The copy is of no use any more."),
        advice=[
            _("If you have just restored a backup, or moved an app to another device, this was you: sign in again."),
            if_not_you,
        ],
    )


def _also_used(move: Activity) -> list[tuple[str, str]]:
    return [
        (_("Also used on"), format_device(move.presented_device)),
        (_("Also used from"), format_origin(move.presented_ip_address)),
    ]


def _new_device(activity: Activity, time_zone: tzinfo, if_not_you: str) -> Texts:
    return Texts(
        title=_("New sign-in to your account"),
        happened=_("Somebody signed in to your account on a device that it was not used on before."),
        facts=_facts(activity, time_zone),
        done=_("Nothing was changed: the device is signed in."),
        advice=[_("If this was you, there is nothing to do."), if_not_you],
    )


def _moved(activity: Activity, time_zone: tzinfo, if_not_you: str) -> Texts:
    return Texts(
        title=_("Your sign-in is used on another device"),
        happened=_("A sign-in that began on “%(device)s” is now used on another device.")
        % {"device": format_device(activity.device)},
        facts=[
            (_("Signed in on"), format_device(activity.device)),
            (_("Signed in from"), format_origin(activity.ip_address)),
            (_("Now used on"), format_device(activity.presented_device)),
            (_("Now used from"), format_origin(activity.presented_ip_address)),
            (_("Date and time"), format_moment(activity.created_at, time_zone)),
        ],
        done=_("Nothing was changed: the device is signed in."),
        advice=[_("If you have changed the device or the browser yourself, there is nothing to do."), if_not_you],
    )


_OF_ALERTS: dict[str, Callable[[Activity, tzinfo, str], Texts]] = {
    ActivityKind.REFRESH_TOKEN_REUSED: _reused,
    ActivityKind.NEW_DEVICE: _new_device,
    ActivityKind.SESSION_MOVED: _moved,
}


def _if_not_you(*, has_link: bool) -> str:
    if has_link:
        return _("If this was not you, open the page below, press “This wasn’t me”, and choose a new password.")
    return _("If this was not you, sign in, sign out of all other devices, and choose a new password.")


def notes(*, person: str, site: str, held_back: int, is_last: bool) -> list[str]:
    """What stands below the message: about further e-mails, and why this one was sent.

    ``held_back`` is the number of events of the same kind that were not sent before this one; ``is_last`` is whether
    further ones will not be sent for a while.
    """
    said = []
    if held_back:
        text = ngettext(
            "The same has happened %(count)s other time, of which you got no e-mail.",
            "The same has happened %(count)s other times, of which you got no e-mail.",
            held_back,
        )
        said.append(text % {"count": held_back})
    if is_last:
        said.append(_("If it happens again within an hour, you get no further e-mail."))
        if site:
            said.append(_("Sign in to see everything that has happened."))
    account = {"person": names.isolated(person), "site": names.isolated(site)}
    if site:
        said.append(_("You get this e-mail because of the account “%(person)s” at %(site)s.") % account)
    else:
        said.append(_("You get this e-mail because of the account “%(person)s”.") % account)
    said.append(_("We never ask for your password by e-mail."))
    return said


def format_device(device: Device | None) -> str:
    """The label of a device, never the person's own name for it: whoever signs in may choose that."""
    if device is None:
        return names.isolated(_("Unknown device"))
    # Not the label: in Arabic it begins with a format character.
    cleaned = replace(device, browser=names.clean(device.browser), os=names.clean(device.os))
    return names.isolated(cleaned.label[:DEVICE_LENGTH])


def format_origin(address: str | None) -> str:
    """The place of an address, and its network: a part of the address is enough for a person to recognise."""
    network, place = _network(address), places.near(address)
    if network and place:
        return f"{place} ({names.isolated(network)})"
    return place or names.isolated(network or _("Unknown"))


def _network(address: str | None) -> str:
    network = shortened(address)
    if network is None:
        return ""
    return f"{network}*" if ":" in network else f"{network.rpartition('.')[0]}.*"


def format_moment(moment: datetime, time_zone: tzinfo) -> str:
    """A moment with the name of its time zone; with ``USE_TZ = False`` that is the zone of the project.

    In an hour that a clock shows twice, the offset from UTC tells which one it is.
    """
    is_aware = timezone.is_aware(moment)
    shown = timezone.localtime(moment, time_zone) if is_aware else moment
    zone = str(time_zone) if is_aware else settings.TIME_ZONE
    if shown.replace(fold=0).utcoffset() != shown.replace(fold=1).utcoffset():
        zone += f", {shown:UTC%z}"
    return f"{date_format(shown, 'DATETIME_FORMAT')} ({zone})"
