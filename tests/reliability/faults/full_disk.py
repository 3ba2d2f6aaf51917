"""``python -m tests.reliability.faults.full_disk``: every door while the disk of a PostgreSQL of its own is full.

The disk is a small tmpfs, which needs the right to mount one.
"""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import PostgreSQLServer, Unavailable, exit_on_signals, say

SIZE = "256m"
BLOCK = b"\0" * 65_536


class SmallDisk(PostgreSQLServer):
    """Its data are on a disk of their own."""

    def prepare(self):
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700,uid={self.owner},gid={self.group}", "none"]
        mounted = subprocess.run([*command, self.folder], capture_output=True, text=True, check=False)
        if mounted.returncode:
            raise Unavailable(f"a small disk cannot be mounted: {mounted.stderr.strip()}")
        super().prepare()

    @property
    def owner(self):
        return self.identity.get("user", os.getuid())

    @property
    def group(self):
        return self.identity.get("group", os.getgid())

    def close(self):
        self.stop()
        subprocess.run(["umount", "--lazy", self.folder], capture_output=True, check=False)
        super().close()


@contextmanager
def filled(folder):
    """No byte is left on the disk during the block."""
    ballast = Path(folder) / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            for block in (BLOCK, BLOCK[:4096], BLOCK[:1]):
                try:
                    while file.write(block):
                        pass
                except OSError:
                    continue
        yield
    finally:
        ballast.unlink()


def leave_no_room(observer, tables):
    """Each page of these tables takes one row: whatever inserts a row needs another page of the disk."""
    with observer.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} SET (fillfactor = 10, autovacuum_enabled = off)")
            cursor.execute(f"VACUUM FULL {table}")


def try_all(folder):
    from tests.reliability.faults.doors import DOORS
    from tests.reliability.faults.trial import Tally, Trial
    from tests.reliability.faults.world import world

    wrong, total = [], Tally()
    with world() as made:
        for name, door in DOORS.items():
            trial = Trial(made, door)
            made.restore()
            leave_no_room(made.observer, made.tables)
            with filled(folder):
                answer = trial.ask(door.call)
            try:
                outcome = trial.judge(answer)
            except AssertionError as error:
                wrong.append(f"{name}: {error}")
            else:
                total.outcomes[outcome, answer] += 1
    return total.outcomes, wrong


def main():
    if folder := os.environ.get("SMALL_DISK"):
        from tests.reliability.faults.here import in_database

        outcomes, wrong = in_database(lambda: try_all(folder))
        for (outcome, answer), number in sorted(outcomes.items(), key=str):
            print(f"disk full: {outcome}, answered {answer}: {number} doors")  # noqa: T201 - for people
        print("\n".join(wrong))  # noqa: T201
        return 1 if wrong or not any(answer == "no answer" for _, answer in outcomes) else 0
    exit_on_signals()
    try:
        with SmallDisk.own() as server:
            variables = {"AUTH_SESSIONS_TEST_DATABASE": "postgresql", "DJANGO_SETTINGS_MODULE": "tests.settings"}
            environment = {**os.environ, **server.where, **variables, "SMALL_DISK": str(server.folder)}
            command = [sys.executable, "-m", "tests.reliability.faults.full_disk"]
            return subprocess.run(command, env=environment, check=False).returncode
    except Unavailable as error:
        say(error)
        return os.EX_UNAVAILABLE


if __name__ == "__main__":
    sys.exit(main())
