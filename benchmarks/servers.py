"""PostgreSQL and Redis: those that are there, else throw-away ones of this run alone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

STARTED_WITHIN = 30


def stop(*args: Any) -> NoReturn:
    """End as by an error, so that all is cleared away on the way out; a second signal does not cut that short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit("stopped")


def address() -> dict[str, str]:
    """Where PostgreSQL is, as libpq's variables say."""
    return {
        "host": os.environ.get("PGHOST", "127.0.0.1"),
        "port": os.environ.get("PGPORT", "5432"),
        "user": os.environ.get("PGUSER", "postgres"),
        "password": os.environ.get("PGPASSWORD", ""),
        "dbname": "postgres",
    }


def database(name: str) -> dict[str, Any]:
    """The same for Django."""
    where = {key.upper(): value for key, value in address().items() if key != "dbname"}
    return {"ENGINE": "django.db.backends.postgresql", "NAME": name, **where}


@contextmanager
def postgresql() -> Iterator[None]:
    """One that answers by libpq's variables. The program ends, and says why, where none answers nor can be started."""
    try:
        import psycopg
    except ImportError:
        sys.exit("PostgreSQL needs psycopg, which is not installed.")
    signal.signal(signal.SIGTERM, stop)
    try:
        psycopg.connect(**address(), connect_timeout=3).close()
    except psycopg.OperationalError as error:
        programs = _programs()
        if programs is None or "PGHOST" in os.environ:
            reason = " ".join(str(error).split())
            sys.exit(f"No PostgreSQL for the benchmark: {reason}. Start one, name it by PGHOST, or --database sqlite.")
    else:
        yield
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        data, port, account = Path(folder) / "data", _free_port(), None
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:  # whom PostgreSQL refuses
            account = "postgres"
            Path(folder).chmod(0o711)
            shutil.chown(data, account)

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", str(data), *arguments]
            subprocess.run(command, check=True, cwd=folder, user=account, stdout=subprocess.DEVNULL)

        run("initdb", "-U", "postgres", "-A", "trust", "--encoding=UTF8", "--locale=C")
        where = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        os.environ.update(PGHOST="127.0.0.1", PGPORT=str(port), PGUSER="postgres")
        try:
            run("pg_ctl", "-l", str(data / "log"), "-w", "-o", where, "start")
            yield
        finally:
            run("pg_ctl", "-m", "immediate", "-w", "stop")


@contextmanager
def redis() -> Iterator[None]:
    """One at ``REDIS_PORT``; where none can be had, whoever needs it says so."""
    port = int(os.environ.get("REDIS_PORT", "6379"))
    if _listens(port) or shutil.which("redis-server") is None:
        yield
        return
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + STARTED_WITHIN
            while not _listens(port) and time.monotonic() < until:
                time.sleep(0.05)
            os.environ["REDIS_PORT"] = str(port)
            yield
        finally:
            server.terminate()
            server.wait()


def _programs() -> Path | None:
    """The folder of PostgreSQL's own programs, of the newest installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in installed), key=lambda path: float(path.parent.name), default=None)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
