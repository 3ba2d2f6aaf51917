"""Closes the sockets of sessions that end. Connected where Channels is installed; imports it only when it is used."""

from collections.abc import Sequence

from django.conf import settings

from auth_sessions.channels import sockets
from auth_sessions.db.ended_session import EndedSession
from auth_sessions.db.ending import records_ended


def connect() -> None:
    records_ended.connect(close_sockets, dispatch_uid="auth_sessions.records_ended.sockets")


def close_sockets(records: Sequence[EndedSession], **kwargs: object) -> None:
    """Close the sockets of this process, and tell the other processes over the channel layer."""
    has_layers = bool(getattr(settings, "CHANNEL_LAYERS", None))
    if not (has_layers or sockets.are_open()):
        return
    session_ids = [str(record.id) for record in records]
    sockets.end(session_ids)
    if not has_layers:
        return
    from auth_sessions.channels import layers  # noqa: PLC0415 - imports Channels

    if layers.get_layer() is not None:
        layers.sender.send(session_ids)
