"""Words and languages, and the frame of the project."""

import re
import shutil
import subprocess
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import trans_real

from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD
from tests.support.pages import (
    EVERYWHERE,
    LIST,
    OTHERS,
    SIGNATURES_ONLY,
    SIGNED_OUT,
    STALE,
    all_pages,
    message_after,
    name_path,
    sign_out_path,
    text,
)


def test_the_project_s_frame(office_browser, settings):
    """One template with a block named ``content``."""
    frame = {"auth_sessions/base.html": "<h1>Ours</h1>{% block content %}{% endblock %}"}
    loaders = ["django.template.loaders.locmem.Loader", frame], "django.template.loaders.app_directories.Loader"
    [engine] = settings.TEMPLATES
    options = {**engine["OPTIONS"], "loaders": loaders}
    settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": options}]
    for path in (LIST, EVERYWHERE, sign_out_path(office_browser), name_path(office_browser)):
        assert text(office_browser.page(path)).startswith("Ours ")


NEVER = re.compile(r"session|token|revoke|log ?in|log ?out|sitzung", re.IGNORECASE)


@pytest.mark.parametrize("language", ["en", "de"])
def test_words_for_users(office_browser, iphone, settings, language):
    settings.LANGUAGE_CODE = language
    settings.REST_FRAMEWORK = SIGNATURES_ONLY
    for age in (STALE, timedelta(0)):
        Session.objects.update(authenticated_at=timezone.now() - age)
        for path in all_pages(office_browser, iphone)[:-1]:
            assert not NEVER.search(text(office_browser.page(path)))
    assert not NEVER.search(text(Browser().page(SIGNED_OUT)))


def test_german(clock, office_browser, iphone, settings):
    settings.LANGUAGE_CODE = "de"
    clock.shift(timedelta(days=2))
    Session.objects.filter(pk=office_browser.session_id).update(last_seen_at=timezone.now())
    page = office_browser.page(LIST)
    assert 'lang="de" dir="ltr"' in page.content.decode()
    assert "Ihre Geräte" in text(page)
    assert "Von 1 anderen Gerät abmelden" in text(page)
    assert "Zuletzt benutzt vor 2 Tagen App · Angemeldet am 24. November 2026 12:00 · Passwort" in text(page)
    assert "Gerade aktiv" in text(page)
    assert "Zeigen Sie mit Ihrem Passwort" in text(office_browser.page(OTHERS))
    assert "Dieses Passwort wurde nicht angenommen." in text(office_browser.submit(OTHERS, {"password": "x"}))
    assert "Von 1 anderen Gerät abgemeldet." in message_after(
        office_browser, office_browser.submit(OTHERS, {"password": PASSWORD})
    )


@pytest.mark.parametrize(("asked", "shown"), [("de-at", "de-at"), ("en-gb", "en-gb"), ("he", "en")])
def test_the_page_says_which_language_it_is_in(clock, office_browser, settings, asked, shown):
    """A language without a translation gets all of it in English, and left to right."""
    settings.LANGUAGE_CODE = asked
    page = office_browser.page(LIST).content.decode()
    assert f'<html lang="{shown}" dir="ltr">' in page
    assert f'<div class="auth-sessions" lang="{shown}" dir="ltr">' in page
    assert ("Nov. 24, 2026, noon" in page) == (asked == "he")


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="GNU gettext is not installed")
def test_a_translation_of_the_project_s(office_browser, settings, tmp_path):
    """It names its language, and so the direction of writing."""
    catalogue = tmp_path / "he" / "LC_MESSAGES" / "django.po"
    catalogue.parent.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    marker = 'msgctxt "the code of the language that you translate to"\nmsgid "en"\nmsgstr "he"\n'
    catalogue.write_text(header + marker)
    subprocess.run(["msgfmt", "-o", catalogue.with_suffix(".mo"), catalogue], check=True)
    settings.LOCALE_PATHS, settings.LANGUAGE_CODE = [tmp_path], "he"
    trans_real._translations.pop("he", None)
    try:
        assert '<html lang="he" dir="rtl">' in office_browser.page(LIST).content.decode()
    finally:
        trans_real._translations.pop("he", None)
