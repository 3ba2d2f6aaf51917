"""The authentication classes as security schemes: Bearer under simplejwt's name, and Django's cookie."""

from __future__ import annotations

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class SharedScheme(OpenApiAuthenticationExtension):
    """One scheme for a class and its subclasses. An extension of the project's for a subclass comes first."""

    match_subclasses = True
    priority = -1

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[Any]] | list[dict[str, list[Any]]]:
        """The requirement. Without the override drf-spectacular warns of two classes with one scheme."""
        set_override(type(self.target), "suppress_collision_warning", True)
        return super().get_security_requirement(auto_schema)


class SessionJWTScheme(SharedScheme, SimpleJWTScheme):
    """``jwtAuth``, as for simplejwt's own class."""

    target_class = "auth_sessions.authentication.SessionJWTAuthentication"


class BrowserSessionScheme(SharedScheme, SessionScheme):
    """``cookieAuth``, as for DRF's own class."""

    target_class = "auth_sessions.authentication.BrowserSessionAuthentication"
