"""Where an e-mail leads: the absolute address of the page that shows what happened.

The request that causes an e-mail may be a thief's. Its ``Host`` header is therefore used only where ``ALLOWED_HOSTS``
decides which hosts there are.
"""

import uuid
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.exceptions import DisallowedHost, ImproperlyConfigured, ObjectDoesNotExist
from django.http import HttpRequest

from auth_sessions.conf import conf
from auth_sessions.paths import path_of

PAGE = "auth_sessions_activity_pages:event"

EXAMPLE_ID = uuid.UUID(int=0)


def page_of(activity_id: uuid.UUID, *, request: HttpRequest | None) -> str:
    """The address of the page of one activity; "" if none can be built. It has no secret, and a GET changes nothing.

    It is ``AUTH_SESSIONS_ACTIVITY_URL``, in which ``{id}`` stands for the key of the activity. Without that setting it
    is this app's page, on the domain of ``django.contrib.sites``, or else on the host of the request.
    """
    if conf.AUTH_SESSIONS_ACTIVITY_URL is not None:
        return conf.AUTH_SESSIONS_ACTIVITY_URL.replace("{id}", str(activity_id))
    path = path_of(PAGE, activity_id)
    host = _host(request) if path else ""
    scheme = "https" if request is None else request.scheme
    return f"{scheme}://{host}{path}" if host else ""


def site_of(link: str) -> str:
    """The host that a link leads to, for a person to read."""
    return urlsplit(link).netloc


def trusts_any_host() -> bool:
    """Whether whoever sends a request decides the host of it."""
    return "*" in settings.ALLOWED_HOSTS


def _host(request: HttpRequest | None) -> str:
    try:
        if apps.is_installed("django.contrib.sites"):
            from django.contrib.sites.models import Site  # noqa: PLC0415 - a model of an app that few install

            domain: str = Site.objects.get_current(request).domain
            return domain
        return "" if request is None or trusts_any_host() else request.get_host()
    except (DisallowedHost, ImproperlyConfigured, ObjectDoesNotExist):
        return ""
