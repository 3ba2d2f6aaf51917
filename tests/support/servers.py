"""PostgreSQL, MariaDB and Redis for the tests, the benchmarks and CI: those that answer, else temporary ones.

Environment variables name the servers that are tried first: ``variables`` of each class, with their defaults. Where no
server answers there that can be used, one is started from the installed programs, on a free port and in a temporary
folder, and is stopped in the end. To start temporary servers although others answer, name ports at which none does:
``PGPORT=1 MYSQL_TCP_PORT=1 REDIS_PORT=1``.

``python -m tests.support.servers postgresql mariadb redis -- COMMAND`` runs a command with the variables that lead to
the servers, and ends as it does; or with 69 (EX_UNAVAILABLE), the reason in the last line, where one cannot be had.
"""

import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

STARTED_WITHIN, STOPPED_WITHIN = 60, 20  # seconds
MAX_CONNECTIONS = 250  # of a temporary database: a test has 200 threads
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Unavailable(Exception):  # noqa: N818 - a state of the machine
    """No server that can be used answers, and none can be started."""


@contextmanager
def running(*names):
    """The servers run while the block does, which gets the environment variables that lead to them."""
    with ExitStack() as stack:
        variables = {}
        for name in names:
            variables |= stack.enter_context(KINDS[name].found_or_started())
        yield variables


@contextmanager
def or_skipped():
    """For a test: it is skipped where a server cannot be had."""
    import pytest

    try:
        yield
    except Unavailable as error:
        pytest.skip(str(error))


class Server:
    """A temporary server; the class also finds one that answers."""

    name = ""
    variables = {}
    account = None  # that root starts it as: PostgreSQL and MariaDB refuse to run as root
    stopped_by = signal.SIGTERM

    @classmethod
    def named(cls):
        """The variables of the server that is tried first."""
        return {name: os.environ.get(name, default) for name, default in cls.variables.items()}

    @classmethod
    @contextmanager
    def found_or_started(cls):
        where = cls.named()
        address = " ".join(f"{name}={value}" for name, value in where.items() if name.endswith(("HOST", "PORT")))
        try:
            version = cls.version(where)
        except ImportError as error:
            raise Unavailable(f"{cls.name}: {error}") from None
        except Exception as error:  # noqa: BLE001 - whatever its client raises
            reason = f"{address}: {one_line(error)}"
        else:
            say(f"{cls.name} {version} at {address}")
            yield where
            return
        with ExitStack() as stack:
            try:
                server = stack.enter_context(cls.own())
            except Unavailable as error:
                raise Unavailable(f"{error} ({reason})") from None
            say(f"{cls.name} {cls.version(server.where)}, started for this run ({reason})")
            yield server.where

    @classmethod
    @contextmanager
    def own(cls):
        """One that nobody else uses."""
        server = None
        try:
            with signals_wait():
                server = cls()
            server.prepare()
            server.start()
            yield server
        finally:
            if server:
                server.close()

    def __init__(self):
        self.port, self.password, self.process, self.identity = free_port(), secrets.token_hex(16), None, {}
        self.folder = Path(tempfile.mkdtemp(prefix="auth_sessions_"))
        if self.account and os.geteuid() == 0:
            account = account_named(self.account)
            self.identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self.folder, account.pw_uid, account.pw_gid)

    def prepare(self):
        """What comes before the first start."""

    def start(self):
        self.spawn(*self.command())
        for _ in range(20 * STARTED_WITHIN):
            try:
                self.version(self.where)
            except Exception as error:  # noqa: BLE001 - as above
                problem = one_line(error)
            else:
                return
            if self.process.poll() is not None:
                problem = f"it ended with {self.process.returncode}"
                break
            time.sleep(0.05)
        raise self.failed(problem)

    def stop(self):
        """At once: nobody needs what it holds."""
        with signals_wait():
            process, self.process = self.process, None
            if process is None:
                return
            process.send_signal(self.stopped_by)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOPPED_WITHIN)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self):
        with signals_wait():
            self.stop()
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command):
        self.spawn(*command)
        if self.process.wait():
            raise self.failed(f"{command[0]} ended with {self.process.returncode}")

    def spawn(self, *command):
        """In a session of its own, so that Ctrl-C does not end it, and all that it starts can be ended with it."""
        with (self.folder / "log").open("ab") as log, signals_wait():
            self.process = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder), "TMPDIR": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self.identity,
            )

    def failed(self, problem):
        say((self.folder / "log").read_text(errors="replace"))
        return Unavailable(f"a temporary {self.name} did not start: {problem}")

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o644)  # only its account can enter the folder
        return file


class PostgreSQLServer(Server):
    name = "PostgreSQL"
    variables = {"PGHOST": "127.0.0.1", "PGPORT": "5432", "PGUSER": "postgres", "PGPASSWORD": ""}
    account = "postgres"
    stopped_by = signal.SIGQUIT  # it would wait for its clients

    @staticmethod
    def version(where):
        import psycopg
        from django.db.backends.postgresql.features import DatabaseFeatures

        parameters = {name.removeprefix("PG").lower(): value for name, value in where.items()}
        with psycopg.connect(**parameters, dbname="postgres", connect_timeout=3) as connection:
            role = "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
            if not connection.execute(role).fetchone()[0]:
                raise RuntimeError("the user may not create databases")
            version = divmod(connection.info.server_version, 10_000)
        return new_enough(version, DatabaseFeatures(None).minimum_database_version)

    @property
    def where(self):
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGPASSWORD": self.password}

    def prepare(self):
        self.programs = program("initdb").resolve().parent
        password = self.write("password", self.password)
        self.run(
            *(
                self.programs / "initdb",
                f"--pgdata={self.folder}/data",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C",
            ),
            *("--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"),
        )

    def command(self):
        settings = (
            *("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "full_page_writes=off"),
            f"max_connections={MAX_CONNECTIONS}",
        )
        chosen = (f"--{setting}" for setting in settings)
        return self.programs / "postgres", "-D", f"{self.folder}/data", "-p", self.port, *chosen


class MariaDBServer(Server):
    name = "MariaDB"
    variables = {"MYSQL_HOST": "127.0.0.1", "MYSQL_TCP_PORT": "3306", "MYSQL_USER": "root", "MYSQL_PWD": ""}
    account = "mysql"

    @staticmethod
    def version(where):
        import pymysql
        from django.db.backends.mysql.features import DatabaseFeatures

        connection = pymysql.connect(
            host=where["MYSQL_HOST"],
            port=int(where["MYSQL_TCP_PORT"]),
            user=where["MYSQL_USER"],
            password=where["MYSQL_PWD"],
            connect_timeout=3,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            (text,) = cursor.fetchone()
            if "MariaDB" not in text:
                raise RuntimeError(f"this is MySQL {text}")
            name = f"test_auth_sessions_probe_{os.getpid()}"
            cursor.execute(f"CREATE DATABASE {name}")
            cursor.execute(f"DROP DATABASE {name}")
        version = tuple(int(number) for number in re.match(r"(?:5\.5\.5-)?(\d+)\.(\d+)\.(\d+)", text).groups())
        mariadb = SimpleNamespace(mysql_is_mariadb=True)
        return new_enough(version, DatabaseFeatures(mariadb).minimum_database_version)

    @property
    def where(self):
        user = {"MYSQL_USER": "auth_sessions", "MYSQL_PWD": self.password}
        return {"MYSQL_HOST": "127.0.0.1", "MYSQL_TCP_PORT": str(self.port), **user}

    def prepare(self):
        self.server = program("mariadbd", "mysqld")
        install = program("mariadb-install-db", "mysql_install_db")
        self.run(install, "--no-defaults", f"--datadir={self.folder}/data", "--skip-test-db")
        self.write(
            "init.sql",
            f"CREATE USER auth_sessions@127.0.0.1 IDENTIFIED BY '{self.password}';\n"
            "GRANT ALL ON *.* TO auth_sessions@127.0.0.1;\n",
        )

    def command(self):
        return (
            *(self.server, "--no-defaults", f"--datadir={self.folder}/data", f"--init-file={self.folder}/init.sql"),
            *(f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve"),
            *(f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid"),
            *("--skip-log-bin", "--innodb-flush-log-at-trx-commit=0", "--character-set-server=utf8mb4"),
            f"--max-connections={MAX_CONNECTIONS}",
        )


class RedisServer(Server):
    """It may also hang, and pause."""

    name = "Redis"
    variables = {"REDIS_PORT": "6379"}
    stopped_by = signal.SIGKILL  # it may hang

    @staticmethod
    def version(where):
        with socket.create_connection(("127.0.0.1", int(where["REDIS_PORT"])), timeout=3) as connection:
            connection.sendall(b"INFO server\r\n")
            answer = connection.recv(4096).decode()
        found = re.search(r"redis_version:(\S+)", answer)
        if not found:
            raise RuntimeError(answer)
        return found[1]

    @property
    def where(self):
        return {"REDIS_PORT": str(self.port)}

    def prepare(self):
        self.server = program("redis-server")

    def command(self):
        return self.server, "--port", self.port, "--bind", "127.0.0.1", "--save", ""

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def pause(self, seconds, *, all_commands=True):
        """``CLIENT PAUSE``: every command waits, or those alone that write."""
        self.client().client_pause(int(1000 * seconds), all=all_commands)

    def client(self):
        import redis

        return redis.Redis(port=self.port)

    @property
    def address(self):
        return f"redis://127.0.0.1:{self.port}/0"


KINDS = {"postgresql": PostgreSQLServer, "mariadb": MariaDBServer, "redis": RedisServer}


def program(*names):
    """The first that is installed, be it in a folder that ordinary users do not search."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True
    )
    folders = [os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/usr/libexec", *map(str, installed)]
    for name in names:
        if path := shutil.which(name, path=os.pathsep.join(folders)):
            return Path(path)
    raise Unavailable(f"{names[0]} is not installed")


def account_named(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return pwd.getpwnam("nobody")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def new_enough(version, minimum):
    """The version as text, if this Django takes it."""
    text, least = (".".join(map(str, numbers)) for numbers in (version, minimum))
    if version < minimum:
        raise RuntimeError(f"it is {text}, and Django needs {least}")
    return text


def one_line(error):
    return " ".join(str(error).split())


def say(text):
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - for people


def exit_on_signals():
    """A signal ends this process as an exception would, so that servers are stopped; another changes nothing."""

    def leave(number, frame):
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    for each in SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:  # as of nohup
            signal.signal(each, leave)


@contextmanager
def signals_wait():
    """Signals wait for the end of the block, so that no process is started, or half stopped, and then forgotten."""
    came = []
    handlers = {each: signal.signal(each, lambda number, frame: came.append(number)) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        for number in came:
            signal.raise_signal(number)


def main(arguments):
    names, command = arguments, []
    if "--" in arguments:
        names, command = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    if not command or not set(names) <= set(KINDS):
        say(f"usage: python -m tests.support.servers [{' | '.join(KINDS)}]... -- COMMAND...")
        return os.EX_USAGE
    exit_on_signals()
    try:
        with running(*names) as variables:
            process = None
            try:
                with signals_wait():
                    process = subprocess.Popen(command, env={**os.environ, **variables})
                code = process.wait()
            finally:
                if process:
                    process.terminate()
                    process.wait()
    except Unavailable as error:
        say(error)
        return os.EX_UNAVAILABLE
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
