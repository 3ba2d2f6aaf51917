"""UUID version 7 (RFC 9562, section 5.7): ordered by time, so that new rows are adjacent in the index."""

import secrets
import threading
import time
import uuid
from datetime import datetime

from auth_sessions import moments


class _Clock:
    """48 bits of Unix time in milliseconds, and 74 random bits that only grow within one millisecond."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.milliseconds = 0
        self.tail = 0

    def tick(self) -> tuple[int, int]:
        now = time.time_ns() // 1_000_000
        with self.lock:
            if now > self.milliseconds:
                self.milliseconds, self.tail = now, secrets.randbits(73)
            else:
                self.tail += 1 + secrets.randbits(32)
            return self.milliseconds, self.tail


_clock = _Clock()


def first_key_of(moment: datetime) -> uuid.UUID:
    """Sorts before every UUIDv7 that is made at this moment or later."""
    return uuid.UUID(int=int(moments.to_seconds(moment) * 1000) << 80)


def uuid7() -> uuid.UUID:
    """A new UUIDv7, greater than every earlier one of this process, in any thread.

    Python 3.14 has a ``uuid.uuid7()``; it guarantees no order between threads, and runs ahead of a clock that was set
    back.
    """
    milliseconds, tail = _clock.tick()
    version_and_upper_tail = 0x7000 | tail >> 62
    variant_and_lower_tail = 0b10 << 62 | tail & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | version_and_upper_tail << 64 | variant_and_lower_tail)
