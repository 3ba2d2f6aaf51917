"""System checks of the history."""

from tests.support.checks import findings


class Elsewhere:
    """The project keeps the history in another database than the sessions."""

    def allow_migrate(self, db, app_label, **hints):
        return False if app_label == "auth_sessions_activity" else None


def test_e040_the_history_is_in_another_database():
    router = f"{Elsewhere.__module__}.{Elsewhere.__qualname__}"
    assert findings(DATABASE_ROUTERS=[router]) == ["auth_sessions.E040"]
    assert findings() == []


def test_w040_no_address_is_shortened_in_time():
    assert findings(AUTH_SESSIONS_ACTIVITY_DAYS=30) == ["auth_sessions.W040"]
    assert findings(AUTH_SESSIONS_ACTIVITY_DAYS=31) == []
    assert findings(AUTH_SESSIONS_ACTIVITY_DAYS=7, AUTH_SESSIONS_IP_RETENTION_DAYS=None) == []
