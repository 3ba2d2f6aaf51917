"""Who listens to a signal of Django's."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.dispatch import Signal


def receivers_of(signal: Signal, sender: type) -> list[str]:
    """The receivers that the signal would call for this sender, by module and name."""
    synchronous, asynchronous = signal._live_receivers(sender)
    return [_name(receiver) for receiver in (*synchronous, *asynchronous)]


def _name(receiver: Callable[..., Any]) -> str:
    while isinstance(receiver, partial):
        receiver = receiver.func
    named = receiver if hasattr(receiver, "__qualname__") else type(receiver)
    return f"{named.__module__}.{named.__qualname__}"
