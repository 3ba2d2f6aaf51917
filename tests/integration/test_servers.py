"""The servers of the tests, the benchmarks and CI: found or started, and nothing is left of them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.servers import KINDS, RedisServer, Unavailable, or_skipped, running

pytestmark = [pytest.mark.integration, pytest.mark.any_database]

NOWHERE = {"PGPORT": "1", "MYSQL_TCP_PORT": "1", "REDIS_PORT": "1"}


@pytest.fixture
def folder():
    """For temporary files, which the accounts of the servers can enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield name


@pytest.fixture
def begin(folder):
    def call(*arguments, **environment):
        command = [sys.executable, "-m", "tests.support.servers", *arguments]
        environment = {**os.environ, **NOWHERE, "TMPDIR": folder, **environment}
        return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=-1, stderr=-1)

    return call


def left_in(folder):
    """Files, and processes that work there."""
    working = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            working.append((process / "cwd").readlink())
    return [*Path(folder).iterdir(), *(path for path in working if str(path).startswith(folder))]


@pytest.mark.parametrize("kind", KINDS)
def test_one_is_started_found_and_stopped(kind, monkeypatch):
    with or_skipped(), KINDS[kind].own() as server:
        for name, value in server.where.items():
            monkeypatch.setenv(name, value)
        with running(kind) as where:
            assert where == server.where
        assert server.folder.exists()
        process = server.process
    assert process.returncode is not None
    assert not server.folder.exists()
    with pytest.raises(Exception, match=r"refused|Can't connect"):
        server.version(server.where)


def test_one_that_cannot_start(capfd, monkeypatch):
    monkeypatch.setattr(RedisServer, "prepare", lambda server: None)
    monkeypatch.setattr(RedisServer, "command", lambda server: ("sh", "-c", "echo no memory; exit 3"))
    monkeypatch.setenv("REDIS_PORT", "1")
    with pytest.raises(Unavailable, match=r"did not start: it ended with 3 .*refused"), running("redis"):
        pass
    assert "no memory" in capfd.readouterr().err


def test_a_command_runs_with_them(begin, folder):
    run = begin("redis", "--", "sh", "-c", "echo $REDIS_PORT; exit 7")
    output, errors = run.communicate(timeout=60)
    if run.returncode == os.EX_UNAVAILABLE:
        pytest.skip(errors)
    assert run.returncode == 7
    assert int(output) > 1
    assert not left_in(folder)


def test_what_is_not_installed_is_named(begin, folder):
    run = begin("redis", "--", "sh", "-c", "exit 0", PATH=folder)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == os.EX_UNAVAILABLE
    assert errors.splitlines()[-1].startswith("redis-server is not installed")


def test_a_command_is_needed(begin):
    run = begin("redis")
    _, errors = run.communicate(timeout=60)
    assert run.returncode == os.EX_USAGE
    assert errors.startswith("usage: ")


@pytest.mark.parametrize("seconds", [0.3, 1, 2, 4])
def test_a_signal_leaves_nothing(begin, folder, seconds):
    run = begin(*KINDS, "--", "sleep", "60")
    time.sleep(seconds)
    run.terminate()
    _, errors = run.communicate(timeout=60)
    if run.returncode == os.EX_UNAVAILABLE:
        pytest.skip(errors)
    assert run.returncode in {128 + signal.SIGTERM, -signal.SIGTERM}  # the latter before anything is there
    assert not left_in(folder)
