"""For the tests of a project: devices with tokens, browsers with a cookie, and whether they are signed in.

It needs no pytest, and works in each test class of Django's. ``auth_sessions.pytest_plugin`` has fixtures of the same.
"""

from auth_sessions.testing.assertions import assert_signed_in, assert_signed_out, assert_signed_out_everywhere
from auth_sessions.testing.clock import Clock, stopped_clock
from auth_sessions.testing.devices import CHROME_ON_IPHONE, FIREFOX_ON_MAC, Browser, Device, Response

__all__ = [
    "CHROME_ON_IPHONE",
    "FIREFOX_ON_MAC",
    "Browser",
    "Clock",
    "Device",
    "Response",
    "assert_signed_in",
    "assert_signed_out",
    "assert_signed_out_everywhere",
    "stopped_clock",
]
