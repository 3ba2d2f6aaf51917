"""Races with a forced order: pairs of operations, interleaved at each SQL statement. See docs/reliability.md."""
