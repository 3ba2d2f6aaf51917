"""Adds the logins that the store of Django's sessions holds to the list, before their browsers come back.

A login older than the installation joins the list at its next request. Until then no sign-out reaches it.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import router
from django.db.models import IntegerField
from django.utils import timezone

from auth_sessions import exceptions, moments
from auth_sessions.choices import EndReason, Scope
from auth_sessions.core.browser_rows import backend_of_login, has_password_of
from auth_sessions.core.creation import create_browser_session
from auth_sessions.core.database import all_sessions, all_users
from auth_sessions.core.django_session_store import at_most_lifetime, missing_entries, store_class
from auth_sessions.core.presented import Login
from auth_sessions.devices.device import USER_AGENT_LENGTH

BATCH = 1000


def entry_model() -> Any:
    """The model of the store's entries, also that of django-user-sessions; None where the store is no table."""
    store = store_class()
    if hasattr(store, "get_model_class"):
        return store.get_model_class()
    return None if store is None else getattr(import_module(store.__module__), "Session", None)


def import_logins() -> Iterator[tuple[int, int]]:
    """Create the row of each login that has none. Yields, for each batch of entries, how many were read and created.

    The rows are those that the next request of each browser would create. ``session_started`` is not sent: nobody has
    signed in. An entry that is deleted meanwhile, by a logout, leaves no row. Where the store knows the user agent, the
    address and the time of the last use (django-user-sessions), so do they. A run that is stopped can be repeated.
    """
    model = entry_model()
    entries = model.objects.using(router.db_for_write(model)).filter(expire_date__gt=timezone.now()).order_by("pk")
    found = list(entries[:BATCH])
    while found:
        logins = [(entry, entry.get_decoded()) for entry in found]
        users = _users(data.get(SESSION_KEY) for _, data in logins)
        yield len(found), sum(_import(entry, data, users.get(data.get(SESSION_KEY))) for entry, data in logins)
        found = list(entries.filter(pk__gt=found[-1].pk)[:BATCH])


def _users(keys: Iterable[Any]) -> dict[Any, AbstractBaseUser]:
    """The users by their keys, as the data of Django's sessions hold them."""
    field: Any = get_user_model()._meta.pk
    found = set()
    for key in keys:
        try:
            value = field.to_python(key)
            if isinstance(field, IntegerField):
                field.run_validators(value)  # which ask for what the database can hold
        except ValidationError:  # of another user model
            continue
        found.add(value)
    users = all_users().filter(pk__in=found - {None})
    return {field.value_to_string(user): user for user in users}


def _import(entry: Any, data: dict[str, Any], user: AbstractBaseUser | None) -> bool:
    if user is None or not (login := Login.of(data)).is_unnamed or not has_password_of(login, user):
        return False
    try:
        session = create_browser_session(
            user,
            request=None,
            lifetime=at_most_lifetime(-moments.age(entry.expire_date)),
            django_session_key=entry.session_key,
            is_authenticated_now=False,
            auth_backend=backend_of_login(data),
            is_imported=True,
        )
    except exceptions.SessionInvalid:
        return False
    if session is None:
        return False
    device = {
        "user_agent": (getattr(entry, "user_agent", None) or "")[:USER_AGENT_LENGTH],
        "ip_address": getattr(entry, "ip", None),
        "last_seen_at": getattr(entry, "last_activity", session.last_seen_at),
    }
    row = all_sessions().filter(pk=session.pk)
    row.update(**device)
    if missing_entries([entry.session_key]):
        row.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL)
        return False
    return True
