"""Requests as they are on the wire, and the shapes that the REST API promises for refusals."""

import json

from django.contrib.auth import get_user_model

from tests.support.device import code

USERNAME = get_user_model().USERNAME_FIELD
MEGABYTE = "x" * 1_000_000

NOT_VALID = (401, "token_not_valid")
NOBODY = (401, "not_authenticated")
BAD_HEADER = (401, "bad_authorization_header")

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"

ENDPOINTS = [("POST", "token/"), ("POST", "token/refresh/"), ("POST", "sign-out/"), ("PATCH", "sessions/{own}/")]
"""Those that read a body."""


def send(device, method, path, body=b"", content_type="application/json", **headers):
    """A request as it is on the wire; the body as bytes, or to be written as JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    headers = {**device.headers, **headers}
    return device.client.generic(method, f"/api/auth/{path}", body, content_type=content_type, **headers)


def shaped(response):
    """The status, once the answer is known to have the shape that goes with it."""
    assert 400 <= response.status_code < 500, (response.status_code, response.content[:500])
    assert response["Cache-Control"] == "no-store, private"
    body = response.json()
    if response.status_code == 401:
        assert response["WWW-Authenticate"].startswith("Bearer ")
        assert set(body) == {"detail", "code"}
        assert all(isinstance(value, str) and value for value in body.values())
    elif response.status_code == 400 and set(body) != {"detail"}:
        assert all(isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in body.values())
    else:
        assert set(body) == {"detail"}
        assert isinstance(body["detail"], str)
    assert len(response.content) < 1000, "what was sent comes back"
    return response.status_code


def refusal(response):
    shaped(response)
    return code(response)


def wrong_fields(response):
    assert shaped(response) == 400
    return set(response.json())
