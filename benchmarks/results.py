"""What was measured, and how it is compared."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

Rounds = dict[str, list[list[float]]]
"""For each contender: for each round: the seconds of each call."""


class Ratio(float):
    """The median of the rounds' ratios, with the lowest and the highest of the medians of single processes."""

    low: float
    high: float

    @classmethod
    def of(cls, ratios: list[float], *, copies: int) -> "Ratio":
        """Of the rounds in order, which the ``copies`` of each contender took in turns."""
        ratio = cls(median(ratios))
        medians = [median(own) for copy in range(copies) if (own := ratios[copy::copies])]
        ratio.low, ratio.high = min(medians), max(medians)
        return ratio


@dataclass(kw_only=True)
class Results:
    database: str
    labels: dict[str, str]
    copies: int = 1
    """Processes of each contender, which take turns by rounds."""
    http_copies: int = 1
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

    def ratio(self, operation: str, contender: str, peer: str) -> Ratio | None:
        """How many times as long as the peer's: the median of what each round says, since rounds share the weather."""
        rounds = self.times.get(operation, {})
        if contender not in rounds or peer not in rounds:
            return None
        own, others = ([median(each) for each in rounds[name]] for name in (contender, peer))
        return Ratio.of(_paired(own, others), copies=self.copies)

    def rate(self, operation: str, contender: str) -> float | None:
        rates = self.rates.get(operation, {}).get(contender)
        return rates and median(rates)

    def rate_ratio(self, operation: str, contender: str, peer: str) -> Ratio | None:
        rates = self.rates.get(operation, {})
        if contender not in rates or peer not in rates:
            return None
        return Ratio.of(_paired(rates[contender], rates[peer]), copies=self.http_copies)

    @property
    def sizes(self) -> list[int]:
        return sorted({size for sizes in self.growth.values() for size in sizes})

    def grown(self, operation: str, size: int) -> Ratio | None:
        """How many times as long as with the fewest sessions stored."""
        if operation not in self.growth:
            return None
        smallest, larger = (self.growth[operation][each] for each in (self.sizes[0], size))
        ratios = _paired([median(each) for each in larger], [median(each) for each in smallest])
        return Ratio.of(ratios, copies=self.copies)


def typical(rounds: list[list[float]]) -> float:
    """The median of all calls, in milliseconds."""
    return median(seconds for each in rounds for seconds in each) * 1000


def _paired(values: list[float], others: list[float]) -> list[float]:
    return [value / other for value, other in zip(values, others, strict=True)]
