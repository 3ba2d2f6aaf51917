"""For a command: the host project of the tests, with an empty database in memory."""

import os


def open_database():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = None
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
