"""``python -m benchmarks.supabase [--database postgresql|mariadb|sqlite] [--rounds 60] [--calls 10]``: what a call of
Supabase's clients costs, in process, beside a bare view with the same middleware.

The calls are made in turns, through the WSGI handler. A ratio is the median of the rounds'; the brackets
hold the middle half of them. Rates are by the clock, CPU is that of this process alone: Python without the database.
"""

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import perf_counter, thread_time
from typing import Any

from benchmarks import databases
from benchmarks.calls import Answer, Call, check, through_handler, without_garbage_collection
from benchmarks.counting import counted

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "auth_sessions.middleware.BrowserSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
"""That of ``startproject``, with the app's own."""

OPTIONS = {
    "ALLOWED_HOSTS": ["*"],
    "AUTH_SESSIONS_REUSE_INTERVAL": timedelta(microseconds=1),  # within it a refresh rotates nothing, and costs less
    "INSTALLED_APPS": [
        "auth_sessions",
        "auth_sessions.supabase",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "rest_framework",
    ],
    "MIDDLEWARE": MIDDLEWARE,
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],  # must not hide the rest of a sign-in
    "REST_FRAMEWORK": {
        "DEFAULT_AUTHENTICATION_CLASSES": ["auth_sessions.authentication.SessionJWTAuthentication"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    "ROOT_URLCONF": "benchmarks.supabase_urls",
    "SIMPLE_JWT": {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)},
}

REST = "view behind the REST SQL check"
TARGETS = {REST: 0.55, "GET user": 0.5, "refresh": 0.22}
"""Of the rate of the bare view, in CPU time."""

EMAIL, PASSWORD = "ada@example.org", "analytical-1843"
API_KEY = "sb_publishable_of_the_benchmark"
BARE = "bare view"


@dataclass
class Client:
    """What one of Supabase's clients holds, and sends."""

    access: str = ""
    refresh: str = ""

    def call(self, method: str, path: str, *, query: str = "", data: Any = None, bearer: str = API_KEY) -> "Timed":
        headers = {
            "Authorization": f"Bearer {bearer}",
            "apikey": API_KEY,
            "X-Client-Info": "supabase-js-node/2.119.1",
            "X-Supabase-Api-Version": "2024-01-01",
        }
        return Timed(Call(method=method, path=path, headers=headers, data=data), query)

    def bare(self) -> "Timed":
        return self.call("GET", "/bare/", bearer=self.access)

    def floor(self) -> "Timed":
        return self.call("GET", "/floor/", bearer=self.access)

    def who(self) -> "Timed":
        return self.call("GET", "/who/", bearer=self.access)

    def user(self) -> "Timed":
        return self.call("GET", "/auth/v1/user", bearer=self.access)

    def refresh_grant(self) -> "Timed":
        return self._grant("refresh_token", {"refresh_token": self.refresh})

    def password_grant(self) -> "Timed":
        return self._grant("password", {"email": EMAIL, "password": PASSWORD, "gotrue_meta_security": {}})

    def _grant(self, name: str, data: dict[str, Any]) -> "Timed":
        return self.call("POST", "/auth/v1/token", query=f"grant_type={name}", data=data)

    def keep(self, answer: Answer) -> None:
        pair = answer.json()
        self.access, self.refresh = pair["access_token"], pair["refresh_token"]


@dataclass
class Timed:
    """One call, and what it took."""

    call: Call
    query: str
    clock: float = 0
    cpu: float = 0

    def send(self, application: Any) -> Answer:
        environ = {**self.call.environ(), "QUERY_STRING": self.query}
        clock, cpu = perf_counter(), thread_time()
        answer = through_handler(application, environ)
        self.clock, self.cpu = perf_counter() - clock, thread_time() - cpu
        check(self.call, answer)
        return answer


@dataclass
class Operation:
    """``renews``: the client keeps the tokens of the answer."""

    call: Callable[[], Timed]
    renews: bool = False
    clock: list[float] = field(default_factory=list)
    """Seconds of one call, one figure for each round."""
    cpu: list[float] = field(default_factory=list)


def measure(application: Any, client: Client, operations: dict[str, Operation], *, rounds: int, calls: int) -> None:
    names = list(operations)
    for number in range(rounds):
        turn = number % len(names)
        for name in [*names[turn:], *names[:turn]]:
            operation = operations[name]
            taken = []
            with without_garbage_collection():
                for _ in range(calls):
                    timed = operation.call()
                    answer = timed.send(application)
                    taken.append(timed)
                    if operation.renews:
                        client.keep(answer)
            operation.clock.append(statistics.median(each.clock for each in taken))
            operation.cpu.append(statistics.median(each.cpu for each in taken))


def cost(application: Any, client: Client, operation: Operation) -> str:
    timed = operation.call()
    with counted() as told:
        answer = timed.send(application)
    if operation.renews:
        client.keep(answer)
    return f"{told['statements']} + {told['control']}"


def ratio(ours: list[float], bare: list[float]) -> tuple[float, str]:
    """Of the rates: the median of the rounds', and their middle half."""
    ratios = [other / own for own, other in zip(ours, bare, strict=True)]
    if len(ratios) < 2:
        return ratios[0], "-"
    low, middle, high = statistics.quantiles(ratios, n=4)
    return middle, f"{low:.2f}-{high:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=databases.NAMES, default="postgresql")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--calls", type=int, default=10)
    given = parser.parse_args()
    with databases.temporary(given.database, **OPTIONS):
        from django.contrib.auth import get_user_model
        from django.core.wsgi import get_wsgi_application

        get_user_model().objects.create_user("ada", EMAIL, PASSWORD)
        application, client = get_wsgi_application(), Client()
        client.keep(client.password_grant().send(application))
        operations = {
            BARE: Operation(client.bare),
            "one SELECT, REST framework": Operation(client.floor),
            REST: Operation(client.who),
            "GET user": Operation(client.user),
            "refresh": Operation(client.refresh_grant, renews=True),
            "password grant": Operation(client.password_grant, renews=True),
        }
        for operation in operations.values():  # what is read once for a process
            cost(application, client, operation)
        costs = {name: cost(application, client, operation) for name, operation in operations.items()}
        measure(application, client, operations, rounds=given.rounds, calls=given.calls)
    bare = operations[BARE]
    print(f"On {given.database}, {given.rounds} rounds of {given.calls} calls each; rates are times that of the {BARE}")
    print(f"{'':31} {'statements':>10} {'ms':>6} {'rate':>5} {'':9} {'CPU ms':>6} {'rate':>5}")
    for name, operation in operations.items():
        rate, spread = ratio(operation.clock, bare.clock)
        cpu_rate, cpu_spread = ratio(operation.cpu, bare.cpu)
        clock, cpu = 1000 * statistics.median(operation.clock), 1000 * statistics.median(operation.cpu)
        figures = f"{clock:6.2f} {rate:5.2f} {spread:9} {cpu:6.2f} {cpu_rate:5.2f} {cpu_spread}"
        print(f"{name:31} {costs[name]:>10} {figures}")
    for name, target in TARGETS.items():
        reached, _ = ratio(operations[name].cpu, bare.cpu)
        verdict = "met   " if reached >= target else "MISSED"
        print(f"{verdict} {name}: {reached:.2f} of the rate of the {BARE} in CPU time, target {target:g}")


if __name__ == "__main__":
    main()
