import pytest

from tests.support.simplejwt import Client, old_refresh_token


@pytest.fixture(autouse=True)
def _project(settings):
    """It has come from simplejwt."""
    settings.ROOT_URLCONF = "tests.host.simplejwt_urls"


@pytest.fixture
def old_token(ada):
    return old_refresh_token(ada)


@pytest.fixture
def client_of_ada(old_token):
    """A client that has signed in before the change."""
    return Client().holding(old_token)
