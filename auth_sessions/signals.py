"""The signals that a project may listen to.

``sessions_ending`` and ``sessions_ended`` carry ``sessions`` (the instances), ``user_ids`` (a set), ``reason``
(:class:`~auth_sessions.choices.EndReason`), ``scope`` (:class:`~auth_sessions.choices.Scope` or None), ``actor`` (the
user who did it, or None), ``request`` (or None) and ``using`` (the database alias). What ends is decided before a
receiver runs: nothing that it does to the instances changes that.
"""

from django.dispatch import Signal

session_started = Signal()
"""A session was created: sent robustly after commit, with ``session`` and ``request``."""

sessions_ending = Signal()
"""Sent inside the transaction, before the rows are deleted. An error here undoes the whole sign-out."""

sessions_ended = Signal()
"""Sent robustly, once per operation, after commit."""

refresh_token_reused = Signal()
"""A refresh token was reused (theft): sent robustly after commit; ``session``, ``generation``, ``request``."""

access_token_issuing = Signal()
"""Sent before an access token is signed, with ``token``, ``session``, ``request``: a receiver may add claims.

Claims that this app set itself cannot be overwritten. An error here refuses the token.
"""
