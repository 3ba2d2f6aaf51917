"""The signals of the history."""

from django.dispatch import Signal

activity_recorded = Signal()
"""Sent robustly, after the commit, when rows were written: ``activities``, ``kinds``, ``request``, ``using``.

Once for each operation. ``activities`` is a sequence of ``Activity``, in the order in which they were written, and
``kinds`` the set of their kinds: those of sessions that end are read from the database when a receiver needs them, so
one that is not concerned looks at ``kinds`` alone. ``request`` may be None; ``using`` is the database alias.
"""

activity_reported = Signal()
"""Sent robustly, after the commit, at each report of an activity: ``activity``, ``session``, ``request``, ``using``.

A person says that it was not them. ``session`` is the one in which they say so, or None; their others have ended.
"""
