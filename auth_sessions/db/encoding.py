"""Text that a column cannot hold: characters above U+FFFF, such as emoji, in a column of three-byte UTF-8 (utf8mb3).

A MariaDB or MySQL database from before 2018 may have such columns.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.db import DatabaseError
from django.db.models import QuerySet

T = TypeVar("T")

INCORRECT_STRING_VALUE = 1366
"""The error of MariaDB and MySQL when such text is written."""

ILLEGAL_MIX_OF_COLLATIONS = {1267, 1271}
"""The errors when a column is compared with such text."""

FOUR_BYTES = re.compile(r"[^\x00-\uffff]")


def store_text(row: Any, names: Iterable[str], write: Callable[[], T]) -> T:
    """The result of ``write()``. If a column cannot hold one of the texts ``row.<name>``, they are without emoji."""
    try:
        return write()
    except DatabaseError as error:
        texts = {name: text for name in names if FOUR_BYTES.search(text := getattr(row, name))}
        if error.args[:1] != (INCORRECT_STRING_VALUE,) or not texts:
            raise
        for name, text in texts.items():
            setattr(row, name, FOUR_BYTES.sub("", text).strip())
        return write()


def find_text(read: Callable[[], T], *, default: T) -> T:
    """The result of ``read()``, which compares columns with a text; ``default`` if they cannot hold it."""
    try:
        return read()
    except DatabaseError as error:
        if cannot_hold(error):
            return default
        raise


def cannot_hold(error: DatabaseError) -> bool:
    """Whether it is the error of a column that was compared with a text which it cannot hold."""
    return bool(error.args) and error.args[0] in ILLEGAL_MIX_OF_COLLATIONS


def can_compare(rows: QuerySet[Any], *texts: str) -> bool:
    """Whether the columns by which ``rows`` are filtered can be compared with the ``texts`` they are filtered by.

    Costs a statement for texts with emoji only.
    """
    if not any(map(FOUR_BYTES.search, texts)):
        return True
    return find_text(lambda: rows.exists() or True, default=False)
