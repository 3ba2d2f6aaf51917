"""The benchmarks run, and every contender answers as its row says. No figure of time is looked at."""

import os
import re
import subprocess
import sys

import pytest

from benchmarks.contenders import CONTENDERS
from benchmarks.results import Results
from benchmarks.targets import Target
from tests.support.paths import ROOT
from tests.support.servers import PostgreSQLServer, or_skipped, running

pytestmark = pytest.mark.slow

OPERATIONS = (
    "request,request_async,request_after,request_refused,refresh,sign_in,sign_in_10,list_100,"
    "sign_out_one,sign_out_others,sign_out_all_1,sign_out_all_10"
)
OUR_COSTS = {
    "authenticated request": "1",
    "request after its sign-out": "1",
    "refused request": "1",
    "refresh": "2",
    "sign-in": "4 + 2",
    "sign-in, 10 sessions there": "4 + 2",
    "list of 100": "2",
}
STATEMENTS = [
    "request, SQL check: statements",
    "refused request, SQL check: statements",
    "refresh: statements",
    "list of 100: statements",
]
"""What must be met in every run."""

FATES = {
    # whether an access token is taken after a sign-out of: one, others, all
    "ours": ("refused", "refused", "refused"),
    "ours_cached": ("refused", "refused", "refused"),
    "ours_cached_django_redis": ("refused", "refused", "refused"),
    "simplejwt": ("accepted", "accepted", "accepted"),
    "signature": ("-", "-", "-"),
    "knox": ("refused", "-", "refused"),
    "allauth": ("accepted", "accepted", "accepted"),
    "allauth_stateful": ("refused", "refused", "refused"),
    "django_db": ("refused", "-", "-"),
    "django_cached_db": ("refused", "-", "-"),
    "floor": ("refused", "refused", "refused"),
}


def run(*options, **environment):
    return run_module("benchmarks", "--scale", "0", *options, **environment)


def run_module(name, *options, **environment):
    ended = subprocess.run(
        [sys.executable, "-m", name, *options],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended


def tables(text):
    """The tables by their headings: for each the cells by row and column."""
    found = {}
    for part in text.split("\n## ")[1:]:
        heading, *lines = part.splitlines()
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
        found[heading] = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[2:]}
    return found


@pytest.fixture(scope="module")
def measured():
    if "AUTH_SESSIONS_TEST_DATABASE" in os.environ:
        pytest.skip("the contenders are run on SQLite")
    ended = run("--database", "sqlite", "--operations", OPERATIONS, "--copies", "1")
    return ended, tables(ended.stdout)


@pytest.fixture(params=[name for name, entry in CONTENDERS.items() if not entry.prepares])
def contender(request, measured):
    label = CONTENDERS[request.param].label
    for line in measured[0].stderr.splitlines():
        if line.startswith(f"LEFT OUT: {label}: "):
            pytest.skip(line)
    return request.param


def column(table, contender):
    return {row: cells[CONTENDERS[contender].label] for row, cells in table.items()}


def test_nobody_fails(measured):
    assert "Traceback" not in measured[0].stderr


def test_an_access_token_after_a_sign_out(measured, contender):
    table = measured[1]["An access token after a sign-out of"]
    assert tuple(column(table, contender).values()) == FATES[contender]


def test_what_can_be_counted_is_timed(measured, contender):
    costs = column(measured[1]["SQL statements + transaction control, cache round trips"], contender)
    times = column(measured[1]["Time of one call in process, ms (median)"], contender)
    is_timed = {row: time != "-" for row, time in times.items()}
    is_timed.pop("authenticated request, async", None)  # on a connection of another thread
    assert is_timed == {row: cost != "-" for row, cost in costs.items()}
    assert costs["authenticated request"] != "-"


def test_an_async_view(measured):
    pytest.importorskip("adrf")
    times = measured[1]["Time of one call in process, ms (median)"]["authenticated request, async"]
    assert {label for label, time in times.items() if time != "-"} >= {
        CONTENDERS[name].label for name in ("ours", "simplejwt", "signature")
    }


def test_our_costs(measured):
    costs = column(measured[1]["SQL statements + transaction control, cache round trips"], "ours")
    assert {row: costs[row] for row in OUR_COSTS} == OUR_COSTS
    targets = measured[1]["Targets"]
    for what in STATEMENTS:
        assert targets[what]["result"] == "met"


def test_http(measured, contender):
    pytest.importorskip("gunicorn")
    rates = column(measured[1]["Requests per second over HTTP (median)"], contender)
    costs = column(measured[1]["SQL statements + transaction control, cache round trips"], contender)
    assert len(rates) == 7
    assert {row: rate == "-" for row, rate in rates.items()} == {row: costs[row] == "-" for row in rates}


@pytest.fixture(scope="module")
def postgresql():
    with or_skipped(), running("postgresql") as where:
        yield where


def test_prepared_statements(postgresql):
    contenders = "ours_prepared", "simplejwt_prepared"
    ended = run(
        *("--contenders", ",".join(contenders), "--operations", "request,request_async,refresh,sign_in"),
        *("--rows", "", "--copies", "2"),
        **postgresql,
    )
    found = tables(ended.stdout)
    costs = found["SQL statements + transaction control, cache round trips"]
    ours, theirs = (column(costs, contender) for contender in contenders)
    assert ours == {"authenticated request": "1", "refresh": "2", "sign-in": "3"}
    assert theirs["refresh"] == "9 + 4"
    rows = [cells["measured"] for what, cells in found["Targets"].items() if what.endswith("with prepared statements")]
    assert len(rows) == 3
    for measured in rows:
        assert re.fullmatch(r"[\d.]+ x \([\d.]+ to [\d.]+ x\)", measured)


def test_clean_up(postgresql):
    ended = run_module("benchmarks.cleanup", "--over=1000", "--live=3000", "--alone=0.5", **postgresql)
    assert "1000 sessions over among 4000" in ended.stdout
    verdicts = [line.split(":")[0] for line in ended.stdout.splitlines()[-4:]]
    assert [verdict[7:] for verdict in verdicts] == [
        "memory above the start",
        "longest transaction",
        "longest wait for a lock",
        "longest statement of the others",
    ]


def test_storage(postgresql):
    if float(PostgreSQLServer.version(postgresql)) < 15:
        pytest.skip("pg_stat_force_next_flush() is new in PostgreSQL 15")
    ended = run_module("benchmarks.storage", "--rows=500", "--uses=50", **postgresql)
    assert "auth_sessions_session " in ended.stdout
    assert "of 50 updates were heap-only" in ended.stdout


@pytest.mark.parametrize("database", ["postgresql", "mariadb", "sqlite"])
def test_history(database):
    with or_skipped(), running(*({database} - {"sqlite"})) as where:
        ended = run_module("benchmarks.history", "--database", database, "--sessions=10", "--rounds=2", **where)
    assert f"10 sessions end on {database}: " in ended.stdout
    assert "with the history / without: " in ended.stdout


@pytest.mark.parametrize("database", ["postgresql", "mariadb", "sqlite"])
def test_supabase(database):
    with or_skipped(), running(*({database} - {"sqlite"})) as where:
        ended = run_module("benchmarks.supabase", "--database", database, "--rounds=2", "--calls=1", **where)
    for name, statements in {"bare view": 0, "one SELECT, REST framework": 1, "GET user": 1, "refresh": 2}.items():
        assert re.search(rf"^{name} +{statements} \+ 0 ", ended.stdout, re.MULTILINE)
    for name in ("view behind the REST SQL check", "GET user", "refresh"):
        assert f" {name}: " in ended.stdout


@pytest.mark.parametrize("database", ["postgresql", "mariadb", "sqlite"])
def test_clean_up_of_the_history(database):
    with or_skipped(), running(*({database} - {"sqlite"})) as where:
        ended = run_module("benchmarks.history_cleanup", "--database", database, "--rows=2400", **where)
    deleted, shortened = map(
        int, re.search(rf"2400 rows on {database}: (\d+) deleted, (\d+) shortened", ended.stdout).groups()
    )
    assert abs(deleted - 600) < 3
    assert abs(shortened - 1200) < 6
    assert "longest transaction: " in ended.stdout


def test_profile(postgresql):
    options = "--contender=ours", "--operation=request", "--calls=20", "--top=300"
    ended = run_module("benchmarks.profiled", *options, **postgresql)
    assert "auth_sessions/authentication/bearer.py" in ended.stdout


def test_start_up():
    lines = run_module("benchmarks.startup", "--rounds=1").stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["simplejwt alone", "with the app", "with all of its parts"]


def test_growth(postgresql, tmp_path):
    written = tmp_path / "benchmarks.md"
    ended = run(
        *("--contenders", "ours", "--operations", "request", "--rows", "20,300", "--no-http", "--copies", "2"),
        *("--markdown", str(written)),
        **postgresql,
    )
    growth = tables(ended.stdout)["With many sessions stored: ms (median), and times the smallest"]
    signed_out = {"sign-out of one", "sign-out of 9 others", "sign-out of all, 10"}
    assert set(growth) == {"authenticated request", "refresh", "sign-in", "list of 1", *signed_out}
    assert set(growth["refresh"]) == {"call", "20", "300"}
    assert ended.stdout in written.read_text()


@pytest.mark.parametrize(
    ("limits", "value", "verdict"),
    [
        ({"at_most": 2}, 2, "met"),
        ({"at_most": 2}, 2.1, "missed"),
        ({"at_most": 2, "aim": 1}, 1.5, "met, short of the aim"),
        ({"at_least": 3, "aim": 4}, 3, "met, short of the aim"),
        ({"at_least": 3}, 2.9, "missed"),
        ({"exact": 0}, 0, "met"),
        ({"exact": 0}, 1, "missed"),
        ({"exact": 0}, None, "not measured"),
    ],
)
def test_verdicts(limits, value, verdict):
    target = Target(what="x", measured=lambda results: value, **limits)
    assert target.judge(Results(database="sqlite", labels={}))[1] == verdict


def test_ratios_are_those_of_the_rounds():
    times = {"request": {"ours": [[2.0, 2.0], [30.0], [4.0]], "floor": [[1.0], [10.0, 10.0], [2.0]]}}
    results = Results(database="sqlite", labels={}, times=times)
    assert results.ratio("request", "ours", "floor") == 2
    assert results.ratio("request", "ours", "knox") is None
    assert results.milliseconds("request", "ours") == 3000


def test_a_ratio_knows_what_each_process_had():
    """The processes of a contender take turns by rounds."""
    rounds = [[2.0], [8.0], [4.0], [6.0], [2.0]]
    times = {"request": {"ours": rounds, "floor": [[1.0]] * 5}}
    results = Results(database="sqlite", labels={}, times=times, copies=2)
    ratio = results.ratio("request", "ours", "floor")
    assert (ratio, ratio.low, ratio.high) == (4, 2, 7)
    target = Target(what="x", measured=lambda results: results.ratio("request", "ours", "floor"), at_most=5)
    assert target.judge(results) == ("4.00 x (2.00 to 7.00 x)", "met")
    assert Results(database="sqlite", labels={}, times=times, copies=7).ratio("request", "ours", "floor").low == 2
