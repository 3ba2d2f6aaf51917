"""What a project uses of a hand-over, for type checkers alone: see ``consumer.py``."""

from __future__ import annotations

from typing import assert_type

from django.http import HttpRequest

from auth_sessions import api, exceptions, serializers, views
from auth_sessions.models import Session
from auth_sessions.pages import hand_over as pages


def call(request: HttpRequest, session: Session) -> None:
    assert_type(api.create_hand_over(session, next_url="/account/"), str)
    assert_type((api.get_hand_over("x"), api.redeem_hand_over(request, "x")), tuple[api.HandOver, Session])


async def call_async(request: HttpRequest, session: Session) -> None:
    assert_type(await api.aget_hand_over(await api.acreate_hand_over(session, next_url="/account/")), api.HandOver)
    assert_type(await api.aredeem_hand_over(request, "code"), Session)


CODES: list[type[exceptions.AuthSessionsError]] = [exceptions.HandOverNotValid, exceptions.HandOverRefused]


class HandOver(views.HandOverView):
    serializer_class = serializers.HandOverSerializer


PAGE: type[pages.HandOverView] = pages.HandOverView
