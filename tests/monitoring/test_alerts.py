"""The alert rules of the documentation, by Prometheus' own program: each fires when it should, and not otherwise."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.documents import DOCS, blocks_of

CASES = Path(__file__).parent / "alerts.yml"

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Prometheus) is not installed"),
]


def documented_rules():
    (rules,) = [block.code for block in blocks_of(DOCS / "monitoring.md") if block.language == "yaml"]
    return rules


@pytest.fixture
def folder(tmp_path):
    """The rules, and beside them what they are tried on."""
    (tmp_path / "rules.yml").write_text(documented_rules())
    shutil.copy(CASES, tmp_path)
    return tmp_path


def promtool(*arguments):
    ended = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_rules_are_valid(folder):
    promtool("check", "rules", "--lint=all", "--lint-fatal", folder / "rules.yml")


def test_each_alert_fires_when_it_should(folder):
    promtool("test", "rules", folder / "alerts.yml")


def test_each_alert_is_tried_both_ways():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    rules = [rule for group in yaml.safe_load(documented_rules())["groups"] for rule in group["rules"]]
    alerts = {rule["alert"] for rule in rules if "alert" in rule}
    tried = [case for test in yaml.safe_load(CASES.read_text())["tests"] for case in test["alert_rule_test"]]
    for fires in (True, False):
        assert {case["alertname"] for case in tried if ("exp_alerts" in case) is fires} == alerts
