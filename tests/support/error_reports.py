"""What sentry-sdk sends of a request that fails, at its defaults, through a transport of the tests."""

import json
import re
from contextlib import contextmanager
from urllib.parse import urlencode

import sentry_sdk
from django.core.handlers.wsgi import WSGIHandler
from django.db.models.signals import post_init
from django.test import RequestFactory
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.transport import Transport

from auth_sessions.models import RefreshToken
from tests.support.rest import FORM


class Reports(Transport):
    """Keeps each event as the JSON that would be sent."""

    def __init__(self, options=None):
        super().__init__(options)
        self.sent = []

    def capture_envelope(self, envelope):
        self.sent += [item.payload.get_bytes().decode() for item in envelope.items if item.type == "event"]

    @property
    def exceptions(self):
        """The types of the exceptions reported."""
        events = [json.loads(text) for text in self.sent]
        values = [event.get("exception", {}).get("values", []) for event in events]
        return {value["type"] for each in values for value in each}


def start(**options):
    reports = Reports()
    sentry_sdk.init(
        dsn="https://key@sentry.invalid/1",
        transport=reports,
        integrations=[DjangoIntegration()],
        auto_enabling_integrations=False,  # of other packages, which no request of these tests uses
        **options,
    )
    return reports


def stop():
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


def send(method, path, body=None, *, form=None, access=None, **headers):
    """A request through Django's WSGI handler, as a server makes it. Returns the status, and the body as text."""
    if access is not None:
        headers["HTTP_AUTHORIZATION"] = f"Bearer {access}"
    factory = RequestFactory(**headers)
    if form is not None:
        environ = factory.generic(method, path, urlencode(form), content_type=FORM).environ
    else:
        environ = factory.generic(method, path, json.dumps(body or {}), content_type="application/json").environ
    answer = []
    response = WSGIHandler()(environ, lambda status, *rest: answer.append(status))
    text = b"".join(response).decode()
    response.close()
    return int(answer[0].split()[0]), text


def shown(secret):
    """A part of the bytes as a report would write them, in JSON: without quotation marks, which may be escaped."""
    parts = re.split("[\"']", repr(bytes(secret))[2:-1])
    return max(parts, key=len).replace("\\", "\\\\")


@contextmanager
def made_meanwhile():
    """The refresh tokens, also those whose rows are not stored in the end."""
    tokens = []

    def keep(instance, **kwargs):
        tokens.append(instance)

    post_init.connect(keep, RefreshToken)
    try:
        yield tokens
    finally:
        post_init.disconnect(keep, RefreshToken)
