"""Words and languages, and the frame of the project."""

import re
import shutil
import subprocess
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import trans_real

from auth_sessions.core.creation import create_session
from auth_sessions.core.people import known_name
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.catalogues import CODES
from tests.support.device import PASSWORD
from tests.support.inputs import each
from tests.support.many import multiply
from tests.support.pages import (
    EVERYWHERE,
    ISOLATES,
    LIST,
    NOBODY,
    OTHERS,
    SIGNATURES_ONLY,
    SIGNED_OUT,
    SIGNED_OUT_EVERYWHERE,
    all_pages,
    make_sign_in_old,
    message_after,
    name_path,
    sign_out_path,
    text,
)

pytestmark = pytest.mark.any_database


def test_the_project_s_frame(office_browser, settings):
    """One template with a block named ``content``."""
    frame = {"auth_sessions/base.html": "<h1>Ours</h1>{% block content %}{% endblock %}"}
    loaders = ["django.template.loaders.locmem.Loader", frame], "django.template.loaders.app_directories.Loader"
    [engine] = settings.TEMPLATES
    options = {**engine["OPTIONS"], "loaders": loaders}
    settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": options}]
    for path in (LIST, EVERYWHERE, sign_out_path(office_browser), name_path(office_browser)):
        assert text(office_browser.page(path)).startswith("Ours ")


NEVER = {
    "ar": "جلس|رمز الوصول|رمز التحديث|إلغاء الجلس",
    "de": "sitzung|session|token|log-?in|log-?out",
    "en": "session|token|revoke|log ?in|log ?out",
    "es": "token|revoca",  # "iniciar sesión" and "cerrar sesión" are to sign in and out
    "fr": "session|jeton|token|révo",
    "it": "session|token|revoc|log ?in|log ?out",
    "ja": "セッション|トークン|無効",
    "nl": "sessie|token|intrek|inlog|uitlog",
    "pl": "sesj|token|unieważ",
    "pt-br": "token|revog|log ?in|log ?out",
    "zh-hans": "会话|令牌|撤销|注销",
}
"""Words that no page says to a person."""

SAME_AS_IN_ENGLISH = {"de": {"Details", "Name"}, "it": {"Password"}, "nl": {"Details"}}


def texts(response, language):
    """Each text of a page by itself, the titles of fields among them. It says which language it is in."""
    page = response.content.decode().translate(ISOLATES)
    direction = "rtl" if language == "ar" else "ltr"
    assert re.findall(r'lang="[^"]*" dir="[^"]*"', page) == [f'lang="{language}" dir="{direction}"'] * 2
    found = [*re.split(r"<[^>]*>", page), *re.findall(r'placeholder="([^"]*)"', page)]
    shown = {" ".join(unescape(part).split()).strip(" ·") for part in found}
    return {part for part in shown if re.search(r"[^\W\d_]", part)}


def all_texts(browser, iphone, language):
    """What is read on all pages, after the password and before it, and where something is refused or was done."""
    Session.objects.update(authenticated_at=timezone.now())
    shown = set().union(*(texts(browser.page(path), language) for path in all_pages(browser, iphone)[:-1]))
    make_sign_in_old(browser)
    for response in (
        Browser().page(SIGNED_OUT),
        Browser().page(SIGNED_OUT_EVERYWHERE),
        browser.submit(OTHERS, {"password": ""}),
        browser.submit(OTHERS, {"password": "x"}),
        browser.submit(name_path(iphone), {"name": "x" * 101}),
    ):
        shown |= texts(response, language)
    for path in (name_path(iphone), f"/account/devices/{NOBODY}/sign-out/"):
        assert browser.submit(path, {"name": ""}).url == LIST
    return shown | texts(browser.page(LIST), language)


@pytest.mark.parametrize(
    "language", [code if code in {"ar", "de", "en"} else pytest.param(code, marks=pytest.mark.slow) for code in NEVER]
)
def test_words_for_users(ada, office_browser, iphone, settings, language):
    """No technical terms, and nothing that is left in English."""
    settings.REST_FRAMEWORK = SIGNATURES_ONLY
    settings.LANGUAGE_CODE = language
    shown = all_texts(office_browser, iphone, language)
    assert len(shown) > 40
    assert {found for found in shown if re.search(NEVER[language], found, re.IGNORECASE)} == set()
    if language != "en":
        settings.LANGUAGE_CODE = "en"
        english = all_texts(office_browser, iphone, "en")
        assert shown & english == {known_name(ada), *SAME_AS_IN_ENGLISH.get(language, ())}


@each("language", CODES)
def test_dates_are_written_as_the_language_does(clock, office_browser, settings, language):
    settings.LANGUAGE_CODE = language
    with translation.override(language):
        moment = date_format(timezone.now(), "DATETIME_FORMAT")
    assert text(office_browser.page(LIST)).count(moment) == 2  # signed in, and last used
    assert "Nov. 24" not in moment


@pytest.mark.slow
def test_numbers_are_written_as_the_language_does(ada, office_browser, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    multiply(create_session(ada), 998)
    for language, total in {"en": "1,000", "de": "1.000", "fr": "1 000"}.items():
        settings.LANGUAGE_CODE = language
        assert total in text(office_browser.page(LIST))
    assert "Les 1 000 appareils" in text(office_browser.page(EVERYWHERE))
    create_session(ada)
    assert "1 000 autres" in text(office_browser.page(OTHERS))
    assert "1 000 autres" in " ".join(message_after(office_browser, office_browser.submit(OTHERS)).split())


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


@pytest.mark.parametrize(("asked", "shown"), [("de-at", "de-at"), ("en-gb", "en-gb"), ("he", "en"), ("pt", "en")])
def test_the_page_says_which_language_it_is_in(clock, office_browser, settings, asked, shown):
    """A language without a translation gets all of it in English, and left to right."""
    settings.LANGUAGE_CODE = asked
    page = office_browser.page(LIST).content.decode()
    assert f'<html lang="{shown}" dir="ltr">' in page
    assert f'<div class="auth-sessions" lang="{shown}" dir="ltr">' in page
    assert ("Nov. 24, 2026, noon" in page) == (shown == "en")


@pytest.mark.parametrize(("default", "asked"), [("pt-br", "pt"), ("zh-hans", "zh-hant")])
def test_a_relative_of_the_language_is_not_taken_for_it(office_browser, settings, default, asked):
    """The texts fall back to the project's language."""
    settings.LANGUAGE_CODE = default
    trans_real._translations.pop(asked, None)
    try:
        with translation.override(asked):
            assert f'<html lang="{default}" dir="ltr">' in office_browser.page(LIST).content.decode()
    finally:
        trans_real._translations.pop(asked, None)


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
