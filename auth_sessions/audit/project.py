"""What the judges ask of the running project. What system checks find is taken from them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.apps import apps
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Q
from django.utils import timezone
from django.utils.module_loading import import_string
from rest_framework.settings import api_settings

from auth_sessions.checks.middleware import has_browser_sessions, positions_of
from auth_sessions.checks.mounted import mounted_attributes, reached_views
from auth_sessions.core.database import all_sessions
from auth_sessions.querysets import live_at

T = TypeVar("T")

HIGHEST_LEVEL = 3

OWN_PACKAGES = ("auth_sessions", "rest_framework", "rest_framework_simplejwt", "django")


class Project:
    """The project as it is now. Each fact is found once."""

    def __init__(self, *, level: int = HIGHEST_LEVEL, using: str | None = None) -> None:
        self.level = level
        self.using = using

    @cached_property
    def messages(self) -> dict[str, checks.CheckMessage]:
        """The security checks of ``check --deploy`` that find something, silenced or not, by their ids."""
        found = checks.run_checks(tags=[checks.Tags.security], include_deployment_checks=True)
        return {str(message.id): message for message in reversed(found)}

    def first_message(self, *ids: str) -> checks.CheckMessage | None:
        """What the first of these checks says that finds something."""
        return next((self.messages[id_] for id_ in ids if id_ in self.messages), None)

    @cached_property
    def has_cookies(self) -> bool:
        """Whether Django's sessions are used: AuthenticationMiddleware needs some, be they another package's."""
        return bool(positions_of(SessionMiddleware) or positions_of(AuthenticationMiddleware))

    @cached_property
    def has_browser_sessions(self) -> bool:
        """Whether the app knows them."""
        return has_browser_sessions()

    def has_middleware(self, path: str) -> bool:
        """Whether a middleware, or a subclass of it, is installed."""
        return bool(self.middleware(path))

    def middleware(self, path: str) -> list[type]:
        """The classes that are installed of a middleware: itself, and subclasses of it."""
        try:
            middleware = import_string(path)
        except ImportError:
            return []
        return [import_string(settings.MIDDLEWARE[position]) for position in positions_of(middleware)]

    def is_installed(self, *names: str) -> bool:
        return any(apps.is_installed(name) for name in names)

    @cached_property
    def has_sockets(self) -> bool:
        """Whether the project may have WebSockets by Channels."""
        is_set = bool(setting("CHANNEL_LAYERS") or setting("ASGI_APPLICATION"))
        return is_set or self.is_installed("channels", "daphne")

    def mounted(self, base: type[T]) -> list[type[T]]:
        """The views that derive from ``base`` and are reached by a URL."""
        return reached_views(base)

    @cached_property
    def authentication_classes(self) -> dict[type, str]:
        """The classes that authenticate requests, and where: the defaults, and those of mounted views."""
        defaults: Sequence[Any] = api_settings.DEFAULT_AUTHENTICATION_CLASSES
        found = {each: "DEFAULT_AUTHENTICATION_CLASSES" for each in defaults if isinstance(each, type)}
        for route, _, classes in mounted_attributes("authentication_classes"):
            for each in classes or ():
                if isinstance(each, type):
                    found.setdefault(each, f"the view at {route!r}")
        return found

    def authenticates(self, is_wanted: Callable[[type], bool]) -> Iterator[str]:
        """Those of the classes, each with its place, as a text."""
        for each, where in self.authentication_classes.items():
            if is_wanted(each):
                yield f"{each.__name__} ({where})"

    @cached_property
    def own_authentication(self) -> list[str]:
        """What is neither Django REST framework's nor simplejwt's nor this app's."""
        return [*self.authenticates(lambda each: not is_known(each)), *self._other_authentication()]

    def _other_authentication(self) -> Iterator[str]:
        """What builds an authentication without being a class: a callable, or a method of a view."""
        for route, view, classes in mounted_attributes("authentication_classes"):
            method = getattr(view, "get_authenticators", None)
            if method is not None and not is_known(method):
                yield f"get_authenticators() (the view at {route!r})"
            if not all(isinstance(each, type) for each in classes or ()):
                yield f"a callable (the view at {route!r})"

    @cached_property
    def longest_session(self) -> timedelta | None:
        """The longest time from beginning to end of the sessions that are stored, and live; None if nobody knows.

        ``timedelta.max`` if one of them has no end. One statement.
        """
        lasting = ExpressionWrapper(F("expires_at") - F("created_at"), output_field=DurationField())
        live = all_sessions(self.using).filter(live_at(timezone.now()))
        try:
            found = live.aggregate(longest=Max(lasting), endless=Count("pk", filter=Q(expires_at=None)))
        except (DatabaseError, ImproperlyConfigured):
            return None
        return timedelta.max if found["endless"] else found["longest"] or timedelta(0)


def is_known(member: Any) -> bool:
    """Whether a class or function is Django's, Django REST framework's, simplejwt's or this app's."""
    return member.__module__.partition(".")[0] in OWN_PACKAGES


def setting(name: str, default: Any = None) -> Any:
    """A setting of Django's or of another package's, as it is now."""
    return getattr(settings, name, default)


def spell(duration: timedelta | None) -> str:
    """A duration in words: "30 days", "90 minutes"."""
    if duration is None:
        return "none"
    for unit, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if duration >= unit and not duration % unit:
            number = duration // unit
            return f"{number} {name}{'' if number == 1 else 's'}"
    return f"{duration.total_seconds():g} seconds"
