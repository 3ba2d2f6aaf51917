"""Entries of Django's session store, as many logins would have left them."""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User


def add_entries(user: User, number: int) -> list[str]:
    """Store them; their keys."""
    store_class = import_module(settings.SESSION_ENGINE).SessionStore
    data = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    store = store_class()
    entries = []
    for _ in range(number):
        store._session_key = store._get_new_session_key()
        entries.append(store.create_model_instance(data))
    store_class.get_model_class().objects.bulk_create(entries)
    return [entry.session_key for entry in entries]
