"""The security log, and what an error shows."""

import logging
from collections.abc import Iterator
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache

from auth_sessions import security_log
from auth_sessions.audit.findings import Finding, Verdict, duty, met, not_met
from auth_sessions.audit.judges.timeouts import sessions_of_others
from auth_sessions.audit.project import Project, setting

CHANGE = 'Give "auth_sessions.security" a handler and the level INFO in LOGGING (docs/security-log.md).'


def _handlers(logger: logging.Logger | None) -> Iterator[logging.Handler]:
    """Those that get a record of this logger."""
    while logger is not None:
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None


def is_written(level: int) -> bool:
    """Whether a record of the security log reaches a handler: levels and filters are asked, and nothing is written."""
    logger = security_log.logger
    if not logger.isEnabledFor(level) or not _passes(logger, level):
        return False
    written = (each for each in _handlers(logger) if not isinstance(each, logging.NullHandler) and each.level <= level)
    return any(_passes(each, level) for each in written)


def _passes(filterer: logging.Filterer, level: int) -> bool:
    """Whether the filters of a logger or a handler let a record of the security log pass."""
    logger = security_log.logger
    values: dict[str, Any] = {**dict.fromkeys(security_log.FIELDS), "event": security_log.SIGNED_IN.name}
    record = logger.makeRecord(logger.name, level, __file__, 0, "%s", ("{}",), None, extra=values)
    try:
        return bool(filterer.filter(record))
    except Exception:  # noqa: BLE001 - a filter of the project's, which would lose the real records as well
        return False


def events_are_written(project: Project) -> Finding:
    if not is_written(logging.INFO):
        return not_met("No handler gets the records of auth_sessions.security at INFO.", CHANGE)
    return met("Each event of the security log reaches a handler.")


def sign_ins_are_written(project: Project) -> Finding:
    finding = events_are_written(project)
    return (sessions_of_others(project) if finding.verdict == Verdict.MET else None) or finding


def refusals_are_written(project: Project) -> Finding:
    if not is_written(logging.WARNING):
        return not_met("No handler gets the records of auth_sessions.security at WARNING.", CHANGE)
    return duty(
        "Refused passwords, tokens and cookies reach a handler. What your permissions refuse is not the app's to see.",
        "Log it in your views.",
    )


def attacks_are_written(project: Project) -> Finding:
    if not is_written(logging.WARNING):
        return not_met("No handler gets the records of auth_sessions.security at WARNING.", CHANGE)
    rates = setting("REST_FRAMEWORK", {}).get("DEFAULT_THROTTLE_RATES") or {}
    if not rates.get("auth_sessions_token"):
        return not_met(
            "Reused and forged tokens reach a handler. Guesses of passwords are not limited, so nothing tells of many.",
            'DEFAULT_THROTTLE_RATES = {"auth_sessions_token": "10/min"}',
        )
    if isinstance(caches["default"], DummyCache):
        return not_met(
            "Reused and forged tokens reach a handler. Guesses of passwords are counted in a cache that keeps nothing.",
            'Another BACKEND of CACHES["default"].',
        )
    return met("Reused tokens, forged ones and too many attempts reach a handler.")


def errors_tell_nothing(project: Project) -> Finding:
    if setting("DEBUG"):
        return not_met("DEBUG is on: an error shows code and settings.", "DEBUG = False")
    return met("DEBUG is off, and no error of the app names a secret.")


def failures_accept_nothing(project: Project) -> Finding:
    return duty(
        "No failure makes a session count. Rate limits do not hold: while their cache fails, nobody is held back.",
        "Limit requests in the server in front as well.",
    )
