"""What came of an action, told on the next page: by ``django.contrib.messages``, or without it by the session."""

from collections.abc import Iterable

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

KEY = "_auth_sessions_told"


def tell(request: HttpRequest, text: str) -> None:
    """Have the next page say this."""
    if _has_messages(request):
        messages.success(request, text)
    else:
        request.session[KEY] = [*request.session.get(KEY, []), text]


def told(request: HttpRequest) -> Iterable[Message]:
    """What there is to say, said once; also what other apps have to say, with the level of each."""
    if _has_messages(request):
        return messages.get_messages(request)
    return [Message(messages.SUCCESS, text) for text in request.session.pop(KEY, [])]


def _has_messages(request: HttpRequest) -> bool:
    return hasattr(request, "_messages")
