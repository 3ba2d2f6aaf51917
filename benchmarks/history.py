"""``python -m benchmarks.history [--database postgresql|mariadb|sqlite] [--sessions 1000] [--rounds 30]``: what the
history adds to the end of many sessions of one person.

Each round ends that many twice, with the history and without, in turns; the ratio is the median of the rounds'.
"""

import argparse
import statistics
import time
from typing import Any

from benchmarks import databases
from benchmarks.calls import without_garbage_collection

TARGET = 1.5


def add_sessions(user: Any, count: int) -> None:
    from auth_sessions.models import RefreshToken, Session
    from benchmarks.stored import USER_AGENT

    sessions = [Session(user=user, user_agent=USER_AGENT, ip_address="192.0.2.1", name="phone") for _ in range(count)]
    Session.objects.bulk_create(sessions)
    RefreshToken.objects.bulk_create([RefreshToken(session=session) for session in sessions])


def time_of_end(user: Any, count: int, *, is_recorded: bool) -> float:
    """Milliseconds."""
    from auth_sessions.activity import receivers
    from auth_sessions.choices import EndReason
    from auth_sessions.models import Session

    (receivers.connect if is_recorded else receivers.disconnect)()
    add_sessions(user, count)
    with without_garbage_collection():
        began = time.perf_counter()
        ended = Session.objects.filter(user=user).end(reason=EndReason.REVOKED, actor=user)
        taken = time.perf_counter() - began
    if ended != count:
        raise RuntimeError(f"{ended} sessions ended, and not {count}")
    return 1000 * taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=databases.NAMES, default="postgresql")
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    with databases.temporary(given.database):
        from django.contrib.auth import get_user_model

        from auth_sessions.activity.models import Activity

        user = get_user_model().objects.create(username="ada")
        rounds = []
        for number in range(given.rounds + 2):
            turns = (True, False) if number % 2 else (False, True)
            taken = {turn: time_of_end(user, given.sessions, is_recorded=turn) for turn in turns}
            rounds.append((taken[False], taken[True]))
        if Activity.objects.count() != given.sessions * len(rounds):
            raise RuntimeError("the history is not whole")
        without, recorded = (statistics.median(times) for times in zip(*rounds[2:], strict=True))
        ratio = statistics.median(recorded / without for without, recorded in rounds[2:])
    print(f"{given.sessions} sessions end on {given.database}: {without:.1f} ms, with the history {recorded:.1f} ms")
    print(f"{'met   ' if ratio <= TARGET else 'MISSED'} with the history / without: {ratio:.2f} x, target {TARGET:g} x")


if __name__ == "__main__":
    main()
