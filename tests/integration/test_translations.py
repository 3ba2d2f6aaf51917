"""Every text is there in every language, and what is shipped is what was translated."""

import gettext
import shutil
import subprocess
import tomllib

import pytest
from django.core.management import call_command
from django.utils import translation

from auth_sessions.activity.choices import ActivityKind
from auth_sessions.choices import EndReason
from tests.support.catalogues import LANGUAGES, LOCALE, faults_of, path_of, read
from tests.support.inputs import each
from tests.support.paths import ROOT

needs_gettext = pytest.mark.skipif(shutil.which("xgettext") is None, reason="GNU gettext is not installed")
in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def compiled(catalogue):
    with catalogue.open("rb") as file:
        return gettext.GNUTranslations(file)._catalog


def test_the_languages_are_those_of_the_package():
    assert {path.name for path in LOCALE.iterdir()} == set(LANGUAGES)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = {name.split(" :: ")[1] for name in project["classifiers"] if name.startswith("Natural Language :: ")}
    assert found == {"English", *LANGUAGES.values()}


@each(
    ("language", "title"),
    [("de", "Ihre Geräte"), ("pt-br", "Seus dispositivos"), ("zh-hans", "您的设备"), ("en", "Your devices")],
)
def test_the_catalogue_is_used(language, title):
    with translation.override(language):
        assert translation.gettext("Your devices") == title


@in_each_language
def test_nothing_is_left_open(language):
    catalogue = read(path_of(language))
    assert len(catalogue.entries) > 200
    assert faults_of(catalogue) == []


def test_apostrophes_are_typographic():
    sources = {source for entry in read(path_of("de")).entries for source in (entry.source, entry.plural or "")}
    assert [source for source in sources if "'" in source] == []


def test_an_event_and_an_end_reason_are_two_words():
    with translation.override("de"):
        assert (ActivityKind.SIGNED_OUT.label, EndReason.SIGNED_OUT.label) == ("Abmeldung", "abgemeldet")


HEADER = 'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'


@each(
    ("entry", "fault"),
    {
        "none": ('msgid "%(count)s of %s {x}"\nmsgstr "{x} %s: %(count)s"', []),
        "no text": ('msgid "One"\nmsgstr ""', ["not translated"]),
        "a form without text": ('msgid "One"\nmsgid_plural "Ones"\nmsgstr[0] "Un"\nmsgstr[1] ""', ["not translated"]),
        "a form too few": ('msgid "One"\nmsgid_plural "Ones"\nmsgstr[0] "Un"', ["forms"]),
        "a form too many": ('msgid "One"\nmsgstr[0] "Un"\nmsgstr[1] "Uns"', ["forms"]),
        "fuzzy": ('#, fuzzy, python-format\nmsgid "One"\nmsgstr "Un"', ["fuzzy"]),
        "obsolete": ('#~ msgid "One"\n#~ msgstr "Un"', ["obsolete"]),
        "English": ('msgid "Only one"\nmsgstr "Only one"', ["left in English"]),
        "another name": ('msgid "%(device)s"\nmsgstr "%(name)s"', ["placeholders"]),
        "another type": ('msgid "%(count)s"\nmsgstr "%(count)d"', ["placeholders"]),
        "a name lost": ('msgid "%(a)s"\nmsgstr "A"', ["placeholders"]),
        "a name added": ('msgid "A"\nmsgstr "%(a)s"', ["placeholders"]),
        "a brace lost": ('msgid "{a}"\nmsgstr "A"', ["placeholders"]),
        "another position": ('msgid "%s %d"\nmsgstr "%d %s"', ["placeholders"]),
        "a tag lost": ('msgid "<bdi>A</bdi>"\nmsgstr "A"', ["placeholders"]),
        "a number lost, in a form for several": (
            'msgid "%(count)d"\nmsgid_plural "%(count)ds"\nmsgstr[0] "Un"\nmsgstr[1] "%(count)d"',
            ["placeholders"],
        ),
        "a number lost, in the other form": (
            'msgid "One"\nmsgid_plural "%(count)ds"\nmsgstr[0] "Un"\nmsgstr[1] "Uns"',
            ["placeholders"],
        ),
        "a number that the source leaves out, too": (
            'msgid "One"\nmsgid_plural "%(count)ds"\nmsgstr[0] "Un"\nmsgstr[1] "%(count)d"',
            [],
        ),
    },
)
def test_a_fault_is_found(tmp_path, entry, fault):
    path = tmp_path / "django.po"
    path.write_text(HEADER + entry + "\n")
    assert [kind for kind, _ in faults_of(read(path))] == fault


def test_what_begins_with_a_name_is_arabic_all_the_same():
    """Where a text stands by itself, its first letter decides in which direction its words are ordered."""
    translations = [each for entry in read(path_of("ar")).entries for each in entry.translations]
    assert [each for each in translations if each.startswith("%(")] == []
    assert [each for each in translations if each.startswith("\u200f%(")] != []


@pytest.fixture(scope="module")
def made_again(tmp_path_factory):
    """The folder of the translations after ``makemessages``."""
    copy = tmp_path_factory.mktemp("app") / "auth_sessions"
    shutil.copytree(ROOT / "auth_sessions", copy, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copy)
        call_command("makemessages", all=True, no_location=True, no_wrap=True, no_obsolete=True, verbosity=0)
    return copy / "locale"


@needs_gettext
@in_each_language
def test_every_text_is_in_the_catalogue(made_again, language):
    assert set(read(made_again / path_of(language).relative_to(LOCALE)).entries) == set(read(path_of(language)).entries)


@needs_gettext
@in_each_language
def test_the_compiled_catalogue_is_that_one(tmp_path, language):
    command = ["msgfmt", "--check-format", "--output-file", tmp_path / "django.mo", path_of(language)]
    subprocess.run(command, check=True)
    assert compiled(tmp_path / "django.mo") == compiled(path_of(language, "mo"))


@each(
    ("language", "number", "text"),
    [
        ("ar", 1, "آخر استخدام قبل يوم واحد"),
        ("ar", 2, "آخر استخدام قبل يومين"),
        ("ar", 3, "آخر استخدام قبل 3 أيام"),
        ("ar", 11, "آخر استخدام قبل 11 يومًا"),
        ("ar", 100, "آخر استخدام قبل 100 يوم"),
        ("fr", 0, "Dernière utilisation il y a 0 jour"),
        ("fr", 2, "Dernière utilisation il y a 2 jours"),
        ("it", 0, "Ultimo uso 0 giorni fa"),
        ("ja", 1, "最終使用: 1 日前"),
        ("ja", 2, "最終使用: 2 日前"),
        ("pt-br", 0, "Usado pela última vez há 0 dia"),
    ],
)
def test_the_form_goes_by_the_number(language, number, text):
    with translation.override(language):
        found = translation.ngettext("Last used %(count)d day ago", "Last used %(count)d days ago", number)
    assert found % {"count": number} == text


@each(
    ("number", "text"),
    {1: "1 godzinę", 2: "2 godziny", 5: "5 godzin", 12: "12 godzin", 22: "22 godziny", 25: "25 godzin"}.items(),
)
def test_the_form_goes_by_the_number_in_polish(number, text):
    with translation.override("pl"):
        found = translation.ngettext("Last used %(count)d hour ago", "Last used %(count)d hours ago", number)
    assert found % {"count": number} == f"Ostatnie użycie {text} temu"
