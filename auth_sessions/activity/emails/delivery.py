"""Hands messages to the project's mail server, without making anybody wait for it.

Without a backend for background tasks, messages are sent from threads of this process. Such a thread is not a daemon:
a process that ends sends what is left first.
"""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from smtplib import SMTPException
from threading import Lock, Thread, current_thread
from typing import Any

from django.core import mail
from django.core.mail import EmailMessage
from django.db import connections

logger = logging.getLogger("auth_sessions")

TIMEOUT = 10.0
"""Seconds that a mail server may take for each step, where the project sets no timeout of its own."""

THREADS = 4
"""How many messages are sent at once."""

PENDING = 100
"""How many messages wait for a thread. A mail server that does not answer fills no memory."""

LOCAL_BACKENDS = {f"django.core.mail.backends.{name}" for name in ("console", "dummy", "filebased", "locmem")}
"""Nothing is waited for: they are called at once, so that a test finds the message in ``mail.outbox``."""


def send(message: EmailMessage, *, name: str) -> None:
    """Send a message, and wait for the result. A failure is logged with the ``name`` of the message, and not raised."""
    with failures_logged(name), closing(_connection()) as connection:  # also where it was opened, and then refused
        connection.send_messages([message])


@contextmanager
def failures_logged(name: str) -> Iterator[None]:
    """Log an error of a mail server, a broker, the network or a package, and do not raise it.

    Neither its text nor a traceback is logged, which may contain addresses and passwords, but its class, and the code
    of a mail server (RFC 5321) or the text of the system.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a package may raise anything
        detail = getattr(error, "smtp_code" if isinstance(error, SMTPException) else "strerror", None)
        reason = f"{type(error).__name__} ({detail})" if detail else type(error).__name__
        logger.error("%s was not sent: %s", name, reason)  # noqa: TRY400


def is_local() -> bool:
    """Whether the project's e-mail backend does not use the network."""
    return type(_connection()).__module__ in LOCAL_BACKENDS


def _connection() -> Any:
    mailers = getattr(mail, "mailers", None)  # Django 6.1
    connection: Any = mail.get_connection() if mailers is None else mailers.default
    if getattr(connection, "timeout", TIMEOUT) is None:
        connection.timeout = TIMEOUT
    return connection


class Sender:
    """Sends messages from threads that run while there is something to send."""

    def __init__(self) -> None:
        self._pending: deque[tuple[EmailMessage, str]] = deque()
        self._threads: set[Thread] = set()
        self._lock = Lock()

    def send(self, message: EmailMessage, *, name: str) -> None:
        """Send it soon, as :func:`send` does. Does not wait; a message too many is dropped, which is logged."""
        with self._lock:
            if len(self._pending) >= PENDING:
                logger.error("%s was not sent: the mail server does not answer", name)
                return
            self._pending.append((message, name))
            self._threads = {thread for thread in self._threads if thread.is_alive()}  # after a fork there are none
            if len(self._threads) < THREADS:
                thread = Thread(target=self._run, name="auth_sessions.activity.emails")
                self._threads.add(thread)
                thread.start()

    def wait(self) -> None:
        """Wait until everything is sent, or given up."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def _run(self) -> None:
        try:
            while True:
                with self._lock:
                    if not self._pending:
                        self._threads.discard(current_thread())
                        return
                    message, name = self._pending.popleft()
                send(message, name=name)
        finally:
            connections.close_all()  # a backend may store messages


sender = Sender()
