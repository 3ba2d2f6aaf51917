"""The least that is correct: raw SQL, PyJWT and bare views, with one row for each session.

It refuses a signed-out session at once, rotates the refresh token in one statement, and destroys by one. It has no
signals, no serializers, no limits, no reuse detection, no idle timeout, no devices and no pages.
"""

import time
import uuid
from datetime import timedelta
from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.db import connection
from django.urls import path
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.contenders.base import OwnFace, WhoView
from benchmarks.contenders.floor_check import key, read, rows

TABLE = """
CREATE TABLE IF NOT EXISTS floor_session (
    id {uuid} PRIMARY KEY,
    user_id integer NOT NULL REFERENCES auth_user (id),
    generation integer NOT NULL,
    created_at {time} NOT NULL,
    last_seen_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    user_agent varchar(400) NOT NULL
)
"""
ROTATE = """
UPDATE floor_session SET generation = generation + 1, last_seen_at = %s FROM auth_user u
WHERE floor_session.id = %s AND generation = %s AND expires_at > %s AND u.id = user_id AND u.is_active
RETURNING user_id
"""
INSERT = "INSERT INTO floor_session VALUES (%s, %s, %s, %s, %s, %s, %s)"
LIST = """
SELECT id, user_agent, created_at, last_seen_at, expires_at FROM floor_session
WHERE user_id = %s AND expires_at > %s ORDER BY last_seen_at DESC
"""
COLUMNS = ("id", "user_agent", "created_at", "last_seen_at", "expires_at")
LIFETIME = timedelta(days=30)


def sign(**claims: Any) -> str:
    return jwt.encode({**claims, "exp": int(time.time()) + 86_400}, settings.SECRET_KEY, algorithm="HS256")


def pair(session_id: str, user_id: int, generation: int) -> dict[str, str]:
    return {
        "access": sign(kind="access", session_id=session_id, user_id=user_id, jti=uuid.uuid4().hex),
        "refresh": sign(kind="refresh", session_id=session_id, generation=generation),
    }


class SignInView(APIView):
    authentication_classes = ()

    def post(self, request: Request) -> Response:
        sql = "SELECT id, password FROM auth_user WHERE username = %s AND is_active"
        found = rows(sql, request.data["username"])
        if not found or not check_password(request.data["password"], found[0][1]):
            raise AuthenticationFailed
        user_id, now, session_id = found[0][0], timezone.now(), str(uuid.uuid4())
        agent = request.META.get("HTTP_USER_AGENT", "")
        rows(INSERT, key(session_id), user_id, 0, now, now, now + LIFETIME, agent[:400])
        rows("UPDATE auth_user SET last_login = %s WHERE id = %s", now, user_id)
        return Response(pair(session_id, user_id, 0))


class RefreshView(APIView):
    authentication_classes = ()

    def post(self, request: Request) -> Response:
        claims = read(request.data["refresh"], "refresh")
        now = timezone.now()
        found = rows(ROTATE, now, key(claims["session_id"]), claims["generation"], now)
        if not found:
            raise AuthenticationFailed
        return Response(pair(claims["session_id"], found[0][0], claims["generation"] + 1))


class SessionsView(APIView):
    def get(self, request: Request) -> Response:
        found = rows(LIST, request.user.pk, timezone.now())
        return Response([dict(zip(COLUMNS, row, strict=True)) for row in found])


class SignOutView(APIView):
    def post(self, request: Request) -> Response:
        here, scope = key(request.auth["session_id"]), request.data.get("scope", "global")
        if scope == "local":
            rows("DELETE FROM floor_session WHERE id = %s", here)
        elif scope == "others":
            rows("DELETE FROM floor_session WHERE user_id = %s AND id <> %s", request.user.pk, here)
        else:
            rows("DELETE FROM floor_session WHERE user_id = %s", request.user.pk)
        return Response(status=204)


urlpatterns = [
    path("who/", WhoView.as_view()),
    path("token/", SignInView.as_view()),
    path("token/refresh/", RefreshView.as_view()),
    path("sessions/", SessionsView.as_view()),
    path("sign-out/", SignOutView.as_view()),
]


class Floor(OwnFace):
    def set_up(self) -> None:
        types = {"uuid": "uuid", "time": "timestamptz"} if connection.vendor == "postgresql" else {}
        rows(TABLE.format(**{"uuid": "char(32)", "time": "datetime", **types}))
        rows("CREATE INDEX IF NOT EXISTS floor_session_user ON floor_session (user_id)")

    def add_sessions(self, user: User, number: int) -> None:
        now = timezone.now()
        added = [
            (key(str(uuid.uuid4())), user.pk, 0, now, now, now + LIFETIME, "Mozilla/5.0 (X11; Linux x86_64)")
            for _ in range(number)
        ]
        with connection.cursor() as cursor:
            cursor.executemany(INSERT, added)


contender = Floor()
