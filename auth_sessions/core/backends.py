"""Whether a person may be signed in, by the project's authentication backends: as Django asks for its own sessions.

Django reads the user of its session by ``get_user()`` of the backend that has accepted the login, and by no other. A
session holds the path of that backend (``Session.auth_backend``); where it is not known, any configured backend may
answer. A backend without a ``get_user()`` of its own cannot answer: ``is_active`` does.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, load_backend
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser

from auth_sessions.core.database import write_alias
from auth_sessions.db.managers import hides_nobody
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet

LONGEST_PATH = Session._meta.get_field("auth_backend").max_length or 0


def backend_of(user: AbstractBaseUser) -> str:
    """The path of the backend that ``authenticate()`` notes on the user; "" if there is none, or not any more."""
    return known_path(getattr(user, "backend", ""))


def known_path(path: object) -> str:
    """The path of a configured backend, as it is stored; "" for any other value."""
    if isinstance(path, str) and path in settings.AUTHENTICATION_BACKENDS and len(path) <= LONGEST_PATH:
        return path
    return ""


def is_known(user: AbstractBaseUser, path: str) -> bool:
    """Whether the backend of this path knows a user, asked as Django asks it; any backend for an empty path.

    ``user`` has just been read. Costs no statement where ``get_user()`` is that of ``ModelBackend`` and the user
    model's default manager hides nobody. False for a backend that is not configured any more.
    """
    if path and path not in settings.AUTHENTICATION_BACKENDS:
        return False
    backends = _backends(path)
    if not backends:
        return _is_active(user) and is_visible(user, using=write_alias())
    has_plain_manager = hides_nobody(get_user_model()._default_manager)
    return any(
        backend.user_can_authenticate(user)
        if has_plain_manager and _is_of_model_backend(backend)
        else bool(backend.get_user(user.pk))
        for backend in sorted(backends, key=_is_of_model_backend, reverse=True)
    )


def find_reader(user: AbstractBaseUser, path: str) -> str | None:
    """The path of a backend by which Django can read a user; None if there is none.

    That is the backend of ``path``, or else, where this cannot answer, the first one that knows the user.
    """
    paths = [path] if path and _backends(path) else settings.AUTHENTICATION_BACKENDS
    return next((each for each in paths if any(backend.get_user(user.pk) for backend in _backends(each))), None)


def is_accepted(user: AbstractBaseUser, path: str, *, is_visible: bool = True) -> bool:
    """Whether a backend accepts a user, as far as the user object shows it: ``user_can_authenticate()``.

    The user must also be visible to the default manager, which the caller has asked. Costs no statement for a user who
    is active and visible. Any other is asked for by ``get_user()`` where the backend has its own. A backend that is not
    configured any more is treated as one that is not known.
    """
    backends = _backends(path) or _backends("")
    if not backends:
        return is_visible and _is_active(user)
    return any(_accepts(backend, user, is_visible=is_visible) for backend in backends)


def is_visible(user: AbstractBaseUser, *, using: str) -> bool:
    """Whether the user model's default manager finds a user. Costs no statement where it hides nobody."""
    manager = get_user_model()._default_manager
    return hides_nobody(manager) or manager.using(using).filter(pk=user.pk).exists()


def refused_sessions(user: AbstractBaseUser, sessions: SessionQuerySet, *, is_visible: bool) -> SessionQuerySet | None:
    """Those of the user's ``sessions`` whose backend does not accept the user: :func:`is_accepted`, in SQL.

    None if every backend accepts the user.
    """
    configured = settings.AUTHENTICATION_BACKENDS
    accepting = [path for path in configured if is_accepted(user, path, is_visible=is_visible)]
    if is_accepted(user, "", is_visible=is_visible):
        refusing = [path for path in configured if path not in accepting]
        return sessions.filter(auth_backend__in=refusing) if refusing else None
    return sessions.exclude(auth_backend__in=accepting)


def _backends(path: str) -> list[Any]:
    """The backends to ask, without those that cannot answer."""
    configured = settings.AUTHENTICATION_BACKENDS
    if path:
        configured = [path] if path in configured else []
    backends = [load_backend(each) for each in configured]
    return [backend for backend in backends if _get_user_of(backend) not in (None, BaseBackend.get_user)]


def _accepts(backend: Any, user: AbstractBaseUser, *, is_visible: bool) -> bool:
    if is_visible and getattr(backend, "user_can_authenticate", _is_active)(user):
        return True
    return not _is_of_model_backend(backend) and bool(backend.get_user(user.pk))


def _is_of_model_backend(backend: Any) -> bool:
    return _get_user_of(backend) is ModelBackend.get_user


def _get_user_of(backend: Any) -> Any:
    return getattr(type(backend), "get_user", None)


def _is_active(user: AbstractBaseUser) -> bool:
    return bool(getattr(user, "is_active", True))
