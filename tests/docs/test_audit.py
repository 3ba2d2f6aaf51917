"""docs/audit.md lists the requirements of the audit, the presets, and the verdicts for the example project."""

import json
import os
import re
import subprocess
import sys

import pytest

from auth_sessions.audit.findings import Verdict
from auth_sessions.audit.project import Project, spell
from auth_sessions.audit.run import REQUIREMENTS
from auth_sessions.conf import conf
from auth_sessions.presets import PRESETS
from tests.support.documents import first_column, page_named, section
from tests.support.paths import ROOT

pytestmark = pytest.mark.any_database

PAGE = page_named("audit")


def row(requirement, verdict):
    settings = ", ".join(f"`{name}`" for name in requirement.settings)
    return f"| `{requirement.id}` | {requirement.level} | {requirement.text} | {settings} | {verdict} |"


def listed_rows():
    return [line for line in section(PAGE, "## The requirements").splitlines() if line.startswith("| `")]


def test_every_requirement():
    """A failure prints the table."""
    verdicts = dict(re.findall(r"^\| `([\w.-]+)` .* \| (.*?) \|$", "\n".join(listed_rows()), re.MULTILINE))
    expected = [row(requirement, verdicts.get(requirement.id)) for requirement in REQUIREMENTS]
    assert listed_rows() == expected
    assert set(verdicts.values()) <= {*map(str, Verdict)}


@pytest.mark.integration
def test_the_verdicts_for_the_example(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key not in {"PGDATABASE", "REDIS_URL"}}
    environment["DJANGO_SETTINGS_MODULE"] = "example_project.settings"
    command = [sys.executable, "manage.py", "auditauthsessions", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    verdicts = {result["id"]: result["verdict"] for result in json.loads(done.stdout)["results"]}
    expected = [row(requirement, verdicts[requirement.id]) for requirement in REQUIREMENTS]
    assert listed_rows() == expected, "\n".join(expected)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_presets(settings, preset):
    settings.AUTH_SESSIONS_PRESET = preset
    values = [conf.AUTH_SESSIONS_LIFETIME, conf.AUTH_SESSIONS_IDLE_TIMEOUT, conf.AUTH_SESSIONS_LAST_SEEN_INTERVAL]
    cells = re.search(rf"^\| `\"{preset}\"` \| (.*) \|$", PAGE, re.MULTILINE)[1].split(" | ")
    assert [cell.partition(" (")[0].replace("24 hours", "1 day") for cell in cells] == [*map(spell, values)]


@pytest.mark.django_db
def test_what_no_setting_changes():
    never = section(PAGE, "## What the app does not do")
    named = re.findall(r"`((?:asvs|rfc|nist)[\w.-]+)`", never)
    found = {each.id for each in REQUIREMENTS if each.judge(Project()).change.startswith("No setting.")}
    assert {*named} == found
    assert first_column(never)[0] in named


def test_the_options():
    assert set(re.findall(r"--except (\S+)", PAGE)) <= {requirement.id for requirement in REQUIREMENTS}
