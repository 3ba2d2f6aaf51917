"""What apps above register with what is below them, which knows none of them."""

from collections.abc import Iterator
from typing import Generic, TypeVar

Registered = TypeVar("Registered")


class Registry(Generic[Registered]):
    """In the order in which they were registered, each once."""

    def __init__(self) -> None:
        self._registered: list[Registered] = []

    def __iter__(self) -> Iterator[Registered]:
        return iter(self._registered)

    def register(self, each: Registered) -> None:
        if each not in self._registered:
            self._registered.append(each)

    def unregister(self, each: Registered) -> None:
        if each in self._registered:
            self._registered.remove(each)
