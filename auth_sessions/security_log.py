"""The security log: one line of JSON for each event, written by the logger ``auth_sessions.security``.

Each event has a name that never changes and, where one fits, a word of the OWASP Logging Vocabulary Cheat Sheet
(https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html). A record has all of
:data:`FIELDS` as attributes, None where there is no value, and a message that is a JSON object of those that have one.
Nothing is built where the logger is disabled for the level of the event, and no SQL statement is ever executed.
"""

import json
import logging
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from auth_sessions.db.transactions import call_on_commit
from auth_sessions.devices.device import client_address, client_user_agent

if TYPE_CHECKING:
    from auth_sessions.models import Session

logger = logging.getLogger("auth_sessions.security")
app_logger = logging.getLogger("auth_sessions")

FIELDS = (
    "event",
    "owasp",
    "user",
    "actor",
    "session",
    "kind",
    "reason",
    "scope",
    "methods",
    "device_name",
    "login_hash",
    "generation",
    "rate",
    "command",
    "count",
    "address",
    "user_agent",
    "request_id",
)
"""What a record may contain, in the order of the message."""

OF_REQUEST = ("address", "user_agent", "request_id")
"""What any event may contain, where it comes from a request."""

NUMBERS = {"generation", "count"}
"""The fields that are numbers. All others are texts."""

LONGEST = 512
"""The characters of a value."""

REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
"""What is accepted as the id of a request: a client may send any header that no proxy overwrites."""


@dataclass(frozen=True)
class Event:
    """An event: its name, the word of OWASP's vocabulary ("" where none fits), its level, and its own fields."""

    name: str
    owasp: str
    level: int
    fields: tuple[str, ...]


_SESSION = ("user", "actor", "session", "kind")

SIGNED_IN = Event("auth_sessions.sign_in", "authn_login_success", logging.INFO, (*_SESSION, "methods", "device_name"))
SESSION_JOINED = Event("auth_sessions.session_joined", "session_created", logging.INFO, (*_SESSION, "methods"))
SIGN_IN_REFUSED = Event(
    "auth_sessions.sign_in_refused", "authn_login_fail", logging.WARNING, ("user", "reason", "login_hash")
)
REAUTHENTICATED = Event("auth_sessions.reauthenticated", "authn_login_success", logging.INFO, (*_SESSION, "methods"))
REAUTHENTICATION_REFUSED = Event(
    "auth_sessions.reauthentication_refused", "authn_login_fail", logging.WARNING, ("user", "reason", "login_hash")
)
PASSWORD_CHANGED = Event("auth_sessions.password_changed", "authn_password_change", logging.INFO, _SESSION)
SESSION_REFUSED = Event(
    "auth_sessions.session_refused", "session_use_after_expire", logging.WARNING, (*_SESSION, "reason")
)
TOKEN_REFUSED = Event("auth_sessions.token_refused", "", logging.WARNING, (*_SESSION, "reason", "generation"))
RATE_LIMITED = Event("auth_sessions.rate_limited", "excess_rate_limit_exceeded", logging.WARNING, ("rate",))
TOKEN_REUSED = Event(
    "auth_sessions.refresh_token_reused", "authn_token_reuse", logging.WARNING, (*_SESSION, "generation")
)
REUSE_ANSWERED = Event(
    "auth_sessions.refresh_token_reuse_answered", "authn_token_reuse", logging.WARNING, (*_SESSION, "generation")
)
SESSION_MOVED = Event("auth_sessions.session_moved", "", logging.INFO, _SESSION)
SESSION_ENDED = Event("auth_sessions.session_ended", "session_expired", logging.INFO, (*_SESSION, "reason", "scope"))
ADMIN_ACTION = Event(
    "auth_sessions.admin_action",
    "authz_admin",
    logging.WARNING,
    ("user", "actor", "reason", "scope", "command", "count"),
)

EVENTS = {value.name: value for value in list(vars().values()) if isinstance(value, Event)}


def is_enabled(event: Event) -> bool:
    return logger.isEnabledFor(event.level)


def write(event: Event, *, request: HttpRequest | None = None, of: "Session | None" = None, **values: Any) -> None:
    """Write an event, which may be ``of`` a session. ``values`` are those of its fields."""
    if is_enabled(event):
        about = {} if of is None else of_session(of)
        _log(event, _record(event, {**of_request(request), **about, **values}), now=_now())


def write_each(
    event: Event, sessions: Iterable[Mapping[str, Any]], *, request: HttpRequest | None = None, **values: Any
) -> None:
    """Write an event of each of many sessions, whose values are given: what they share is built once."""
    if is_enabled(event):
        shared, now = _record(event, {**of_request(request), **values}), _now()
        for session in sessions:
            _log(event, {**shared, **{name: cleaned(name, value) for name, value in session.items()}}, now=now)


def write_on_commit(event: Event, *, using: str, **values: Any) -> None:
    """Write an event when the transaction is committed: what is rolled back has not happened."""
    if is_enabled(event):
        call_on_commit(partial(write, event, **values), using=using)


def of_session(session: "Session") -> dict[str, Any]:
    return {"user": session.user_id, "actor": session.actor_id, "session": session.pk, "kind": session.kind}


def of_request(request: Any) -> dict[str, Any]:
    """Where a request comes from, and its id: ``request.id``, or the header ``X-Request-ID``."""
    if not hasattr(request, "META"):  # nor is it one where another package sends Django's signal
        return {}
    request_id = str(getattr(request, "id", None) or request.META.get("HTTP_X_REQUEST_ID", ""))
    return {
        "address": client_address(request),
        "user_agent": client_user_agent(request) or None,
        "request_id": request_id if REQUEST_ID.fullmatch(request_id) else None,
    }


def login_hash(credentials: Mapping[str, Any]) -> str | None:
    """A hash of what was typed as the user name, which may be a password: the same for the same name.

    64 bits of an HMAC-SHA256 with a key derived from ``SECRET_KEY``.
    """
    model = get_user_model()
    for field in (model.USERNAME_FIELD, "username", model.get_email_field_name()):
        if isinstance(name := credentials.get(field), str):
            key = "auth_sessions.security_log"
            typed = name.strip().casefold().encode(errors="surrogatepass")  # JSON may hold half of a pair
            return salted_hmac(key, typed, algorithm="sha256").hexdigest()[:16]
    return None


def cleaned(name: str, value: Any) -> Any:
    """The value of a field as it is written: a number, or a text without control characters and bidi controls."""
    if value is None or name in NUMBERS:
        return value
    text = str(value)[:LONGEST]
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _now() -> str:
    return datetime.fromtimestamp(timezone.now().timestamp(), tz=UTC).isoformat(timespec="milliseconds")


def _record(event: Event, values: Mapping[str, Any]) -> dict[str, Any]:
    given = {"event": event.name, "owasp": event.owasp or None, **values}
    return {name: cleaned(name, given.get(name)) for name in FIELDS}


def _log(event: Event, record: dict[str, Any], *, now: str) -> None:
    line = {"datetime": now, "level": logging.getLevelName(event.level)}
    line.update({name: value for name, value in record.items() if value is not None})
    try:
        logger.log(event.level, "%s", json.dumps(line), extra=record)
    except Exception:  # of a handler or a filter of the project's: a refusal stays one, and a sign-out is completed
        with suppress(Exception):
            app_logger.exception("A line of the security log could not be written")
