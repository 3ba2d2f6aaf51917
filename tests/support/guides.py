"""The code of a guide in docs/, run as it is written."""

import re
from ast import literal_eval
from textwrap import dedent

from tests.support.paths import ROOT


def blocks(document, language="python"):
    text = (ROOT / "docs" / document).read_text()
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return [dedent(block) for block in found]


def run_block(document, containing, names):
    """Run the one block with these words, with and into these names."""
    [block] = [block for block in blocks(document) if containing in block]
    exec(compile(block, document, "exec"), names)
    return names


def replace_entry(document, entries):
    """Replace the one entry of a list as the one diff of the guide does."""
    [diff] = blocks(document, "diff")
    before, after = (
        literal_eval(line[1:].strip().rstrip(",")) for sign in "-+" for line in diff.splitlines() if line[0] == sign
    )
    entries[entries.index(before)] = after
