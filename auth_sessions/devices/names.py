"""The names that people, and the clients they use, give to devices."""

from unicodedata import category

JOINERS = "\u200c\u200d"
"""They shape letters and emoji. Any other format character may hide, reorder or break the text around it."""

NEVER_KEPT = {"Cc", "Cf", "Zl", "Zp"}
NOTHING_TO_SEE = {"Cf", "Mn", "Zs"}
FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Characters that look empty, although Unicode classifies them as letters or symbols."""


def clean(name: str) -> str:
    """The name as it is stored, without control and format characters; empty if it has no visible character."""
    kept = "".join(each for each in name if each in JOINERS or category(each) not in NEVER_KEPT).strip()
    return kept if any(_is_seen(each) for each in kept) else ""


def _is_seen(character: str) -> bool:
    return character not in FILLERS and category(character) not in NOTHING_TO_SEE


def isolated(name: str) -> str:
    """The name as a directional isolate (Unicode UAX 9): right-to-left text in it does not reorder the sentence."""
    return f"\u2068{name}\u2069"
