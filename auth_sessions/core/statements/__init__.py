"""The statements of every request, refresh, sign-in and sign-out, compiled once for a process (:mod:`db.compiled`)."""
