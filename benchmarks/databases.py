"""A database of a run's own, empty but for the app's tables, on PostgreSQL, MariaDB or SQLite; dropped afterwards.

A server is that of the usual environment variables, else a temporary one.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from tests.support.servers import Unavailable, exit_on_signals, running

NAMES = ("postgresql", "mariadb", "sqlite")

APPS = [
    "auth_sessions",
    "auth_sessions.activity",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]


@contextmanager
def temporary(database: str, **options: Any) -> Iterator[None]:
    """Django is set up for it, by default with the history installed; ``options`` are settings."""
    name = f"auth_sessions_benchmark_{os.getpid()}"
    with ExitStack() as stack:
        if database == "sqlite":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            _set_up({"default": _sqlite(folder / name)}, options)
        else:
            _find_server(database, stack)
            of = {"postgresql": _postgresql, "mariadb": _mariadb}[database]
            _set_up({"default": of(name), "server": of(None)}, options)
            with connections["server"].cursor() as server:
                server.execute(f"CREATE DATABASE {name}")
            stack.callback(_drop, name)
        call_command("migrate", verbosity=0)
        yield
        connection.close()


def _find_server(database: str, stack: ExitStack) -> None:
    exit_on_signals()
    try:
        os.environ.update(stack.enter_context(running(database)))
    except Unavailable as error:
        sys.exit(f"No {database} for the benchmark: {error}")


def _drop(name: str) -> None:
    connection.close()
    with connections["server"].cursor() as server:
        server.execute(f"DROP DATABASE {name}")
    connections["server"].close()


def _set_up(databases: dict[str, Any], options: dict[str, Any]) -> None:
    defaults = {
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": APPS,
        "SECRET_KEY": "the-key-of-the-benchmark-is-long-enough-for-every-algorithm",
        "TIME_ZONE": "UTC",
        "USE_TZ": True,
    }
    databases = {alias: {**chosen, "CONN_MAX_AGE": None} for alias, chosen in databases.items()}
    settings.configure(DATABASES=databases, **{**defaults, **options})
    django.setup()


def _sqlite(name: Path) -> dict[str, Any]:
    tuned = "PRAGMA synchronous=NORMAL; PRAGMA journal_mode=WAL"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": tuned},
    }


def _postgresql(name: str | None) -> dict[str, Any]:
    return {"ENGINE": "django.db.backends.postgresql", "NAME": name or "postgres"}  # libpq reads the variables


def _mariadb(name: str | None) -> dict[str, Any]:
    import pymysql

    pymysql.version_info = (2, 2, 7, "final", 0)  # Django asks for mysqlclient's version
    pymysql.install_as_MySQLdb()
    return {
        "ENGINE": "django.db.backends.mysql",
        "NAME": name or "mysql",
        "HOST": os.environ["MYSQL_HOST"],
        "PORT": os.environ["MYSQL_TCP_PORT"],
        "USER": os.environ["MYSQL_USER"],
        "PASSWORD": os.environ["MYSQL_PWD"],
    }
