"""What docs/monitoring.md and docs/security-log.md name exists; their examples run or parse."""

import json
import logging.config
import re

import pytest
import yaml

from auth_sessions import metrics
from auth_sessions.core.report import read_report
from tests.support.device import Device
from tests.support.documents import page_named, section
from tests.support.paths import ROOT
from tests.support.security_log import EVENTS, FIELDS, LOGGER

pytestmark = pytest.mark.any_database

PAGE, LOG_PAGE = page_named("monitoring"), page_named("security-log")


def block(language, text=PAGE):
    return re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)[1]


def exported(name):
    """As Prometheus names a counter of OpenTelemetry."""
    return name.replace(".", "_") + "_total"


def test_the_rules():
    """Their syntax, and that they ask for metrics and attributes that exist."""
    [group] = yaml.safe_load(block("yaml"))["groups"]
    recorded = {rule["record"]: rule["expr"] for rule in group["rules"] if "record" in rule}
    rules = [rule for rule in group["rules"] if "record" not in rule]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 4
    known = {exported(counter.name) for counter in metrics.COUNTERS}
    attributes = {
        name.replace(".", "_")
        for name in (metrics.KIND, metrics.REASON, metrics.OUTCOME, metrics.REFUSED, metrics.ERROR)
    }
    for rule in rules:
        assert (
            {"alert", "expr", "labels", "annotations"}
            <= rule.keys()
            <= {"alert", "expr", "for", "labels", "annotations"}
        )
        expression = rule["expr"]
        for name, of in recorded.items():
            expression = expression.replace(name, of)
        assert expression.count("(") == expression.count(")")
        named = set(re.findall(r"auth_sessions_\w+", expression))
        assert named - attributes <= known, rule["alert"]
        assert named & known, rule["alert"]
        assert set(re.findall(r"(\w+)=\"", expression)) <= attributes
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))


def test_the_alerts_name_what_exists():
    rows = re.findall(r"^\| .*? \| (.*?) \| .*? \| .*? \| .*? \|$", section(PAGE, "## Alerts"), re.MULTILINE)
    events = {name.removeprefix("auth_sessions.") for name in EVENTS}
    reasons = {"refresh_token_forged", "token_not_valid", "repeated"}
    counters = {counter.name for counter in metrics.COUNTERS}
    assert len(rows) > 10
    for row in rows[2:]:
        for name in re.findall(r"`([\w.]+)`", row):
            assert name in events | set(FIELDS) | reasons | counters | {
                "overdue.oldest_seconds",
                "overdue.history_seconds",
            }, row


def test_the_members_of_the_report(transactional_db):
    table = section(PAGE, "## The report")
    first = "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))
    report = read_report()
    assert re.findall(r"`(\w+)`", first) == [
        "database",
        "time",
        "hours",
        *(name for name in report if name not in {"database", "time", "hours"}),
    ]
    for name in ("live", "refreshes", "overdue"):
        [row] = re.findall(rf"^\| `{name}` \| (.*) \|$", table, re.MULTILINE)
        assert {*report[name]} <= {*re.findall(r"`(\w+)`", row)}


def test_the_logging_of_the_page(ada, capsys):
    """Its lines go to a handler of their own."""
    settings, handlers = {}, (LOGGER.handlers[:], LOGGER.propagate, LOGGER.level)
    exec(block("python", LOG_PAGE), settings)
    try:
        logging.config.dictConfig(settings["LOGGING"])
        Device().sign_in(ada)
        [line] = capsys.readouterr().err.splitlines()
        assert json.loads(line)["event"] == "auth_sessions.sign_in"
    finally:
        LOGGER.handlers[:], LOGGER.propagate = handlers[0], handlers[1]
        LOGGER.setLevel(handlers[2])


def test_the_line_of_the_page():
    line = json.loads(block("json", LOG_PAGE))
    assert list(line) == ["datetime", "level", *(name for name in FIELDS if name in line)]
    assert EVENTS[line["event"]][:2] == (line["owasp"], line["level"])


def test_every_command_that_changes_sessions_has_a_line():
    """Beside those that only read."""
    commands = {path.stem: path.read_text() for path in (ROOT / "auth_sessions").rglob("management/commands/*.py")}
    silent = {name for name, text in commands.items() if "ADMIN_ACTION" not in text} - {"__init__"}
    assert silent == {"auditauthsessions", "authsessionsreport"}
