"""What came of an action, told on the next page: by ``django.contrib.messages``, or without it by the session."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

KEY = "_auth_sessions_told"


def tell(request: HttpRequest, text: str) -> None:
    """Have the next page say this."""
    if _has_messages(request):
        messages.success(request, text)
    else:
        request.session[KEY] = [*request.session.get(KEY, []), text]


def told(request: HttpRequest) -> Iterable[Any]:
    """What there is to say, said once."""
    return messages.get_messages(request) if _has_messages(request) else request.session.pop(KEY, [])


def _has_messages(request: HttpRequest) -> bool:
    return hasattr(request, "_messages")
