"""The rules: how a session is created, refreshed, validated, signed out and cleared. Not public.

Rows are created and changed here, and end by ``SessionQuerySet.end()``, nowhere else. Nothing here knows HTTP or JWT;
``request`` is Django's own, is read for the device, and is handed on to signals.
"""
