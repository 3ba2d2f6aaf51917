"""``auditauthsessions``: its forms, its options, its exit code."""

import json
import re
from io import StringIO

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.test import override_settings
from jsonschema import Draft202012Validator

from auth_sessions import __version__
from auth_sessions.audit.findings import Verdict
from auth_sessions.audit.run import REQUIREMENTS, STANDARDS
from auth_sessions.models import Session
from tests.support.host import has_browsers

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
RULE = {
    "type": "object",
    "required": ["id", "shortDescription"],
    "properties": {"id": {"type": "string"}, "shortDescription": TEXT, "help": TEXT, "properties": {"type": "object"}},
    "additionalProperties": False,
}
PLACE = {
    "type": "object",
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "properties": {"uri": {"type": "string", "pattern": "^[^/].*[.]py$"}},
                    "additionalProperties": False,
                },
                "region": {"type": "object", "properties": {"startLine": {"type": "integer", "minimum": 1}}},
            },
            "additionalProperties": False,
        },
        "logicalLocations": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {
                "type": "object",
                "properties": {"fullyQualifiedName": {"type": "string"}, "kind": {"type": "string"}},
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
RESULT = {
    "type": "object",
    "required": ["message", "ruleId", "kind", "level"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "kind": {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {"type": "array", "items": PLACE},
    },
    "additionalProperties": False,
    # SARIF 2.1.0, section 3.27.10: only a failure has a level.
    "if": {"properties": {"kind": {"const": "fail"}}},
    "then": {"properties": {"level": {"enum": ["note", "warning", "error"]}}},
    "else": {"properties": {"level": {"const": "none"}}},
}
RUN = {
    "type": "object",
    "required": ["tool", "results"],
    "properties": {
        "tool": {
            "type": "object",
            "required": ["driver"],
            "properties": {
                "driver": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string"},
                        "version": {"type": "string"},
                        "informationUri": {"type": "string", "format": "uri"},
                        "rules": {"type": "array", "uniqueItems": True, "items": RULE},
                    },
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
        "results": {"type": "array", "items": RESULT},
    },
    "additionalProperties": False,
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": RUN},
    },
    "additionalProperties": False,
}
"""What SARIF 2.1.0 requires of the members that the report has, and that it has no others."""


def run(*options):
    out = StringIO()
    call_command("auditauthsessions", *options, stdout=out)
    return out.getvalue()


def report(*options):
    return json.loads(run("--format", "json", *options))


def test_json():
    found = report()
    assert found["version"] == __version__
    assert [result["id"] for result in found["results"]] == [requirement.id for requirement in REQUIREMENTS]
    assert found["verdicts"].keys() == {*map(str, Verdict)}
    assert sum(found["verdicts"].values()) == len(REQUIREMENTS)
    members = {"id", "standard", "level", "text", "settings", "verdict", "reason", "change", "tests"}
    assert {frozenset(result) for result in found["results"]} == {frozenset(members)}
    assert {result["standard"] for result in found["results"]} == {*STANDARDS.values()}


def test_text():
    text = run()
    for result in report()["results"]:
        found = re.search(
            rf"^{re.escape(result['id'])} \(level (\d)\): (.*?)\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL
        )
        assert (int(found[1]), found[2].lower()) == (result["level"], result["verdict"])
        for part in (f"{result['text']}.", result["reason"], result["change"], *result["settings"], *result["tests"]):
            assert part in found[3]
    assert re.fullmatch(r"\d+ met, \d+ not met, \d+ the project's duty, \d+ not applicable", text.splitlines()[-1])


def test_sarif(monkeypatch, tmp_path):
    found = json.loads(run("--format", "sarif"))
    Draft202012Validator(SARIF).validate(found)
    [run_] = found["runs"]
    rules, judged = run_["tool"]["driver"]["rules"], report()["results"]
    assert [rule["id"] for rule in rules] == [of_json["id"] for of_json in judged]
    not_met = [of_json for of_json in judged if of_json["verdict"] == str(Verdict.NOT_MET)]
    for result, of_json in zip(run_["results"], not_met, strict=True):  # code hosts show each result as a fault
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == of_json["id"]
        assert result["kind"] == "fail"
        assert result["message"]["text"].startswith(of_json["reason"])
        [place] = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "tests/settings.py"
    errors = {result["ruleId"] for result in run_["results"] if result["level"] == "error"}
    assert errors == {each["id"] for each in report("--level", "1")["results"] if each["verdict"] == "not met"}
    monkeypatch.chdir(tmp_path)
    elsewhere = json.loads(run("--format", "sarif"))
    Draft202012Validator(SARIF).validate(elsewhere)
    assert "physicalLocation" not in json.dumps(elsewhere)


def test_sarif_of_a_folder_with_a_space(monkeypatch, tmp_path):
    """The place is a URI reference (SARIF 2.1.0, section 3.4.3)."""
    (tmp_path / "my project").mkdir()
    module = tmp_path / "my project" / "settings_of_this_test.py"
    module.touch()
    monkeypatch.syspath_prepend(module.parent)
    monkeypatch.chdir(tmp_path)
    with override_settings(SETTINGS_MODULE=module.stem):
        [run_] = json.loads(run("--format", "sarif"))["runs"]
    [place] = run_["results"][0]["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "my%20project/settings_of_this_test.py"


def test_level_and_standard():
    for level in (1, 2, 3):
        ids = [result["id"] for result in report("--level", str(level))["results"]]
        assert ids == [requirement.id for requirement in REQUIREMENTS if requirement.level <= level]
    for standard, name in STANDARDS.items():
        assert {result["standard"] for result in report("--standard", standard)["results"]} == {name}
    two = report("--standard", "nist", "--standard", "rfc8725")["results"]
    assert {result["standard"] for result in two} == {STANDARDS["nist"], STANDARDS["rfc8725"]}
    with pytest.raises(CommandError):
        run("--level", "4")


def test_exit_code():
    run("--level", "3")  # without --fail-on
    failed = [each["id"] for each in report("--standard", "rfc8725")["results"] if each["verdict"] == "not met"]
    assert failed == ["rfc8725-3.11"]
    with pytest.raises(CommandError, match=r"^Not met: rfc8725-3\.11$") as error:
        run("--standard", "rfc8725", "--fail-on", "not-met")
    assert error.value.returncode == 1
    run("--standard", "rfc8725", "--level", "1", "--fail-on", "not-met")
    run("--standard", "rfc8725", "--fail-on", "not-met", "--except", "rfc8725-3.11")
    with pytest.raises(CommandError, match="There is no requirement rfc8725-4") as error:
        run("--except", "rfc8725-4")
    assert error.value.returncode == 2


def test_settings_that_are_wrong_are_not_judged(settings):
    settings.AUTH_SESSIONS_LIFETIME = "a month"
    with pytest.raises(CommandError, match="Correct the settings first: AUTH_SESSIONS_LIFETIME must be") as error:
        run()
    assert error.value.returncode == 2


@has_browsers
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SECURE_HSTS_SECONDS": None}, "asvs-3.4.1: TypeError"),
        ({"SESSION_ENGINE": "no.engine"}, "asvs-3.3.5: ModuleNotFoundError: No module named 'no'"),
        (
            {"AUTHENTICATION_BACKENDS": ["no.Backend"]},
            "ModuleNotFoundError: Can not find module path defined in settings.AUTHENTICATION_BACKENDS",
        ),
        ({"ROOT_URLCONF": "no.urls"}, "ModuleNotFoundError: No module named 'no'"),
        ({"SESSION_COOKIE_AGE": "day", "SESSION_EXPIRE_AT_BROWSER_CLOSE": False}, "nist-5.1.1-expiry: TypeError"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_judged(changes, said):
    """By a message, and not by a traceback; and nothing of it is taken for a report."""
    middleware = ["django.middleware.security.SecurityMiddleware", *project.MIDDLEWARE]
    with override_settings(MIDDLEWARE=middleware, **changes), pytest.raises(CommandError) as error:
        run()
    assert error.value.returncode == 2
    assert said in str(error.value)


def test_an_algorithm_that_is_none(settings):
    settings.SIMPLE_JWT = {"ALGORITHM": None}
    by_id = {result["id"]: result["verdict"] for result in report()["results"]}
    assert by_id["asvs-9.1.1"] == by_id["rfc8725-3.2"] == "not met"


def test_it_says_nothing_secret(settings):
    settings.SECRET_KEY = "the-secret-key-that-no-report-shows-whatever-it-finds"
    settings.SIMPLE_JWT = {"SIGNING_KEY": "the-signing-key-that-no-report-shows"}
    for format_ in ("text", "json", "sarif"):
        assert "that-no-report-shows" not in run("--format", format_)


@has_browsers
def test_what_it_costs(settings, django_assert_num_queries):
    with django_assert_num_queries(0):
        run()
    settings.AUTH_SESSIONS_PRESET = "aal3"
    with django_assert_num_queries(1):
        run()


@has_browsers
def test_a_database_that_cannot_be_read(settings, monkeypatch):
    """Nothing is met of which it would have to tell."""
    settings.AUTH_SESSIONS_PRESET = "aal3"
    monkeypatch.setattr(Session._meta, "db_table", "a_table_that_was_never_migrated")
    [found] = [each for each in report("--standard", "nist")["results"] if each["id"] == "nist-2.3.3-overall"]
    assert found["verdict"] == "the project's duty"
    assert "could not be read" in found["reason"]
