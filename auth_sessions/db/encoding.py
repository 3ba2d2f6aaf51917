"""Text that a column cannot hold: characters above U+FFFF, such as emoji, in a column of three-byte UTF-8 (utf8mb3)."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DatabaseError

T = TypeVar("T")

INCORRECT_STRING_VALUE = 1366
"""The error of MariaDB and MySQL."""

FOUR_BYTES = re.compile(r"[^\x00-\uffff]")


def store_text(row: Any, name: str, write: Callable[[], T]) -> T:
    """The result of ``write()``. If a column cannot hold the text ``row.<name>``, it is stored without emoji."""
    try:
        return write()
    except DatabaseError as error:
        text = getattr(row, name)
        if error.args[:1] != (INCORRECT_STRING_VALUE,) or not FOUR_BYTES.search(text):
            raise
        setattr(row, name, FOUR_BYTES.sub("", text).strip())
        return write()
