"""The signals that a project may listen to.

``sessions_ending`` and ``sessions_ended`` are sent with ``sessions`` (the instances), ``user_ids`` (a set), ``reason``
(:class:`~auth_sessions.choices.EndReason`), ``scope`` (:class:`~auth_sessions.choices.Scope` or None), ``actor`` (the
user who ended them, or None), ``request`` (or None) and ``using`` (the database alias). Which sessions end is decided
before a receiver runs: changes that it makes to the instances have no effect on it.
"""

from django.dispatch import Signal

session_started = Signal()
"""Sent robustly, after the commit, when a session was created: ``session``, ``request``.

Nobody has signed in just now where ``session.authenticated_at`` is None: it is an earlier sign-in that joined the list.
Not sent for a login that ``importdjangosessions`` creates the row of.
"""

session_starting = Signal()
"""Sent in the transaction in which a session is created, when its row is there: ``session``, ``request``, ``using``.

An error in a receiver rolls the transaction back, and nobody is signed in. Otherwise as ``session_started``, which
follows on commit. A sign-in without a receiver needs no transaction on PostgreSQL, and has none.
"""

session_limit_reached = Signal()
"""Sent robustly when ``AUTH_SESSIONS_MAX_PER_USER`` has refused a sign-in: ``session``, ``request``, ``using``.

The ``session`` was not stored: it has the ``user``, the device and the address of the sign-in.
"""

sessions_ending = Signal()
"""Sent inside the transaction, before the rows are deleted. An error in a receiver rolls the transaction back.

If a refresh token was reused, the error is logged instead, and the session ends nevertheless.
"""

sessions_ended = Signal()
"""Sent robustly, once for each operation, after the commit."""

credentials_revoked = Signal()
"""Sent when people are signed out everywhere or elsewhere, or by a new password: ``user_ids`` (a set), ``using``.

Also by each save of a user whom no authentication backend accepts any more, and if no session ends by it. A receiver
refuses whatever else an earlier sign-in of theirs has given them.

Sent once, in the transaction in which the sessions end, before they are locked, so that a receiver may lock the users:
an error in it, or a conflict, rolls everything back. A new password sends it before the user is saved, in the same
transaction if there is one: what the person gets after it stays. ``revokeauthsessions`` sends it before it ends the
sessions, for a thousand users at a time.
"""

expired_cleared = Signal()
"""Sent at the end of ``clearauthsessions`` and ``api.clear_expired()``, not of a dry run.

A receiver deletes expired rows of its own. It gets ``using``; ``max_seconds``, how much of the time of the run is left
(None: as much as it needs); and ``sleep``, the seconds of the pause between two batches. If it fails, the others are
called, and then the error is raised.
"""

password_changed = Signal()
"""Sent when a new password of a stored user is saved: ``user``, ``session``, ``request``, ``using``.

``session`` is the one in which it was changed, and which stays, and ``request`` is that of the change, where
``api.change_password()`` knows them; otherwise None. Sent after the row is written, inside the transaction of the save
if there is one: an error in a receiver propagates. Not sent where only the hasher has changed, for a new user, and for
what sends no ``post_save`` (``queryset.update()``, raw SQL).
"""

refresh_token_reused = Signal()
"""Sent robustly, after the commit, when a refresh token was reused: ``session``, ``generation``, ``request``.

Also with both sides, each a :class:`~auth_sessions.devices.device.Client` (``user_agent``, ``address``, ``seen_at``,
``device``): ``holder`` is the device of the session, last seen before the reuse, and ``presenter`` whoever presented
the token, now. Either may be the thief. Without a ``request`` nothing is known of the presenter.
"""

session_moved = Signal()
"""Sent robustly, after the commit, when a refresh comes from another device than the session's.

With ``session`` and ``request``. The device is another one if its browser or system differs, or its address, where
neither user agent shows browser or system. Nothing is refused, and the session keeps its device: the signal is sent at
each such refresh.
"""

access_token_issuing = Signal()
"""Sent before an access token is signed, with ``token``, ``session``, ``request``: a receiver may add claims.

Claims that the app sets itself cannot be overwritten. An error in a receiver propagates, and no token is issued.
"""
