"""The device that a request comes from, by its headers."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.http import HttpRequest
from django.utils.translation import gettext as _

from auth_sessions.choices import DeviceType
from auth_sessions.conf import conf
from auth_sessions.devices import ua_parser, user_agents

USER_AGENT_LENGTH = 512

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052, section 2.1."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device as people see it, with a ``label`` such as "Chrome on macOS". Unknown parts are empty strings."""

    browser: str
    os: str
    type: DeviceType

    @property
    def label(self) -> str:
        """The name of the device, in the active language; never the raw user agent."""
        program = self.browser or {DeviceType.APP: _("App"), DeviceType.BOT: _("Bot")}.get(self.type, "")
        if program and self.os:
            return _("%(browser)s on %(os)s") % {"browser": program, "os": self.os}
        return program or self.os or _("Unknown device")


@dataclass(frozen=True, kw_only=True)
class Client:
    """Who presented something, as far as a request shows it: unknown values are "" and None."""

    user_agent: str
    address: str | None
    seen_at: datetime

    @property
    def device(self) -> Device:
        return describe(self.user_agent)


@lru_cache(maxsize=1000)
def describe(user_agent: str) -> Device:
    """The device that sends this ``User-Agent``, by ua-parser if it is installed. The result is cached."""
    classifier = ua_parser if ua_parser.is_available else user_agents
    browser, system, device_type = classifier.classify(user_agent[:USER_AGENT_LENGTH])
    return Device(browser=browser, os=system, type=device_type)


def client_user_agent(request: HttpRequest) -> str:
    """The ``User-Agent`` header as it is stored: at most 512 characters, no NUL (PostgreSQL refuses it)."""
    user_agent: str = request.META.get("HTTP_USER_AGENT", "")
    return user_agent.replace("\0", "")[:USER_AGENT_LENGTH]


def is_another_device(request: HttpRequest, *, user_agent: str, address: str | None) -> bool:
    """Whether a request comes from another device than the one that was stored with this user agent and address.

    Browser and system are compared, never versions. The address decides only where neither of the two user agents
    shows one of them. False if nothing was stored.
    """
    if not user_agent and address is None:
        return False
    stored, sent = ((device.browser, device.os) for device in map(describe, (user_agent, client_user_agent(request))))
    if any(stored) or any(sent):
        return stored != sent
    return address is not None and client_address(request) not in (None, address)


def client_address(request: HttpRequest) -> str | None:
    """The client's IP address; None if there is none (a Unix socket, an invalid header).

    ``X-Forwarded-For`` is used only with ``AUTH_SESSIONS_TRUSTED_PROXIES``: with n of them, the outermost trusted proxy
    has written the n-th entry from the right, and the client may have sent everything to the left of it. A header with
    fewer entries has not passed all proxies, and is ignored.
    """
    trusted = conf.AUTH_SESSIONS_TRUSTED_PROXIES
    forwarded = [hop for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if 0 < trusted <= len(forwarded):
        return _parse_address(forwarded[-trusted])
    return _parse_address(request.META.get("REMOTE_ADDR", ""))


def client_network(request: HttpRequest) -> str | None:
    """What requests of one client are counted by: its IPv4 address, or the /64 of its IPv6 address.

    A customer of a provider has at least a /64, and a device changes its address in it at will (RFC 8981). The
    addresses of NAT64 (``64:ff9b::/96``) stand for IPv4 addresses, of which each is counted by itself.
    """
    address = client_address(request)
    if address is None or ":" not in address:
        return address
    parsed = ipaddress.IPv6Address(address)
    if parsed in NAT64:
        return str(ipaddress.IPv4Address(parsed.packed[-4:]))
    return str(ipaddress.IPv6Network((parsed, 64), strict=False))


def _parse_address(text: str) -> str | None:
    """An address as a proxy may write it: plain, ``1.2.3.4:56``, ``[2001:db8::1]:56``, with a zone."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
