"""Every string for users is there in German, and what is shipped is what was translated."""

import gettext
import re
import shutil
import subprocess

import pytest
from django.core.management import call_command
from django.utils import translation

from tests.support.paths import ROOT

LOCALE = ROOT / "auth_sessions" / "locale"
CATALOGUE = "de/LC_MESSAGES/django"

needs_gettext = pytest.mark.skipif(shutil.which("xgettext") is None, reason="GNU gettext is not installed")


def messages(catalogue):
    """The texts with their translations: all that is not the header."""
    entries = catalogue.read_text().split("\n\n")[1:]
    return {re.sub(r"(?m)^#.*\n", "", entry).strip() for entry in entries}


def compiled(catalogue):
    with catalogue.open("rb") as file:
        return gettext.GNUTranslations(file)._catalog


def test_the_catalogue_is_used():
    with translation.override("de"):
        assert translation.gettext("Your devices") == "Ihre Geräte"


def test_nothing_is_left_open():
    assert not [entry for entry in messages(LOCALE / f"{CATALOGUE}.po") if re.search(r'msgstr(\[\d\])? ""', entry)]
    assert "fuzzy" not in (LOCALE / f"{CATALOGUE}.po").read_text()


@needs_gettext
def test_every_string_is_in_the_catalogue(tmp_path, monkeypatch):
    copy = tmp_path / "auth_sessions"
    shutil.copytree(ROOT / "auth_sessions", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(copy)
    call_command("makemessages", locale=["de"], no_location=True, no_wrap=True, no_obsolete=True, verbosity=0)
    assert messages(copy / "locale" / f"{CATALOGUE}.po") == messages(LOCALE / f"{CATALOGUE}.po")


@needs_gettext
def test_the_compiled_catalogue_is_that_one(tmp_path):
    command = ["msgfmt", "--check-format", "--output-file", tmp_path / "django.mo", LOCALE / f"{CATALOGUE}.po"]
    subprocess.run(command, check=True)
    assert compiled(tmp_path / "django.mo") == compiled(LOCALE / f"{CATALOGUE}.mo")
