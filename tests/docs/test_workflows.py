"""The workflows: least privilege, pinned actions, and the whole support matrix."""

import configparser
import re
from itertools import product
from pathlib import Path

import pytest

from tests.support.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.skipif(not WORKFLOWS, reason="An installation from the sdist has no workflows."),
]


def test_each_action_is_pinned_to_a_commit():
    uses = re.findall(r"uses: (\S+)(.*)", "\n".join(path.read_text() for path in WORKFLOWS))
    assert len(uses) > 5
    for action, comment in uses:
        assert action.startswith("./") or (re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) and "# v" in comment), action


def test_a_workflow_may_read_and_a_job_asks_for_more():
    for path in WORKFLOWS:
        text = path.read_text()
        assert "\npermissions:\n  contents: read\n" in text
        assert "secrets." not in text
    assert "id-token: write" not in (ROOT / ".github" / "workflows" / "ci.yml").read_text()


def test_the_matrix_is_that_of_tox():
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    environments = {name for line in tox["tox"]["env_list"].split() for name in expanded(line)}
    listed = re.findall(r"\{ env: ([\w-]+), python: \"([\d.]+)\" \}", Path(WORKFLOWS[0]).read_text())
    assert {name for name, _ in listed} == environments - {"postgresql", "mariadb"}  # .ci/run has those
    for name, python in listed:
        if name.startswith("py"):
            assert name.startswith(f"py{python.replace('.', '')}-")


def expanded(name):
    parts = [part.split(",") for part in re.split(r"[{}]", name)]
    return ["".join(chosen) for chosen in product(*parts)]


def test_the_changelog_begins_with_the_version():
    from auth_sessions import __version__

    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert re.fullmatch(rf"{re.escape(__version__)} \((unreleased|\d{{4}}-\d\d-\d\d)\)", headings[0])
