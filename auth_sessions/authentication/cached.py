"""By Bearer token, without SQL for most requests: an entry of a cache says that the session is live."""

from functools import partial
from typing import cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from auth_sessions import exceptions, refusals
from auth_sessions.authentication.bearer import SessionJWTAuthentication
from auth_sessions.authentication.lazy_user import LazyUser
from auth_sessions.authentication.session_of_token import primary_key_named
from auth_sessions.core import session_cache
from auth_sessions.core.event_loops import Origin
from auth_sessions.core.usage import next_touch_at
from auth_sessions.db.compiled import set_related
from auth_sessions.models import Session
from auth_sessions.tokens import SessionAccessToken
from auth_sessions.tokens.keys import simple_jwt


class CachedSessionJWTAuthentication(SessionJWTAuthentication):
    """As :class:`SessionJWTAuthentication`, but without SQL for most requests: one round trip to a cache.

    The cache is that of ``AUTH_SESSIONS_CACHE``, and every process that shares it refuses an ended session at once. The
    refusal takes up to ``AUTH_SESSIONS_CACHE_TTL`` if the cache has lost the tombstone, and if no signal was sent
    (``queryset.update()`` of the user, raw SQL). The database is read if the cache does not answer, or is not shared.

    ``request.user`` is lazy: its row is read when an attribute is used that the token does not contain (see
    :class:`LazyUser`). In an async view the event loop waits for that SELECT, unless the row was read before by
    ``await request.auser()``. A project that sets this class on single views must set ``AUTH_SESSIONS_CACHE`` as well.
    """

    uses_cache = True

    def get_user(self, validated_token: SessionAccessToken) -> AbstractBaseUser:  # type: ignore[override]
        if not self.uses_cache:
            return super().get_user(validated_token)
        token = validated_token
        database_id = self.get_database_id()
        try:
            entry = session_cache.get(token.session_id, user_id=token.user_id, database_id=database_id)
        except exceptions.SessionNotFound as error:
            is_key = primary_key_named(simple_jwt("USER_ID_FIELD")) is not None
            refusals.about(error, user_id=token.user_id if is_key else None)
            raise self.to_api_exception(error) from error
        if entry is not None and token.current_time.timestamp() < _needs_no_touch_until(
            entry.touch_at, entry.confirmed_generation, token
        ):
            origin = Origin(entry.using, get_database_id=self.get_database_id, database_id=database_id)
            lazy_user = LazyUser.of(entry.user_id, origin)
            token.read_session = partial(_session_of, entry, lazy_user)
            return cast("AbstractBaseUser", lazy_user)
        read_at = timezone.now()
        user = super().get_user(token)
        if user.is_active:  # a hit says that the user is
            until = _needs_no_touch_until(next_touch_at(token.session), token.session.confirmed_generation, token)
            session_cache.add(
                token.session, user_id=token.user_id, database_id=database_id, read_at=read_at, until=until
            )
        return user

    def get_database_id(self) -> str:
        """The id of the database and schema that sessions are read from: an entry is accepted for this id only.

        Override it if the project selects tenants by other means than a database or ``connection.schema_name`` (such as
        a ``search_path`` set by hand), and add the tenant to the result.
        """
        return session_cache.get_database_id()


def _needs_no_touch_until(touch_at: float, confirmed_generation: int, token: SessionAccessToken) -> float:
    """Until when ``touch()`` has nothing to record of a use with this token (Unix time)."""
    return min(touch_at, token.confirms_at) if token.generation > confirmed_generation else touch_at


def _session_of(entry: session_cache.Entry, user: LazyUser) -> Session:
    set_related(entry.session, "user", cast("AbstractBaseUser", user))
    return entry.session
