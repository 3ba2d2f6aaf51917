"""The lines of the security log: each is parsed, and compared with the tables of docs/security-log.md."""

import json
import logging
import re
from contextlib import contextmanager
from datetime import datetime

from tests.support.documents import first_column, page_named, section

LOGGER = logging.getLogger("auth_sessions.security")
PAGE = page_named("security-log")
FIELDS = first_column(section(PAGE, "## A line"))
OF_REQUEST = {"address", "user_agent", "request_id"}
EVENTS = {
    name: (word, level, set(re.findall(r"`(\w+)`", fields)))
    for name, word, level, fields in re.findall(
        r"^\| `(auth_sessions\.\w+)` \| (?:`(\w+)`)? ?\| (\w+) \| (.*?) \|$", PAGE, re.MULTILINE
    )
}
NUMBERS = {"generation", "count"}


class Lines(logging.Handler):
    """Keeps what was written."""

    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)

    def of(self, *names):
        """The fields that have a value, of the lines of these events (without the prefix of their names), or of all."""
        found = [fields_of(record) for record in list(self.records)]
        return [each for each in found if not names or each["event"].removeprefix("auth_sessions.") in names]

    @property
    def events(self):
        return [each["event"].removeprefix("auth_sessions.") for each in self.of()]

    def clear(self):
        self.records.clear()


def fields_of(record):
    return {name: getattr(record, name) for name in FIELDS if getattr(record, name) is not None}


@contextmanager
def watched():
    """The lines that are written meanwhile, each of which must fit the tables."""
    lines, level = Lines(), LOGGER.level
    LOGGER.addHandler(lines)
    LOGGER.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        LOGGER.removeHandler(lines)
        LOGGER.setLevel(level)
    for record in lines.records:
        check(record)


def check(record):
    """One line of JSON in ASCII, and nothing in it or in the record that the tables do not have."""
    text = record.getMessage()
    assert text.isascii(), text
    assert text.isprintable(), text
    line = json.loads(text)
    word, level, own = EVENTS[record.event]
    assert line.pop("level") == level == record.levelname, text
    assert datetime.fromisoformat(line.pop("datetime")).utcoffset().total_seconds() == 0, text
    assert line == fields_of(record), text
    assert line.get("owasp", "") == word, text
    assert line.keys() <= {"event", "owasp"} | own | OF_REQUEST, text
    for name, value in line.items():
        assert type(value) is (int if name in NUMBERS else str), (name, text)
        assert name in NUMBERS or len(value) <= 512, (name, text)
        assert name in NUMBERS or value.isprintable(), (name, text)
