"""A project of which the audit has nothing to say but what no setting changes, and what a change of it does."""

import pytest
from django.test import override_settings
from django.urls import include, path

from auth_sessions.audit.project import Project
from auth_sessions.audit.run import REQUIREMENTS
from tests.support.audit import SAFE


@pytest.fixture
def finding(db):
    """What is found of a requirement in the safe project with these changes."""
    by_id = {requirement.id: requirement for requirement in REQUIREMENTS}

    def find(id_, *patterns, level=2, **changes):
        urls = [path("api/auth/", include("auth_sessions.urls")), path("account/", include("auth_sessions.pages.urls"))]
        module = type("Urls", (), {"urlpatterns": [*patterns, *urls]})
        with override_settings(**{**SAFE, "ROOT_URLCONF": module, **changes}):
            return by_id[id_].judge(Project(level=level))

    return find


@pytest.fixture
def verdict(finding):
    return lambda *args, **changes: str(finding(*args, **changes).verdict)
