"""``python -m benchmarks.startup [--rounds 15]``: what the app adds to the start of a process, in seconds and memory.

Each round starts a process of each of three projects in turn, until its WSGI application is there: with Django REST
framework and simplejwt alone, with the app and its URLs, and with all of its parts. The ratio is the median of the
rounds'.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]

DJANGO = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "rest_framework"]
PARTS = ["auth_sessions.activity", "auth_sessions.pages", "auth_sessions.supabase", "auth_sessions.contrib.simplejwt"]
PROJECTS = {
    "simplejwt alone": (DJANGO, ["rest_framework_simplejwt.views"]),
    "with the app": ([*DJANGO, "auth_sessions"], ["rest_framework_simplejwt.views", "auth_sessions.urls"]),
    "with all of its parts": (
        [*DJANGO, "django.contrib.messages", "auth_sessions", *PARTS],
        ["rest_framework_simplejwt.views", "auth_sessions.urls", *(f"{part}.urls" for part in PARTS)],
    ),
}


def start(name: str) -> None:
    """In a process of its own: print the seconds and the peak of the memory in MB."""
    began = time.perf_counter()
    from importlib import import_module

    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    apps, modules = PROJECTS[name]
    settings.configure(
        SECRET_KEY="the-key-of-the-benchmarks-is-long-enough-for-every-algorithm",
        INSTALLED_APPS=apps,
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        USE_TZ=True,
    )
    get_wsgi_application()
    for module in modules:
        import_module(module)
    unit = 1024 if sys.platform != "darwin" else 1024**2
    print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def measured(name: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.startup", "--start", name]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, memory = map(float, ended.stdout.split())
    return seconds, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--start", choices=PROJECTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.start:
        start(given.start)
        return
    for name in PROJECTS:
        measured(name)  # compiles the modules
    names, rounds = list(PROJECTS), []
    for number in range(given.rounds):
        turns = [*names[number % 3 :], *names[: number % 3]]
        rounds.append({name: measured(name) for name in turns})
    least = names[0]
    for name in names:
        seconds, memory = (statistics.median(each[name][what] for each in rounds) for what in (0, 1))
        ratio = statistics.median(each[name][0] / each[least][0] for each in rounds)
        print(f"{name}: {seconds:.2f} s, {memory:.0f} MB, {ratio:.2f} x")


if __name__ == "__main__":
    main()
