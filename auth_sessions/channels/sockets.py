"""The open sockets of this process, by session: who is told that a session has ended."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock

_sockets: defaultdict[str, set["Socket"]] = defaultdict(set)
_lock = Lock()


class Socket:
    """One open socket of a session. It belongs to an event loop; :func:`end` may be called from any thread."""

    def __init__(self, session_id: str) -> None:
        self.session_id, self.loop = session_id, asyncio.get_running_loop()
        self.has_ended = asyncio.Event()
        """Set when the session has ended."""
        self.is_doubtful = asyncio.Event()
        """Set when the session is to be validated again."""


@contextmanager
def registered(session_id: str) -> Iterator[Socket]:
    """A new socket, which is told of the end of its session while the block runs."""
    socket = Socket(session_id)
    with _lock:
        _sockets[session_id].add(socket)
    try:
        yield socket
    finally:
        with _lock:
            _sockets[session_id].discard(socket)
            if not _sockets[session_id]:
                del _sockets[session_id]


def end(session_ids: Iterable[str]) -> None:
    """Tell the sockets of sessions that have ended."""
    if not _sockets:
        return
    with _lock:
        ended = [socket for session_id in session_ids for socket in _sockets.get(session_id, ())]
    for socket in ended:
        with suppress(RuntimeError):  # its event loop is closed
            socket.loop.call_soon_threadsafe(socket.has_ended.set)


def validate_again(loop: asyncio.AbstractEventLoop) -> None:
    """Tell all sockets of this event loop to validate their sessions. Called on it."""
    with _lock:
        sockets = [socket for of_session in _sockets.values() for socket in of_session if socket.loop is loop]
    for socket in sockets:
        socket.is_doubtful.set()
