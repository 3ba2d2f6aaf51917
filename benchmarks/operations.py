"""What is measured. The parent names an operation; the worker of each contender carries it out."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Operation:
    """``method`` of the contender makes the call; ``sessions`` is how many the person has at that moment.

    ``rounds`` and ``batch``: how often each contender is asked, and how many calls at a time.
    """

    key: str
    label: str
    method: str
    sessions: int = 1
    rounds: int = 40
    batch: int = 10
    is_asgi: bool = False
    """Whether the call is made to Django's ASGI handler, and answered by an async view."""
    over_http: int = 0
    """How many calls each of the connections makes in a round; 0: not measured over HTTP."""


SIGN_OUT_ALL = {1: (60, 5), 10: (60, 5), 100: (10, 4), 1000: (10, 1)}

_ALL = [
    Operation(key="request", label="authenticated request", method="request", rounds=200, over_http=100),
    Operation(key="request_async", label="authenticated request, async", method="request_async", is_asgi=True),
    Operation(key="request_after", label="request after its sign-out", method="request_after", batch=5),
    Operation(key="request_refused", label="refused request", method="request_refused", batch=5),
    Operation(key="refresh", label="refresh", method="refresh", rounds=120, over_http=100),
    Operation(key="sign_in", label="sign-in", method="sign_in", sessions=0, rounds=60, over_http=20),
    Operation(key="sign_in_10", label="sign-in, 10 sessions there", method="sign_in", sessions=10, rounds=20),
    Operation(key="list_5", label="list of 5", method="list", sessions=5, rounds=40),
    Operation(key="list_100", label="list of 100", method="list", sessions=100, rounds=20, batch=5, over_http=5),
    Operation(key="sign_out_one", label="sign-out of one", method="sign_out_one", over_http=20),
    Operation(
        key="sign_out_others",
        label="sign-out of 9 others",
        method="sign_out_others",
        sessions=10,
        rounds=30,
        batch=5,
        over_http=10,
    ),
    *(
        Operation(
            key=f"sign_out_all_{sessions}",
            label=f"sign-out of all, {sessions}",
            method="sign_out_all",
            sessions=sessions,
            rounds=rounds,
            batch=batch,
            over_http=10 if sessions == 10 else 0,
        )
        for sessions, (rounds, batch) in SIGN_OUT_ALL.items()
    ),
]
OPERATIONS = {operation.key: operation for operation in _ALL}

# The refresh after what else the same people do: the next use of a refreshed session is noted in it, and would be a
# write in those figures. Last come newcomers, who leave rows behind.
GROWING = ("request", "list_1", "sign_out_one", "refresh", "sign_in", "sign_out_others", "sign_out_all_10")
OPERATIONS["list_1"] = Operation(key="list_1", label="list of 1", method="list")
SLOW = {"sign_out_all_1000"}
"""Takes some peers seconds: left out where it must be quick."""
OVER_HTTP = tuple(operation.key for operation in _ALL if operation.over_http)
IN_PROCESS = tuple(operation.key for operation in _ALL)

AFTER = {
    "sign_out_one": "one: that one's",
    "sign_out_others": "others: another's",
    "sign_out_all": "all: another's",
}
"""Whose access token is tried again after a sign-out."""
