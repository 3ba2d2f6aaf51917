"""UUID version 7 (RFC 9562, section 5.7): ordered by time, so that new rows are adjacent in the index."""

import os
import secrets
import struct
import threading
import time
import uuid
from datetime import datetime
from itertools import accumulate

from auth_sessions import moments


class _Clock:
    """48 bits of Unix time in milliseconds, and 74 random bits that only grow within one millisecond."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.milliseconds = 0
        self.tail = 0

    def tick(self, count: int) -> tuple[int, list[int]]:
        now, steps = time.time_ns() // 1_000_000, struct.unpack(f"{count}I", os.urandom(4 * count))
        with self.lock:
            if now > self.milliseconds:
                self.milliseconds, self.tail = now, secrets.randbits(73)
            tails = list(accumulate((1 + step for step in steps), initial=self.tail))
            self.tail = tails[-1]
            return self.milliseconds, tails[1:]


_clock = _Clock()


def first_key_of(moment: datetime) -> uuid.UUID:
    """Sorts before every UUIDv7 that is made at this moment or later."""
    return uuid.UUID(int=int(moments.to_seconds(moment) * 1000) << 80)


def uuid7() -> uuid.UUID:
    """A new UUIDv7, greater than every earlier one of this process, in any thread.

    Python 3.14 has a ``uuid.uuid7()``; it guarantees no order between threads, and runs ahead of a clock that was set
    back.
    """
    return uuid7s(1)[0]


def uuid7s(count: int) -> list[uuid.UUID]:
    """So many new UUIDv7, each greater than the one before."""
    milliseconds, tails = _clock.tick(count)
    upper = milliseconds << 80 | 0x7 << 76 | 0b10 << 62
    return [uuid.UUID(int=upper | tail >> 62 << 64 | tail & (1 << 62) - 1) for tail in tails]
