"""The rules: how a session is created, refreshed, validated, signed out and cleared. Not public.

Rows are created and changed in this package only. They end in one way: by ``db.ending.end``, which
``SessionQuerySet.end()`` and ``core.sign_out`` call. The package builds no response and reads no JWT.
``request`` is Django's own; it is read for the device and is passed on to signals.
"""
