"""Where a person in a browser is led to prove their identity again, and how they come back.

A browser that a middleware (a proxy) logs in at each request is sent to the same page once more, so that it brings the
cookie of that login.
"""

from datetime import timedelta
from typing import Self
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.shortcuts import resolve_url
from django.utils.http import escape_leading_slashes, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from auth_sessions.conf import conf
from auth_sessions.core.freshness import SHORTEST, Requirement
from auth_sessions.moments import LONGEST
from auth_sessions.paths import path_of

PAGE = "auth_sessions_pages:reauthenticate"

RETURNED = "auth_sessions_returned"
"""The last parameter of an address to which a browser was sent for its cookie: it is not sent there again."""

READING = frozenset({"GET", "HEAD"})


class AskedRequirement(Requirement):
    """A requirement in the query of a URL, by the names of OpenID Connect: ``max_age`` and ``acr_values``.

    The page needs it to ask for enough. It decides nothing: the view that a person comes back to asks again.
    """

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        """What the query says; the usual requirement in place of what cannot be read."""
        try:
            max_age = timedelta(seconds=int(str(query["max_age"])))
        except (KeyError, ValueError, OverflowError):
            max_age = None
        if max_age is not None and not SHORTEST <= max_age < LONGEST:
            max_age = None
        return cls(max_age, tuple(query.get("acr_values", "").split()))


def get_own_url(next_url: str, requirement: Requirement) -> str | None:
    """The project's own page (``AUTH_SESSIONS_REAUTHENTICATION_URL``), if it has one."""
    own = conf.AUTH_SESSIONS_REAUTHENTICATION_URL
    return None if own is None else _with_query(resolve_url(own), next_url, requirement)


def get_url(next_url: str, requirement: Requirement) -> str | None:
    """The project's own page, else that of the app; None if neither is there."""
    if own := get_own_url(next_url, requirement):
        return own
    page = path_of(PAGE)
    return _with_query(page, next_url, requirement) if page else None


def _with_query(url: str, next_url: str, requirement: Requirement) -> str:
    query = {REDIRECT_FIELD_NAME: next_url}
    if requirement.age is not None:
        query["max_age"] = str(int(requirement.age.total_seconds()))
    if requirement.methods:
        query["acr_values"] = " ".join(requirement.methods)
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query, safe='/')}"


def get_way_back(request: HttpRequest) -> str:
    """Where a person comes back to: the page that they asked for, or the one whose form they sent."""
    path = escape_leading_slashes(request.get_full_path())  # "//host" would be another site
    if request.method in READING:
        return path
    return safe_url(request, request.headers.get("Referer", "")) or path


def fetch_cookie(request: HttpRequest) -> HttpResponseRedirect:
    """Let a browser come back with the cookie of the login that a middleware has made at this request.

    Raises ``PermissionDenied`` if it has come back without one: a client that keeps no cookies would do so for ever.
    """
    back = get_way_back(request)
    if request.method not in READING:
        return HttpResponseRedirect(back)
    if RETURNED in request.GET:
        raise PermissionDenied(_("Your browser has not kept the cookie of your sign-in. Allow cookies, and try again."))
    return HttpResponseRedirect(f"{back}{'&' if '?' in back else '?'}{RETURNED}=1")


def leave_mark(request: HttpRequest) -> HttpResponseRedirect | None:
    """From the address to which :func:`fetch_cookie` has led, to the one that was asked for; None at any other."""
    if RETURNED not in request.GET or request.method not in READING:
        return None
    address = get_way_back(request)
    asked_for = address.removesuffix(f"{RETURNED}=1")
    return None if asked_for == address else HttpResponseRedirect(asked_for[:-1])


def safe_url(request: HttpRequest, url: str) -> str:
    """The URL if it is one of this site's, else "" (OWASP: unvalidated redirects)."""
    is_safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if is_safe else ""


def get_next(request: HttpRequest) -> str:
    """The URL in the query to which a person goes on, if it is safe; else ``LOGIN_REDIRECT_URL``, as after a login."""
    return safe_url(request, request.GET.get(REDIRECT_FIELD_NAME, "")) or resolve_url(settings.LOGIN_REDIRECT_URL)
