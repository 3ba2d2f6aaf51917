"""The translations of the app, as their files hold them, and what may be wrong with them."""

import ast
import gettext
import re
from dataclasses import dataclass

from tests.support.paths import ROOT

LOCALE = ROOT / "auth_sessions" / "locale"

LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "nl": "Dutch",
    "pl": "Polish",
    "pt_BR": "Portuguese (Brazilian)",
    "zh_Hans": "Chinese (Simplified)",
}
"""Each by the name of its folder, with its classifier on the package index."""

CODES = [name.replace("_", "-").lower() for name in LANGUAGES]
"""As Django calls them."""

NAMED = re.compile(r"%\(\w+\)[a-z]|\{\w*\}|<[^>]*>")
POSITIONAL = re.compile(r"%[a-z]")
COUNTED = {"%(count)d", "%(count)s", "%(counter)s"}
NUMBERS = range(1000)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A text with its translations: one, or as many as the language has plural forms."""

    context: str | None
    source: str
    plural: str | None
    translations: tuple[str, ...]
    is_fuzzy: bool


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    forms: int
    form_of: object
    entries: list[Entry]
    has_obsolete_entries: bool


def path_of(language, suffix="po"):
    return LOCALE / language / "LC_MESSAGES" / f"django.{suffix}"


def read(path):
    header, *texts = path.read_text().split("\n\n")
    forms, formula = re.search(r"nplurals=(\d+); plural=(.*);", header).groups()
    return Catalogue(
        forms=int(forms),
        form_of=gettext.c2py(formula),
        entries=[_entry(text) for text in texts if not text.startswith("#~")],
        has_obsolete_entries=any(text.startswith("#~") for text in texts),
    )


def _entry(text):
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    fields = dict(line.split(" ", 1) for line in lines)
    values = {name: ast.literal_eval(value) for name, value in fields.items()}
    return Entry(
        context=values.get("msgctxt"),
        source=values["msgid"],
        plural=values.get("msgid_plural"),
        translations=tuple(value for name, value in values.items() if name.startswith("msgstr")),
        is_fuzzy=any("fuzzy" in line for line in text.splitlines() if line.startswith("#,")),
    )


def faults_of(catalogue):
    """Each as the kind of the fault and the text."""
    kinds = {
        "fuzzy": lambda entry: entry.is_fuzzy,
        "forms": lambda entry: len(entry.translations) != (catalogue.forms if entry.plural else 1),
        "not translated": lambda entry: not all(entry.translations),
        "left in English": lambda entry: " " in entry.source.strip() and entry.source in entry.translations,
        "placeholders": lambda entry: _has_other_placeholders(catalogue, entry),
    }
    faults = [(kind, entry.source) for entry in catalogue.entries for kind, is_so in kinds.items() if is_so(entry)]
    return [*faults, ("obsolete", "")] if catalogue.has_obsolete_entries else faults


def _has_other_placeholders(catalogue, entry):
    """Placeholders and tags are those of the source.

    A form for one number alone may leave the number out ("two days"), and so may the form for 1 where the source does.
    """
    for form, translation in enumerate(entry.translations):
        allowed = [_placeholders(entry.plural or entry.source)]
        numbers = [number for number in NUMBERS if catalogue.form_of(number) == form] if entry.plural else []
        if 1 in numbers:
            allowed.append(_placeholders(entry.source))
        if len(numbers) == 1:
            allowed.append((allowed[0][0] - COUNTED, allowed[0][1]))
        if translation and _placeholders(translation) not in allowed:
            return True
    return False


def _placeholders(text):
    return frozenset(NAMED.findall(text)), POSITIONAL.findall(text)
