"""Which views the project's URLs lead to. A number of checks depend on it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from django.conf import settings
from django.urls import get_resolver
from rest_framework.settings import api_settings
from rest_framework_simplejwt.authentication import JWTAuthentication

from auth_sessions.mixins import NewSessionMixin
from auth_sessions.pages.views import Page
from auth_sessions.views import AuthSessionsView, BrowserSignInView

T = TypeVar("T")


def mounted_views() -> Iterator[type]:
    """The class of each class-based view, below any prefix or namespace."""
    return (view for _, view, _ in _mounted())


def reached_views(base: type[T]) -> list[type[T]]:
    """The mounted views that derive from ``base``, each once, without those that a path before them replaces."""
    mounted = [one for view, _ in _reached() for one in (view, *getattr(view, "grants", {}).values())]
    return [one for one in dict.fromkeys(mounted) if issubclass(one, base)]


def mounted_attributes(name: str) -> Iterator[tuple[str, type, Any]]:
    """The route, the class and an attribute of each class-based view, as ``as_view()`` was given it; None without."""
    return ((route, view, _attribute(view, callback, name)) for route, view, callback in _mounted())


def reached_attributes(base: type, name: str) -> Iterator[tuple[type, Any]]:
    """As :func:`mounted_attributes`, of the views that :func:`reached_views` finds, but for grants."""
    return ((view, _attribute(view, callback, name)) for view, callback in _reached() if issubclass(view, base))


def mounted_callbacks() -> Iterator[tuple[str, Any]]:
    """The route of each view, and what Django calls."""
    if getattr(settings, "ROOT_URLCONF", None):
        yield from _mounted_below(get_resolver(), "")


def _attribute(view: type, callback: Any, name: str) -> Any:
    return getattr(callback, "initkwargs", {}).get(name, getattr(view, name, None))


def _reached() -> Iterable[tuple[Any, Any]]:
    """The class of each class-based view, and what Django calls, without those that a path before them replaces."""
    found: dict[str, tuple[Any, Any]] = {}
    for route, view, callback in _mounted():
        found.setdefault(route, (view, callback))
    return found.values()


def _mounted() -> Iterator[tuple[str, type, Any]]:
    """The route and the class of each class-based view, and what Django calls, in the order in which it tries them."""
    names = ("view_class", "cls")  # Django's, and that of DRF's view sets
    for route, callback in mounted_callbacks():
        view = next((each for name in names if isinstance(each := getattr(callback, name, None), type)), None)
        if view is not None:
            yield route, view, callback


def _mounted_below(resolver: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        route = f"{prefix}{pattern.pattern}"
        if hasattr(pattern, "url_patterns"):
            yield from _mounted_below(pattern, route)
        else:
            yield route, pattern.callback


def gives_only_pages() -> bool:
    """Whether the project mounts the pages, and nothing in it issues or accepts an access token.

    A project that mounts neither the pages nor a sign-in may call ``api.sign_in_user()`` in a view of its own.
    """
    views = list(mounted_views())
    if not any(issubclass(view, Page) for view in views) or any(_may_issue_tokens(view) for view in views):
        return False
    defaults: Sequence[Any] = api_settings.DEFAULT_AUTHENTICATION_CLASSES
    return not any(isinstance(each, type) and issubclass(each, JWTAuthentication) for each in defaults)


def _may_issue_tokens(view: type) -> bool:
    """A view of this app's that creates sessions, or derived from one; or one of the project's on the REST base."""
    if issubclass(view, BrowserSignInView):
        return False
    is_own = issubclass(view, AuthSessionsView) and not view.__module__.startswith("auth_sessions.")
    return is_own or issubclass(view, NewSessionMixin)
