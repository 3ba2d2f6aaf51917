"""Addresses that no longer tell a single household."""

import ipaddress

from auth_sessions.devices.device import NAT64

IPV4_PREFIX, IPV6_PREFIX = 24, 48


def shortened(address: str | None) -> str | None:
    """The first address of the network: the /24 of an IPv4 address, the /48 of an IPv6 address.

    A site has at most a /48 of IPv6 (RFC 6177). An IPv6 address that stands for an IPv4 address is shortened as that:
    all of NAT64's are in one /48, and the /48 of 6to4 is a single household.
    """
    if address is None:
        return None
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = _embedded(parsed) or parsed
    prefix = IPV4_PREFIX if parsed.version == 4 else IPV6_PREFIX  # noqa: PLR2004 - the version of the protocol
    return str(ipaddress.ip_network((parsed, prefix), strict=False).network_address)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address of a client behind a translator or a tunnel."""
    if address in NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
