"""The requirements as data: what they name exists."""

import ast
import re
import subprocess
import sys
from functools import cache
from xml.etree import ElementTree as ET

import pytest
from django.conf import global_settings, settings

from auth_sessions.audit.findings import Verdict
from auth_sessions.audit.run import REQUIREMENTS, STANDARDS, audit
from auth_sessions.conf import Settings
from tests.settings import WITHOUT
from tests.support.inputs import each
from tests.support.paths import ROOT

pytestmark = pytest.mark.any_database

IDS = {
    "asvs": r"asvs-(3|7|9|10|14|16)\.\d+\.\d+",
    "rfc9700": r"rfc9700-(2|4)(\.\d+)+(-[a-z]+)?",
    "rfc8725": r"rfc8725-3\.\d+",
    "nist": r"nist-(2\.[123]\.3-(overall|inactivity)|5\.[123](\.[12])?(-[a-z]+(-[a-z]+)?)?)",
}
OF_OTHERS = {"CORS_ALLOWED_ORIGINS", "DEFAULT_AUTHENTICATION_CLASSES", "DEFAULT_THROTTLE_RATES", "SECURE_CSP"}
TESTS = sorted({test for requirement in REQUIREMENTS for test in requirement.tests})


@cache
def named_in(path):
    """The tests of a file, by their node ids without parameters."""
    found = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        owner = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {f"{path}::{owner}{each.name}" for each in members if isinstance(each, ast.FunctionDef)}
    return found


@each("requirement", {requirement.id: requirement for requirement in REQUIREMENTS})
def test_it_names_what_exists(requirement):
    assert re.fullmatch(IDS[requirement.standard], requirement.id)
    assert requirement.level in {1, 2, 3}
    assert requirement.text[0] != requirement.text[0].lower() or requirement.text.startswith("frame-ancestors")
    assert not requirement.text.endswith(".")
    known = {*vars(Settings), *dir(global_settings), *dir(settings), *OF_OTHERS, "SIMPLE_JWT"}
    assert set(requirement.settings) <= known
    for test in requirement.tests:
        assert test in named_in(test.partition("::")[0]), test


def test_each_has_an_id_of_its_own():
    ids = [requirement.id for requirement in REQUIREMENTS]
    assert len(ids) == len(set(ids))
    assert {requirement.standard for requirement in REQUIREMENTS} == STANDARDS.keys()


@pytest.mark.django_db
def test_what_is_met_is_shown_by_a_test():
    results = audit()
    assert [result.requirement for result in results] == list(REQUIREMENTS)
    unshown = [
        result.requirement.id
        for result in results
        if result.finding.verdict in {Verdict.MET, Verdict.NOT_MET} and not result.requirement.tests
    ]
    assert unshown == []
    for result in results:
        needs_change = result.finding.verdict in {Verdict.NOT_MET, Verdict.DUTY}
        assert bool(result.finding.change) is needs_change, result


@pytest.mark.integration
@pytest.mark.skipif(WITHOUT != "", reason="the host has not all that the tests need")
def test_the_tests_that_are_named_pass(tmp_path):
    """In a process of their own, whatever their marks; and none is skipped in each of its cases."""
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-m", "", "-q", "-n", "0", "-p", "no:cacheprovider", *TESTS]
    done = subprocess.run([*command, f"--junitxml={report}"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    cases = ET.parse(report).iter("testcase")
    passed = {
        f"{case.get('classname')}.{case.get('name').partition('[')[0]}"
        for case in cases
        if case.find("skipped") is None
    }
    assert {test.replace(".py", "").replace("::", ".").replace("/", ".") for test in TESTS} == passed
