"""Sessions whose last proof of identity is old, and the challenge that asks for another."""

import re
from datetime import timedelta

from django.utils import timezone

from auth_sessions.models import Session

STALE = timedelta(minutes=11)
CODE = "insufficient_user_authentication"


def make_stale(device, age=STALE, **changes):
    at = None if age is None else timezone.now() - age
    Session.objects.filter(pk=device.session_id).update(authenticated_at=at, **changes)
    return device


def row(device):
    return Session.objects.get(pk=device.session_id)


def challenge(response):
    """The parameters of ``WWW-Authenticate`` (RFC 9470, section 3), once they agree with the body."""
    assert response.status_code == 401, (response.status_code, response.content[:300])
    scheme, _, rest = response["WWW-Authenticate"].partition(" ")
    assert scheme == "Bearer"
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    assert rest == ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    assert rest.isascii()
    assert parameters["error"] == CODE
    body = response.json()
    assert body["code"] == CODE
    assert isinstance(body["detail"], str)
    assert body.get("max_age") == (int(parameters["max_age"]) if "max_age" in parameters else None)
    assert body.get("acr_values") == parameters.get("acr_values")
    assert set(body) <= {"detail", "code", "max_age", "acr_values"}
    return parameters
