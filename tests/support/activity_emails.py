"""E-mails about what happened: what causes one, and what its reader gets."""

import re
from email import policy
from email.parser import BytesParser

from django.contrib.auth import get_user_model
from django.core import mail

from tests.support.device import Device

KINDS = ["refresh_token_reused", "new_device", "session_moved"]
REUSED, NEW, MOVED = (
    "A copy of your sign-in was used",
    "New sign-in to your account",
    "Your sign-in is used on another device",
)

UBUNTU = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:148.0) Gecko/20100101 Firefox/148.0"
ANDROID = "Mozilla/5.0 (Android 16; Mobile; rv:148.0) Gecko/148.0 Firefox/148.0"
ISOLATES = dict.fromkeys(map(ord, "\u2068\u2069"))


def has_address():
    """Whether the user model has a field for e-mail addresses."""
    return any(field.name == "email" for field in get_user_model()._meta.concrete_fields)


def copy_of(device, user_agent=UBUNTU):
    """A thief with the device's refresh token, on another device."""
    thief = Device(user_agent)
    thief.refresh_token = device.refresh_token
    return thief


def steal(clock, device):
    """A copy of the device's token is refreshed and used, then the device presents its own: the session ends."""
    thief = copy_of(device)
    assert thief.refresh().status_code == 200
    clock.shift(12)
    assert thief.me().status_code == 200
    assert device.refresh().status_code == 401
    return thief


def sent(subject=None):
    """The messages that were sent, or those with this subject."""
    return [each for each in mail.outbox if subject in (None, each.subject)]


def parts(message):
    """The subject, the text and the HTML of a message, as its reader gets them."""
    received = BytesParser(policy=policy.default).parsebytes(message.message().as_bytes())
    assert received.get_content_type() == "multipart/alternative"
    text, html = received.iter_parts()
    assert [text.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    return received["Subject"], text.get_content().translate(ISOLATES), html.get_content().translate(ISOLATES)


def addresses(text):
    """Everything that a part leads to or loads."""
    return set(re.findall(r"\b\w+://[^\s\"'<>)]+", text))
