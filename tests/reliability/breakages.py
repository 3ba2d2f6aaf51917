"""``python -m tests.reliability.breakages``: breaks the app in one place after another, and sees whether the state
machine finds it.

Each breakage replaces a few words of one module, in memory, in a process of its own. Ends with 1 if one is not found.
"""

import argparse
import importlib.abc
import importlib.machinery
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

STEPS = 12_000


@dataclass(frozen=True)
class Breakage:
    name: str
    module: str
    replaced: str
    by: str
    policy: str = "confirmed"


BREAKAGES = [
    Breakage(
        "a refresh token is not the same for the same generation",
        "auth_sessions.tokens.refresh_token",
        '"iat": int(moments.to_seconds(row.rotated_at)),',
        '"iat": int(token.current_time.timestamp()),',
    ),
    Breakage(
        "the parent rotates as well: a second child",
        "auth_sessions.core.rotation",
        "    if generation == token.generation:\n        if generation and",
        "    if generation >= token.generation - 1:\n        if generation == token.generation and generation and",
    ),
    Breakage(
        "the parent is held against its client within the interval",
        "auth_sessions.core.rotation",
        'if policy == "lenient" or _is_recent(token):',
        'if policy == "lenient":',
    ),
    Breakage(
        "a use at once counts as seen: a server that never saves is taken for a thief",
        "auth_sessions.tokens.access_token",
        "conf.AUTH_SESSIONS_REUSE_INTERVAL.total_seconds() + 1 + leeway.total_seconds()",
        "-1",
    ),
    Breakage(
        "a clock that is ahead by the leeway confirms",
        "auth_sessions.tokens.access_token",
        " + 1 + leeway.total_seconds()",
        " + 1",
    ),
    Breakage(
        "a thief who comes after the victim is not found",
        "auth_sessions.core.rotation",
        'return policy == "strict" or session.confirmed_generation >= token.generation',
        'return policy == "strict"',
    ),
    Breakage(
        "the strict policy believes that an answer was lost",
        "auth_sessions.core.rotation",
        'return policy == "strict" or session.confirmed_generation',
        "return session.confirmed_generation",
        policy="strict",
    ),
    Breakage(
        "the lenient policy accepts any earlier token",
        "auth_sessions.core.rotation",
        "    if generation < token.generation - 1:\n        return True\n",
        "",
        policy="lenient",
    ),
    Breakage(
        "a token that no row has issued is accepted",
        "auth_sessions.core.rotation",
        "or not constant_time_compare(token.jti_of(generation), jti)",
        "",
    ),
    Breakage(
        "the cache is not told of an end",
        "auth_sessions.core.session_cache",
        "    if not tombstones:\n        return\n",
        "    return\n",
    ),
    Breakage(
        "the cached check believes its entry for five minutes",
        "auth_sessions.conf",
        '"AUTH_SESSIONS_CACHE_TTL", timedelta(seconds=60)',
        '"AUTH_SESSIONS_CACHE_TTL", timedelta(seconds=300)',
    ),
    Breakage(
        "a cache that fails refuses",
        "auth_sessions.core.circuit_breaker",
        '            self._open(f"{type(error).__name__}: {error}")\n            return on_error\n',
        "            raise\n",
    ),
    Breakage(
        "the entry in the store of Django's sessions is left",
        "auth_sessions.receivers",
        "        django_session_store.delete_rows(keys)\n",
        "        pass\n",
    ),
    Breakage(
        "a project's receiver is not told before the end",
        "auth_sessions.db.ending",
        "        for send in ending:\n            send()\n        delete()\n",
        "        delete()\n",
    ),
    Breakage(
        "a sign-out of the others leaves them",
        "auth_sessions.core.statements.scopes",
        "return [each for each in locked if kept.isdisjoint((each.id, each.depends_on_id))]",
        "return []",
    ),
    Breakage(
        "a sign-out everywhere is one of this device",
        "auth_sessions.core.statements.scopes",
        "    if scope == Scope.GLOBAL:\n        return locked\n",
        "    if scope == Scope.GLOBAL:\n        return [session]\n",
    ),
    Breakage(
        "an idle session is accepted",
        "auth_sessions.core.lifetimes",
        "return EndReason.IDLE if is_idle else None",
        "return None",
    ),
    Breakage(
        "a session of an earlier password is accepted",
        "auth_sessions.core.validity",
        "        return EndReason.PASSWORD_CHANGED\n",
        "        return None\n",
    ),
    Breakage(
        "a user who may not sign in any more is refused and stays signed in",
        "auth_sessions.core.user_saves",
        "        refused.append((EndReason.USER_INACTIVE, of_backends))\n",
        "        pass\n",
    ),
    Breakage(
        "one session more than the limit",
        "auth_sessions.core.limits",
        "max(limit - 1, 0)",
        "limit",
    ),
    Breakage(
        "the clean-up overlooks what a refresh has used",
        "auth_sessions.core.candidates",
        "last_used_at=candidate.last_used_at",
        "last_used_at=candidate.last_seen_at",
    ),
    Breakage(
        "a spent token signs everybody out",
        "auth_sessions.authentication.session_of_token",
        "verify_refresh_token(parsed.session_id, generation=parsed.generation, jti=parsed.jti, request=request)",
        "select_session(parsed.session_id, 'user', 'refresh_token')",
    ),
]


class Broken(importlib.abc.MetaPathFinder):
    """Finds one module with other words in it."""

    def __init__(self, breakage):
        self.breakage = breakage

    def find_spec(self, name, path, target=None):
        if name != self.breakage.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        spec.loader = Loader(name, spec.origin, self.breakage)
        return spec


class Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name, path, breakage):
        super().__init__(name, path)
        self.breakage = breakage

    def get_code(self, fullname):
        return compile(broken(Path(self.path).read_text(), self.breakage), self.path, "exec")


def broken(source, breakage):
    if source.count(breakage.replaced) != 1:
        raise ValueError(f"{breakage.module} has changed: {breakage.replaced!r} is not there once")
    return source.replace(breakage.replaced, breakage.by)


def run_broken(breakage, steps, number):
    """In a process of its own: what went wrong, and after how many steps."""
    sys.meta_path.insert(0, Broken(breakage))
    from tests.reliability.state_machine.database import open_database

    open_database()
    from tests.reliability.state_machine.runs import until_failure

    say(json.dumps(until_failure(breakage.policy, steps=steps, number=number)))


def say(text):
    print(text, flush=True)  # noqa: T201 - a command


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS, help="at most, for each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the number of one, which is run in this process")
    parser.add_argument("--processes", type=int, default=1, help="at a time")
    options = parser.parse_args()
    if options.only is not None:
        run_broken(BREAKAGES[options.only], options.steps, options.seed)
        return
    with ThreadPoolExecutor(options.processes) as pool:
        found = list(pool.map(lambda number: tell(number, options), range(len(BREAKAGES))))
    say(f"{sum(found)} of {len(BREAKAGES)} found")
    sys.exit(not all(found))


def tell(number, options):
    """Whether a breakage is found, in a process of its own."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.reliability.breakages", "--only", str(number)]
    command += ["--steps", str(options.steps), "--seed", str(options.seed)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = ran.stdout.splitlines()
    found = json.loads(lines[-1]) if ran.returncode == 0 and lines else None
    what = f"found after {found[0]} steps: {found[1][:90]}" if found else f"NOT FOUND {ran.stderr[-500:]}"
    say(f"{number:2} {BREAKAGES[number].name}\n   {what} ({time.monotonic() - began:.0f} s)")
    return found is not None


if __name__ == "__main__":
    main()
