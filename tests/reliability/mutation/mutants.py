"""The mutants of a module, by Cosmic Ray, and the tests that should notice them."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem

from tests.support.paths import ROOT

OPPOSITES = "Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is|In_NotIn|NotIn_In|Lt_GtE|LtE_Gt|Gt_LtE|GtE_Lt"

BOUNDARIES = "Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt"

ARITHMETIC = "Add_Sub|Sub_Add|Div_Mul|Mod_Mul"
"""Neither ``|`` nor ``*``, which Cosmic Ray also finds in annotations and in signatures."""

CHOSEN = [
    f"ReplaceComparisonOperator_({OPPOSITES}|{BOUNDARIES})",
    f"ReplaceBinaryOperator_({ARITHMETIC})",
    "ReplaceUnaryOperator_Delete_Not",
    "AddNot",
    r"Replace(True|False|And|Or)With\w+",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "NumberReplacer",
    "ZeroIterationForLoop",
]
"""Of the operators of Cosmic Ray."""


class CannotBeMadeError(Exception):
    """Cosmic Ray fails to make a change that it has found, such as of ``except jwt.PyJWTError``."""


@dataclass(frozen=True)
class Mutant:
    item: WorkItem

    @property
    def line(self):
        return self.item.mutations[0].start_pos[0]

    def survives(self, command, *, timeout):
        """The change, if the tests pass with it; None if they fail or do not end. Raises ``CannotBeMadeError``."""
        result = mutate_and_test(self.item.mutations, command, timeout)
        if result.worker_outcome != WorkerOutcome.NORMAL:
            raise CannotBeMadeError(result.output)
        if result.test_outcome == TestOutcome.SURVIVED:
            return result.diff.removeprefix("--- mutation diff ---").strip()
        return None


def find_mutants(module):
    """In the order of the lines, so that a seed draws the same sample again."""
    path = Path("auth_sessions") / module
    chosen = re.compile(f"core/({'|'.join(CHOSEN)})")
    with tempfile.TemporaryDirectory() as folder, use_db(Path(folder) / "mutants.sqlite") as database:
        init([path], database, {})
        items = [item for item in database.work_items if chosen.fullmatch(item.mutations[0].operator_name)]
    return [Mutant(item) for item in sorted(items, key=_place)]


def _place(item):
    (mutation,) = item.mutations
    return mutation.start_pos, mutation.operator_name, mutation.occurrence


def copy_project(folder):
    shutil.copytree(
        ROOT, folder, ignore=shutil.ignore_patterns(".*", "__pycache__", "node_modules"), dirs_exist_ok=True
    )


def command_of(files):
    """Stops at the first failure. One process, since starting more takes longer than most of the tests."""
    options = ["-m", "not integration", "-n", "0", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return shlex.join([sys.executable, "-m", "pytest", *options, *files])


def run_tests(command):
    """Without a change. What they compile is kept, so that those of the mutants start faster."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ran = subprocess.run(shlex.split(command), env=environment, capture_output=True, text=True, check=False)
    return ran.returncode == 0, ran.stdout + ran.stderr
