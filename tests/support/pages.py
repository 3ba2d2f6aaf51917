"""The page "Your devices": its addresses, and what a user reads there."""

import re
import uuid
from datetime import timedelta
from html import unescape

from django.utils import timezone

from auth_sessions.models import Session

LIST = "/account/devices/"
HEBREW = "\u05d8\u05dc"
ISOLATES = dict.fromkeys(map(ord, "\u2068\u2069"))
OTHERS = "/account/devices/others/sign-out/"
EVERYWHERE = "/account/devices/everywhere/sign-out/"
SIGNED_OUT = "/account/signed-out/"
SIGNED_OUT_EVERYWHERE = "/account/signed-out/everywhere/"
PROOF = "/account/reauthenticate/?acr_values=mfa"
"""It asks also where the sign-in is fresh."""
NOBODY = uuid.UUID(int=0)
STALE = timedelta(minutes=11)

SIGNATURES_ONLY = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"]}


def sign_out_path(device):
    return f"/account/devices/{device.session_id}/sign-out/"


def name_path(device):
    return f"/account/devices/{device.session_id}/name/"


def text(response, status=200):
    """What a user reads, or hears."""
    assert response.status_code == status, response
    shown = re.sub(r"<(title|svg).*?</\1>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", shown)).translate(ISOLATES).split())


def message_after(browser, response):
    """What the list says after an action that led there."""
    assert response.status_code == 302, text(response)
    assert response.url == LIST
    page = browser.page(LIST).content.decode().translate(ISOLATES)
    return re.search(r'role="status">(.*?)</div>', page, re.DOTALL)[1]


def headings(response):
    found = re.findall(r"<h2>(.*?)</h2>", response.content.decode())
    return [" ".join(unescape(re.sub("<[^>]*>", "", each)).split()) for each in found]


def make_sign_in_old(device, using=None):
    Session.objects.using(using).filter(pk=device.session_id).update(authenticated_at=timezone.now() - STALE)


def all_pages(office_browser, iphone):
    return [
        LIST,
        OTHERS,
        EVERYWHERE,
        sign_out_path(iphone),
        sign_out_path(office_browser),
        name_path(iphone),
        name_path(office_browser),
        PROOF,
        SIGNED_OUT,
    ]
