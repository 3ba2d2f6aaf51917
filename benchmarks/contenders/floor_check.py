"""The floor's check of an access token: one statement. Apart from the views, since these ask for it at import."""

import uuid
from typing import Any

import jwt
from django.conf import settings
from django.db import connection
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

FIND = """
SELECT s.user_id FROM floor_session s JOIN auth_user u ON u.id = s.user_id
WHERE s.id = %s AND s.expires_at > %s AND u.is_active
"""


def rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def key(value: str) -> Any:
    """An id as the database's driver takes it."""
    return value if connection.vendor == "postgresql" else uuid.UUID(value).hex


def read(token: Any, kind: str) -> dict[str, Any]:
    try:
        claims = jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise AuthenticationFailed from error
    if claims.get("kind") != kind:
        raise AuthenticationFailed
    return claims


class Person:
    """What a view asks of ``request.user``."""

    is_authenticated = True

    def __init__(self, pk: int) -> None:
        self.pk = pk


class Authentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Person, dict[str, Any]] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme != "Bearer":
            return None
        claims = read(token, "access")
        found = rows(FIND, key(claims["session_id"]), timezone.now())
        if not found:
            raise AuthenticationFailed
        return Person(found[0][0]), claims

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
