"""What the app aims at, as ratios within one run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from benchmarks.operations import SIGN_OUT_ALL
from benchmarks.results import Ratio, Results


@dataclass(frozen=True, kw_only=True)
class Target:
    """``measured`` is None where this run has no such figure. ``exact``: neither more nor less."""

    what: str
    measured: Callable[[Results], float | None]
    at_most: float | None = None
    at_least: float | None = None
    exact: float | None = None
    aim: float | None = None
    """Better still than what is asked."""
    figure: str = "{:.2f} x"
    why: str = ""
    """Why it may be missed."""

    @property
    def asked(self) -> str:
        words = (("at most", self.at_most), ("at least", self.at_least), ("exactly", self.exact), ("aim", self.aim))
        return ", ".join(f"{word} {self.figure.format(limit)}" for word, limit in words if limit is not None)

    def met(self, value: float) -> bool:
        if self.exact is not None:
            return value == self.exact
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most

    def aimed(self, value: float) -> bool:
        if self.aim is None:
            return True
        return value >= self.aim if self.at_least is not None else value <= self.aim

    def judge(self, results: Results) -> tuple[str, str]:
        """The figure, and ``met``, ``met, short of the aim``, ``missed`` with the reason, or ``not measured``.

        Beside a ratio stands what the processes had, each for itself.
        """
        value = self.measured(results)
        if value is None:
            return "-", "not measured"
        if not self.met(value):
            verdict = f"missed: {self.why}" if self.why else "missed"
        else:
            verdict = "met" if self.aimed(value) else "met, short of the aim"
        figure = self.figure.format(value)
        if isinstance(value, Ratio):
            figure += f" ({self.figure.removesuffix(' x').format(value.low)} to {self.figure.format(value.high)})"
        return figure, verdict


OF_ASGI = "to check the signature alone takes two thirds of simplejwt's time: handler, view, and a thread for each"

OF_HTTP = "the time of the server and of the client is in both"

TWO_STATEMENTS = "the row is read and judged before an UPDATE rotates it: two statements"


def targets(results: Results) -> Iterator[Target]:
    yield from _requests()
    yield from _refreshes()
    yield from _others()
    for operation in ("request", "refresh", "sign_out_one", "sign_out_all_10"):
        if sizes := results.sizes[1:]:
            yield Target(
                what=f"{operation} with {sizes[-1]:,} sessions stored / with {results.sizes[0]:,}",
                measured=lambda r, operation=operation: r.grown(operation, r.sizes[-1]),
                at_most=1.3,
            )


def _requests() -> Iterable[Target]:
    return (
        Target(what="request, SQL check: statements", measured=_count("request"), exact=1, figure="{:.0f}"),
        Target(
            what="request, SQL check / simplejwt",
            measured=_time("request", "simplejwt"),
            at_most=0.85,
            why="the database reads and sends two rows by their keys, where simplejwt's is one",
        ),
        Target(
            what="request, SQL check / simplejwt, with prepared statements",
            measured=_time("request", "simplejwt_prepared", of="ours_prepared"),
            at_most=0.85,
        ),
        Target(
            what="request, cached check: statements",
            measured=_count("request", of="ours_cached"),
            exact=0,
            figure="{:.0f}",
        ),
        Target(
            what="request, cached check: cache round trips",
            measured=_count("request", "cache", of="ours_cached"),
            exact=1,
            figure="{:.0f}",
        ),
        Target(
            what="request, cached check / simplejwt",
            measured=_time("request", "simplejwt", of="ours_cached"),
            at_most=0.65,
            why="Django's own cache makes a client for each call",
        ),
        Target(
            what="the same by django-redis[hiredis]",
            measured=_time("request", "simplejwt", of="ours_cached_django_redis"),
            at_most=0.5,
            why="a bare view of Django REST framework takes a third of simplejwt's time, a GET a tenth",
        ),
        Target(
            what="async view, SQL check / simplejwt",
            measured=_time("request_async", "simplejwt"),
            at_most=0.85,
            why=OF_ASGI,
        ),
        Target(
            what="async view, cached check by django-redis[hiredis] / simplejwt",
            measured=_time("request_async", "simplejwt", of="ours_cached_django_redis"),
            at_most=0.5,
            why=OF_ASGI,
        ),
        Target(
            what="refused request, SQL check: statements",
            measured=_count("request_refused"),
            exact=1,
            figure="{:.0f}",
        ),
        Target(
            what="refused request, SQL check / simplejwt",
            measured=_time("request_refused", "simplejwt"),
            at_most=1,
            why="it is told to the security log",
        ),
        Target(
            what="refused request, cached check: statements",
            measured=_count("request_refused", of="ours_cached_django_redis"),
            exact=0,
            figure="{:.0f}",
        ),
        Target(
            what="refused request, cached check / simplejwt",
            measured=_time("request_refused", "simplejwt", of="ours_cached_django_redis"),
            at_most=1,
        ),
    )


def _refreshes() -> Iterable[Target]:
    return (
        Target(what="refresh: statements", measured=_count("refresh"), at_most=2, figure="{:.0f}"),
        Target(
            what="refresh, simplejwt / ours", measured=_time("refresh", "simplejwt", -1), at_least=4, why=TWO_STATEMENTS
        ),
        Target(
            what="refresh, simplejwt / ours, with prepared statements",
            measured=_time("refresh", "simplejwt_prepared", -1, of="ours_prepared"),
            at_least=4,
        ),
        Target(what="refresh, allauth / ours", measured=_time("refresh", "allauth", -1), at_least=1.5),
        Target(what="refresh, ours / floor", measured=_time("refresh", "floor"), at_most=1.6, why=TWO_STATEMENTS),
        Target(
            what="refresh by HTTP, ours / simplejwt's rate",
            measured=_rate("simplejwt"),
            at_least=3.5,
            why=OF_HTTP,
        ),
        Target(
            what="refresh by HTTP, ours / simplejwt's rate, with prepared statements",
            measured=_rate("simplejwt_prepared", of="ours_prepared"),
            at_least=3.5,
            why=OF_HTTP,
        ),
        Target(what="refresh by HTTP, ours / allauth's rate", measured=_rate("allauth"), at_least=1.5),
        Target(
            what="refresh by HTTP, floor's rate / ours",
            measured=lambda r: r.rate_ratio("refresh", "floor", "ours"),
            at_most=2.3,
        ),
    )


def _others() -> Iterable[Target]:
    return (
        Target(
            what="sign-in / simplejwt",
            measured=_time("sign_in", "simplejwt"),
            at_most=1.05,
            why="the session is written with its device, told to receivers, and shown in the answer",
        ),
        Target(
            what="sign-in: statements more with 10 sessions there",
            measured=_more_statements("sign_in", ["sign_in_10"]),
            exact=0,
            figure="{:.0f}",
        ),
        Target(
            what="sign-out of all: statements more with 10 to 1000 than with 1",
            measured=_more_statements("sign_out_all_1", [f"sign_out_all_{sessions}" for sessions in SIGN_OUT_ALL]),
            exact=0,
            figure="{:.0f}",
        ),
        *(
            Target(
                what=f"sign-out of {sessions} / knox",
                measured=_time(f"sign_out_all_{sessions}", "knox"),
                at_most=1,
                why="knox locks nothing; here rows are locked, tokens go first, and a foreign key is checked",
            )
            for sessions in SIGN_OUT_ALL
        ),
        Target(
            what="sign-out of 1000 / of 1",
            measured=_times_longer("sign_out_all_1000", "sign_out_all_1"),
            at_most=6,
            why="for each session the database checks that no token is left, which takes half of the time",
        ),
        Target(
            what="sign-out of 1000, simplejwt / ours",
            measured=_time("sign_out_all_1000", "simplejwt", -1),
            at_least=20,
            why="each session is read, to be told to receivers",
            figure="{:.0f} x",
        ),
        Target(what="list of 100: statements", measured=_count("list_100"), at_most=3, figure="{:.0f}"),
        Target(what="list of 5, ours / floor", measured=_time("list_5", "floor"), at_most=3.5),
        Target(what="list of 100, ours / floor", measured=_time("list_100", "floor"), at_most=2.2),
    )


def _count(operation: str, what: str = "statements", *, of: str = "ours") -> Callable[[Results], float | None]:
    return lambda results: results.cost(operation, of, what)


def _time(operation: str, peer: str, power: int = 1, *, of: str = "ours") -> Callable[[Results], float | None]:
    """Ours to the peer's, or the other way round (``power`` -1)."""

    def measured(results: Results) -> float | None:
        pair = (of, peer)[::power]
        return results.ratio(operation, *pair)

    return measured


def _rate(peer: str, *, of: str = "ours") -> Callable[[Results], float | None]:
    return lambda results: results.rate_ratio("refresh", of, peer)


def _more_statements(operation: str, others: list[str]) -> Callable[[Results], float | None]:
    def measured(results: Results) -> float | None:
        few = results.cost(operation, "ours")
        many = [results.cost(other, "ours") for other in others]
        return None if few is None or None in many else max(abs(each - few) for each in many if each is not None)

    return measured


def _times_longer(operation: str, other: str) -> Callable[[Results], float | None]:
    def measured(results: Results) -> float | None:
        long, short = (results.milliseconds(each, "ours") for each in (operation, other))
        return None if long is None or short is None else long / short

    return measured
