"""What came of an action, shown on the next page: by ``django.contrib.messages``, or without it by Django's session."""

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

KEY = "_auth_sessions_messages"


def add_message(request: HttpRequest, text: str) -> None:
    """Show this on the next page."""
    try:
        messages.success(request, text)
    except messages.MessageFailure:
        request.session[KEY] = [*request.session.get(KEY, []), text]


def get_messages(request: HttpRequest) -> list[Message]:
    """What there is to show, once; also the messages of other apps, each with its level."""
    own = [Message(messages.SUCCESS, text) for text in request.session.pop(KEY, [])]
    return [*messages.get_messages(request), *own]
