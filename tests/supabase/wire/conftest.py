import pytest

from tests.support.supabase import VERSION


@pytest.fixture(params=[None, VERSION], ids=["legacy", "versioned"])
def version(request):
    """A device asks for either of the two shapes."""
    return request.param
