"""The signals of the history."""

from django.dispatch import Signal

activity_recorded = Signal()
"""Sent robustly, after the commit, when rows were written: ``activities`` (a list of ``Activity``, in the order in
which they were written), ``request`` (or None) and ``using`` (the database alias). Once for each operation.
"""

activity_reported = Signal()
"""Sent robustly, after the commit, when a person says of an activity that it was not them: ``activity``, ``session``
(in which they say so, or None), ``request`` and ``using``. Their sessions have ended. Sent at each report.
"""
