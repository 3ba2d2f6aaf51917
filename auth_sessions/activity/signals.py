"""The signals of the history."""

from django.dispatch import Signal

activity_recorded = Signal()
"""Sent robustly, after the commit, when rows were written: ``activities``, ``kinds``, ``request``, ``using``.

Once for each operation. ``activities`` is a sequence of ``Activity``, in the order in which they were written, and
``kinds`` the set of their kinds: those of many sessions that end together are built when a receiver reads them, so one
that is not concerned looks at ``kinds`` alone. ``request`` may be None; ``using`` is the database alias.
"""

activity_reported = Signal()
"""Sent robustly, after the commit, when a person says of an activity that it was not them: ``activity``, ``session``
(in which they say so, or None), ``request`` and ``using``. Their sessions have ended. Sent at each report.
"""
