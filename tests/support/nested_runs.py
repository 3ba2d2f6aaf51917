"""Test runs within the run."""

import os

import pytest

HOST = {"AUTH_SESSIONS_TEST_DATABASE", "AUTH_SESSIONS_TEST_USER", "AUTH_SESSIONS_TEST_WITHOUT"}

usual_host = pytest.mark.skipif(not HOST.isdisjoint(os.environ), reason="other hosts are tried by the usual run alone")


def run_apart(name, **changed):
    """The environment of a test run within this one: what it covers is added, and nothing of this one's is taken."""
    file = os.environ.get("COVERAGE_FILE")
    return {**os.environ, **({"COVERAGE_FILE": f"{file}.{name}"} if file else {}), **changed}
