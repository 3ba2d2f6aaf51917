"""The code of a guide in docs/, run as it is written."""

import re

from tests.support.paths import ROOT


def blocks(document, language="python"):
    text = (ROOT / "docs" / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def run_block(document, containing, names):
    """Run the one block with these words, with and into these names."""
    [block] = [block for block in blocks(document) if containing in block]
    exec(compile(block, document, "exec"), names)
    return names
