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
    sockets.end(str(record.id) for record in records)
    if not getattr(settings, "CHANNEL_LAYERS", None):
        return
    from auth_sessions.channels import layers  # noqa: PLC0415 - imports Channels

    if layers.get_layer() is not None:
        layers.sender.send([str(record.id) for record in records])
