"""UUID version 7 (RFC 9562, section 5.7): time-ordered, so that new rows land side by side in the index."""

import secrets
import sys
import threading
import time
import uuid

_lock = threading.Lock()
_last_milliseconds = 0
_last_tail = 0


def uuid7() -> uuid.UUID:
    """A new UUIDv7, greater than every one this process made before it."""
    if sys.version_info >= (3, 14):
        return uuid.uuid7()
    milliseconds, tail = _next_parts()
    version_and_upper_tail = 0x7000 | tail >> 62
    variant_and_lower_tail = 0b10 << 62 | tail & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | version_and_upper_tail << 64 | variant_and_lower_tail)


def _next_parts() -> tuple[int, int]:
    """48 bits of Unix time in milliseconds, and 74 random bits that only grow within one millisecond."""
    global _last_milliseconds, _last_tail
    with _lock:
        milliseconds = time.time_ns() // 1_000_000
        if milliseconds > _last_milliseconds:
            _last_milliseconds, _last_tail = milliseconds, secrets.randbits(73)
        else:
            _last_tail += 1 + secrets.randbits(32)
        return _last_milliseconds, _last_tail
