"""docs/custom-user.md, in a new project: one migration has a circle, and two have none."""

import os
import subprocess
import sys

import pytest

from tests.support.documents import DOCS, blocks_of
from tests.support.paths import ROOT

MODELS, ERROR, DEPENDENCIES = (block.code for block in blocks_of(DOCS / "custom-user.md"))
REFERENCING = "class PushDevice"
SETTINGS = """
INSTALLED_APPS += ["people", "auth_sessions", "rest_framework"]
AUTH_USER_MODEL = "people.Person"
SILENCED_SYSTEM_CHECKS = ["auth_sessions.W010"]
"""


@pytest.fixture
def manage(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "mysite.settings"}

    def run(*command):
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    def manage(*arguments):
        return run(sys.executable, "manage.py", *arguments)

    assert run(sys.executable, "-m", "django", "startproject", "mysite", ".").returncode == 0
    assert manage("startapp", "people").returncode == 0
    with (tmp_path / "mysite" / "settings.py").open("a") as file:
        file.write(SETTINGS)
    return manage


def names_in(error):
    """The error, and the migrations that it names, of which Django begins with either."""
    name, _, migrations = error.strip().partition(": ")
    return name, sorted(migrations.split(", "))


def test_one_migration_and_two(manage, tmp_path):
    models, migrations = tmp_path / "people" / "models.py", tmp_path / "people" / "migrations"
    models.write_text(MODELS)
    assert manage("makemigrations", "people").returncode == 0
    refused = manage("migrate")
    assert refused.returncode == 1
    assert names_in(refused.stderr.splitlines()[-1]) == names_in(ERROR)

    (migrations / "0001_initial.py").unlink()
    models.write_text(MODELS.partition(REFERENCING)[0])
    assert manage("makemigrations", "people").returncode == 0
    models.write_text(MODELS)
    assert manage("makemigrations", "people").returncode == 0
    assert manage("migrate").returncode == 0
    (second,) = migrations.glob("0002_*.py")
    names = [line.strip().replace("'", '"') for line in DEPENDENCIES.splitlines()]
    written = [line.strip().replace("'", '"') for line in second.read_text().splitlines()]
    assert "\n".join(names) in "\n".join(written)
