"""In a project without settings, and without pytest-django."""

import sys

import pytest


def test_nothing_is_imported(request):
    assert request.config.pluginmanager.has_plugin("auth_sessions")
    assert not {name for name in sys.modules if name.partition(".")[0] in {"django", "rest_framework", "jwt"}}
    ours = {name for name in sys.modules if name.startswith("auth_sessions")}
    assert ours == {"auth_sessions", "auth_sessions.pytest_plugin"}


def test_a_fixture_says_what_is_missing(request):
    with pytest.raises(Exception, match="settings are not configured"):
        request.getfixturevalue("auth_device")
