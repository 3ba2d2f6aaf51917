"""Caches of the host."""

import json
from contextlib import suppress

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.memcached import PyMemcacheCache
from django.core.cache.backends.redis import RedisCache
from django.core.signals import request_finished


class KeepsAll(LocMemCache):
    """Fails where entries are to be deleted after a sign-out."""

    def delete_many(self, keys, version=None):
        raise ConnectionError


class Shared(BaseCache):
    """As Redis or Memcached, in this process: what it is asked is counted, and a test may say what happens before."""

    store_class = LocMemCache
    asked = []
    before = None

    def __init__(self, location, params):
        super().__init__(params)
        self.store = self.store_class(location, params)

    def _ask(self, operation, *args, **kwargs):
        type(self).asked.append(operation)
        if self.before is not None:
            type(self).before(operation)
        return getattr(self.store, operation)(*args, **kwargs)

    def get(self, key, default=None, version=None):
        return self._ask("get", key, default, version)

    def add(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        return self._ask("add", key, value, timeout, version)

    def set(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        return self._ask("set", key, value, timeout, version)

    def set_many(self, data, timeout=DEFAULT_TIMEOUT, version=None):
        return self._ask("set_many", data, timeout, version)

    def delete(self, key, version=None):
        return self._ask("delete", key, version)

    def delete_many(self, keys, version=None):
        return self._ask("delete_many", keys, version)

    def clear(self):
        return self.store.clear()


class SharedBytes(Shared):
    """Returns a text as bytes, as pymemcache does without a ``serde``."""

    def get(self, key, default=None, version=None):
        found = super().get(key, default, version)
        return found.encode() if isinstance(found, str) else found


class SharedRedis(Shared):
    """The same over a real one."""

    store_class = RedisCache


class JSONSerializer:
    """For Django's own backend: holds what JSON can."""

    def dumps(self, value):
        return json.dumps(value).encode()

    def loads(self, data):
        return json.loads(data)


class OwnRedis(RedisCache):
    """A project's own subclass, as the next ones."""


class OwnMemcached(PyMemcacheCache):
    pass


with suppress(ImportError):
    from django_redis.cache import RedisCache as DjangoRedis

    class OwnDjangoRedis(DjangoRedis):
        pass


with suppress(ImportError):
    from django_valkey.base import close_async_caches
    from django_valkey.cache import ValkeyCache

    request_finished.disconnect(close_async_caches)  # else each request of the tests starts a thread, for no cache

    class OwnValkey(ValkeyCache):
        pass
