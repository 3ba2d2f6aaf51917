"""Lists that are short enough for one statement."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")

KEYS_PER_STATEMENT = 30_000
"""Below the limits of query parameters: 32,766 on SQLite, 65,535 on PostgreSQL with server-side binding."""


def batches(items: list[T], *, size: int | None = None) -> list[list[T]]:
    """The items in lists that are short enough for one statement."""
    size = size or KEYS_PER_STATEMENT
    return [items[start : start + size] for start in range(0, len(items), size)]
