"""Fixtures of ``auth_sessions.testing``, which pytest finds by itself where the package is installed.

pytest imports this before there are settings: nothing of Django is imported until a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from auth_sessions.testing import Browser, Clock, Device


@pytest.fixture
def auth_device_class() -> type[Device]:
    """The class of the devices of ``auth_device``. A project overrides it to name paths of its own."""
    from auth_sessions.testing import Device

    return Device


@pytest.fixture
def auth_device(auth_device_class: type[Device]) -> Callable[..., Device]:
    """Sign a user in on a new device, by tokens: ``auth_device(user)``, ``auth_device(user, live_server.url)``."""

    def sign_in(user: AbstractBaseUser, live_server_url: str = "", **options: Any) -> Device:
        return auth_device_class(live_server_url, **of_client(options)).sign_in(user, **options)

    return sign_in


@pytest.fixture
def auth_browser() -> Callable[..., Browser]:
    """Sign a user in on a new browser, by Django's session: ``auth_browser(user)``."""
    from auth_sessions.testing import Browser

    def sign_in(user: AbstractBaseUser, live_server_url: str = "", **options: Any) -> Browser:
        return Browser(live_server_url, **of_client(options)).sign_in(user, **options)

    return sign_in


@pytest.fixture
def auth_clock() -> Iterator[Clock]:
    """The time stands still until the test moves it: ``auth_clock.shift(timedelta(days=15))``, or by seconds."""
    from auth_sessions.testing import stopped_clock

    with stopped_clock() as clock:
        yield clock


def of_client(options: dict[str, Any]) -> dict[str, Any]:
    """Those that are said before the sign-in, taken out of the others."""
    return {name: options.pop(name) for name in ("client", "user_agent") if name in options}
