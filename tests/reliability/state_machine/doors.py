"""The doors by which staff, commands and a project's code end sessions, and what a thief of keys can write."""

from io import StringIO

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection

from auth_sessions.models import RefreshToken, Session
from auth_sessions.tokens import SessionRefreshToken
from auth_sessions.tokens.keys import refresh_backend
from tests.host.models import PushDevice
from tests.support.ways_to_end import WAYS_TO_END


def by_sql(device, user, make_user):
    """No Python code of the app is told."""
    for model in (RefreshToken, PushDevice, Session):
        column = "id" if model is Session else "session_id"
        with connection.cursor() as cursor:
            key = device.session_id.replace("-", "") if connection.vendor == "sqlite" else device.session_id
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE {column} = %s", [key])


OF_A_PERSON = {"staff", "command", "sign_out()", "related manager", "end()"}
OF_A_SESSION = {"admin action", "admin delete", "session.delete()", "queryset.delete()"}
UNTOLD = {"SQL"}
DOORS = {name: way for name, (way, _) in WAYS_TO_END.items() if name in OF_A_PERSON | OF_A_SESSION} | {"SQL": by_sql}


def clean_up():
    call_command("clearauthsessions", stdout=StringIO())


def delete_user(user, by):
    if by == "delete()":
        user.delete()
    else:
        get_user_model().objects.filter(pk=user.pk).delete()


def forge(raw, *, generation):
    """A refresh token that ``SECRET_KEY`` has signed and no row has issued."""
    payload = SessionRefreshToken(raw).payload
    return refresh_backend(settings.SECRET_KEY).encode({**payload, "generation": generation, "jti": "0" * 64})
