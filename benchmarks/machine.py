"""Where it was measured, in general terms: nothing that names the machine."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "Django",
    "djangorestframework",
    "djangorestframework-simplejwt",
    "PyJWT",
    "django-rest-knox",
    "django-allauth",
    "psycopg",
    "redis",
    "django-redis",
    "hiredis",
    "gunicorn",
)


def described(database: str, load: str) -> list[str]:
    return [
        f"* {_processor()}, {os.cpu_count()} cores, {platform.system()}; {load}",
        f"* {platform.python_implementation()} {platform.python_version()}, {database}",
        f"* {', '.join(_versions())}",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def load() -> str:
    """How busy the machine is already, with other work than this."""
    return f"load average at the start {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"


def _versions() -> Iterator[str]:
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            continue
