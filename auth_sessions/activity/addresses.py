"""Addresses that no longer tell a single household."""

import ipaddress

IPV4_PREFIX, IPV6_PREFIX = 24, 48


def shortened(address: str | None) -> str | None:
    """The first address of the network: the /24 of an IPv4 address, the /48 of an IPv6 address.

    A site has at most a /48 of IPv6 (RFC 6177).
    """
    if address is None:
        return None
    parsed = ipaddress.ip_address(address)
    prefix = IPV4_PREFIX if parsed.version == 4 else IPV6_PREFIX  # noqa: PLR2004 - the version of the protocol
    return str(ipaddress.ip_network((parsed, prefix), strict=False).network_address)
