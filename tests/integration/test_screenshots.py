"""The script that takes the pictures of the documentation again."""

import os
import struct
import subprocess
import sys

from tests.support.paths import ROOT

DOCS = ROOT / "docs"


def width(picture):
    return struct.unpack(">I", picture.read_bytes()[16:20])[0]


def test_it_takes_every_picture(chromium, tmp_path):
    environment = {**os.environ, "AUTH_SESSIONS_SCREENSHOTS": str(tmp_path)}
    command = [sys.executable, DOCS / "screenshots.py"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)
    taken, kept = ({each.name: width(each) for each in folder.glob("*.png")} for folder in (tmp_path, DOCS))
    assert taken == kept
    for name in kept:
        assert any(f"]({name})" in page.read_text() for page in DOCS.glob("*.md")), name
