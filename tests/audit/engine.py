"""A session engine whose cookie is no key: the signed data, without a store (``tests/audit/test_verdicts.py``)."""

from django.contrib.sessions.backends.base import SessionBase


class SessionStore(SessionBase):
    """Not derived from that of Django's signed cookies."""
