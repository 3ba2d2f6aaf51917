"""The result of an action, for the next page: kept by ``django.contrib.messages``, or else in Django's session."""

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

KEY = "_auth_sessions_messages"


def add_message(request: HttpRequest, text: str) -> None:
    """Show a text on the next page."""
    try:
        messages.success(request, text)
    except messages.MessageFailure:
        request.session[KEY] = [*request.session.get(KEY, []), text]


def get_messages(request: HttpRequest) -> list[Message]:
    """The messages to show, including those of other apps with their levels. Each is returned once."""
    own = [Message(messages.SUCCESS, text) for text in request.session.pop(KEY, [])]
    return [*messages.get_messages(request), *own]
