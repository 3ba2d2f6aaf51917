"""What was measured, and how it is compared."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

Rounds = dict[str, list[list[float]]]
"""For each contender: for each round: the seconds of each call."""


@dataclass(kw_only=True)
class Results:
    database: str
    labels: dict[str, str]
    skipped: dict[str, str] = field(default_factory=dict)
    costs: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """By operation and contender: see ``counting.Cost``."""
    fates: dict[str, dict[str, str]] = field(default_factory=dict)
    times: dict[str, Rounds] = field(default_factory=dict)
    cpu: dict[str, Rounds] = field(default_factory=dict)
    """As ``times``, but what the contender's own process computed: neither the database nor waiting is in it."""
    rates: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """By operation and contender: requests per second of each round, over HTTP."""
    http_calls: dict[str, int] = field(default_factory=dict)
    growth: dict[str, dict[int, list[list[float]]]] = field(default_factory=dict)
    """By operation and number of stored sessions."""

    def cost(self, operation: str, contender: str, what: str = "statements") -> int | None:
        cost = self.costs.get(operation, {}).get(contender)
        return cost and cost[what]

    def milliseconds(self, operation: str, contender: str) -> float | None:
        rounds = self.times.get(operation, {}).get(contender)
        return None if rounds is None else typical(rounds)

    def ratio(self, operation: str, contender: str, peer: str) -> float | None:
        """How many times as long as the peer's: the median of what each round says, since rounds share the weather."""
        rounds = self.times.get(operation, {})
        if contender not in rounds or peer not in rounds:
            return None
        return _paired([median(each) for each in rounds[contender]], [median(each) for each in rounds[peer]])

    def rate(self, operation: str, contender: str) -> float | None:
        rates = self.rates.get(operation, {}).get(contender)
        return rates and median(rates)

    def rate_ratio(self, operation: str, contender: str, peer: str) -> float | None:
        rates = self.rates.get(operation, {})
        return _paired(rates[contender], rates[peer]) if contender in rates and peer in rates else None

    @property
    def sizes(self) -> list[int]:
        return sorted({size for sizes in self.growth.values() for size in sizes})

    def grown(self, operation: str, size: int) -> float | None:
        """How many times as long as with the fewest sessions stored."""
        if operation not in self.growth:
            return None
        smallest, larger = (self.growth[operation][each] for each in (self.sizes[0], size))
        return _paired([median(each) for each in larger], [median(each) for each in smallest])


def typical(rounds: list[list[float]]) -> float:
    """The median of all calls, in milliseconds."""
    return median(seconds for each in rounds for seconds in each) * 1000


def _paired(values: list[float], others: list[float]) -> float:
    return median(value / other for value, other in zip(values, others, strict=True))
