import pytest

from tests.support.supabase import VERSION


@pytest.fixture(params=[pytest.param(None, marks=pytest.mark.slow, id="legacy"), pytest.param(VERSION, id="versioned")])
def version(request):
    """A device asks for either of the two shapes."""
    return request.param
