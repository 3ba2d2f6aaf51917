import pytest

from auth_sessions.contrib.simplejwt.models import RefusedTokens
from tests.support.device import Device
from tests.support.simplejwt import STRIPPED, Client, old_refresh_token


@pytest.fixture(autouse=True)
def _project(settings):
    """It comes from simplejwt."""
    settings.AUTH_SESSIONS_SIMPLEJWT_UNTIL = None
    settings.ROOT_URLCONF = "tests.host.simplejwt_urls"


@pytest.fixture
def ada(make_user):
    """Her password has no spaces around it."""
    user = make_user("ada")
    user.set_password(STRIPPED)
    user.save()
    RefusedTokens.objects.all().delete()
    return user


@pytest.fixture
def laptop(ada):
    return Device().sign_in(ada, STRIPPED)


@pytest.fixture
def old_token(ada):
    return old_refresh_token(ada)


@pytest.fixture
def client_of_ada(old_token):
    """A client that has signed in before the change."""
    return Client().holding(old_token)
