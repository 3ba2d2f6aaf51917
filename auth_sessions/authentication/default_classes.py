"""The Bearer classes of the project, by which the app's own views find a token as well."""

from functools import cache
from typing import Any, cast

from rest_framework.settings import api_settings

from auth_sessions.authentication.bearer import SessionJWTAuthentication
from auth_sessions.authentication.cached import CachedSessionJWTAuthentication


def get_bearer_classes() -> tuple[type[SessionJWTAuthentication], ...]:
    """The classes by which the app's own views find a token, such as a project's own that reads it from a cookie.

    They are those of ``DEFAULT_AUTHENTICATION_CLASSES`` that derive from :class:`SessionJWTAuthentication`, or else
    that class. The app's views list and end sessions: they read the database also where those classes read a cache.
    """
    defaults = cast("list[Any]", api_settings.DEFAULT_AUTHENTICATION_CLASSES)
    derived = [each for each in defaults if isinstance(each, type) and issubclass(each, SessionJWTAuthentication)]
    return tuple(_without_cache(cast("Any", each)) for each in derived) or (SessionJWTAuthentication,)


@cache
def _without_cache(authentication: type[SessionJWTAuthentication]) -> type[SessionJWTAuthentication]:
    if not issubclass(authentication, CachedSessionJWTAuthentication):
        return authentication
    if authentication is CachedSessionJWTAuthentication:
        return SessionJWTAuthentication
    return type(
        authentication.__name__,
        (authentication,),
        {
            "uses_cache": False,
            "__module__": authentication.__module__,
            "__doc__": authentication.__doc__,
            "__wrapped__": authentication,
        },
    )
