import pytest
from django.apps import apps
from django.contrib.auth import get_user_model

from auth_sessions.activity import receivers
from auth_sessions.activity.models import Activity
from tests.support.activity_emails import has_address


@pytest.fixture(autouse=True)
def _with_history():
    receivers.connect()
    yield
    receivers.disconnect()


@pytest.fixture
def told():
    """What the history tells, oldest first: ``told()`` has the kinds, ``told("reason")`` other columns as well."""

    def read(*names):
        rows = Activity.objects.order_by("pk").values_list("kind", *names)
        return [row if names else row[0] for row in rows]

    return read


@pytest.fixture
def ada(make_user):
    """With an e-mail address, as every user has one whose user name is one."""
    is_given = has_address() and get_user_model().USERNAME_FIELD != "email"
    return make_user("ada", **({"email": "ada@example.org"} if is_given else {}))


@pytest.fixture
def emails(settings, monkeypatch):
    """The project wants every e-mail, and says which hosts it has, and which addresses its users."""
    settings.AUTH_SESSIONS_ACTIVITY_EMAILS = ["refresh_token_reused", "new_device", "session_moved"]
    settings.ALLOWED_HOSTS = ["testserver"]
    if not has_address():
        config = apps.get_app_config("auth_sessions_activity")
        monkeypatch.setattr(config, "get_email", lambda user: f"{user.get_username()}@example.org")
