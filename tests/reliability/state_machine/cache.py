"""A cache that fails, or loses what it is told without a word."""

from tests.host.caches import Shared

OPERATIONS = ("get", "add", "set_many", "delete_many")


class FaultyCache(Shared):
    failing = frozenset()
    """The operations that raise."""
    losing = frozenset()
    """The operations that are confirmed and not executed."""

    def _ask(self, operation, *args, **kwargs):
        if operation in self.failing:
            raise ConnectionError("no cache")
        if operation in self.losing:
            return [] if operation == "set_many" else None
        return getattr(self.store, operation)(*args, **kwargs)
