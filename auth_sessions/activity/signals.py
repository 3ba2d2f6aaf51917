"""The signal of the history."""

from django.dispatch import Signal

activity_recorded = Signal()
"""Sent robustly, after the commit, when rows were written: ``activities`` (a list of ``Activity``, in the order in
which they were written), ``request`` (or None) and ``using`` (the database alias). Once for each operation.
"""
