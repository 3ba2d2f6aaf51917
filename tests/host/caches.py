"""Caches of the host."""

from django.core.cache.backends.locmem import LocMemCache


class KeepsAll(LocMemCache):
    """Fails where entries are to be deleted after a sign-out."""

    def delete_many(self, keys, version=None):
        raise ConnectionError
