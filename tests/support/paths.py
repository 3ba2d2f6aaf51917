"""Where the project lies, for tests of its documents and for the processes that tests start."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
