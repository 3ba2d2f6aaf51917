"""Reads the database for code that runs on an event loop, where Django allows no SQL."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from django.db import close_old_connections, connections

T = TypeVar("T")

_threads = ThreadPoolExecutor(thread_name_prefix="auth_sessions")


class Origin:
    """The database, and the schema or tenant, that the thread reads in which this object is created."""

    def __init__(self, using: str, *, get_database_id: Callable[[], str], database_id: str | None = None) -> None:
        self.using, self.tenant = using, self._get_tenant(using)
        self.get_database_id, self.database_id = get_database_id, database_id or get_database_id()

    def call(self, read: Callable[[], T]) -> T:
        """The result of ``read()``, with the tenant of the origin.

        If an event loop runs in this thread, another thread calls it, and the loop waits. The connection of that thread
        is closed as Django closes its own (``CONN_MAX_AGE``). Raises ``RuntimeError`` if it is not to this database.
        """
        if not _is_on_event_loop():
            return self._call(read)
        return _threads.submit(copy_context().run, self._call_in_thread, read).result()

    def _call_in_thread(self, read: Callable[[], T]) -> T:
        def checked() -> T:
            if self.get_database_id() != self.database_id:
                raise RuntimeError("A thread cannot read this tenant: use `await request.auser()` in an async view.")
            return read()

        close_old_connections()
        try:
            return self._call(checked)
        finally:
            close_old_connections()

    def _call(self, read: Callable[[], T]) -> T:
        connection: Any = connections[self.using]
        previous = self._get_tenant(self.using)
        if self.tenant is previous or self.tenant is None:
            return read()
        connection.set_tenant(self.tenant)
        try:
            return read()
        finally:
            connection.set_tenant(previous)

    @staticmethod
    def _get_tenant(using: str) -> Any:
        """The tenant that django-tenants, or a package like it, has chosen for this thread's connection; else None."""
        connection: Any = connections[using]
        return getattr(connection, "tenant", None) if hasattr(connection, "set_tenant") else None


def _is_on_event_loop() -> bool:
    if os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE"):  # Django then allows SQL
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
