"""What other apps show below the list of devices: the pages know none of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from django.http import HttpRequest

from auth_sessions.registries import Registry

if TYPE_CHECKING:
    from auth_sessions.models import Session

Section = Callable[[HttpRequest, "Session"], str]
"""From the request and its session, the safe HTML of a section with a heading of the second level, or "".

It is called as the page is rendered, in the language of the page.
"""

sections: Registry[Section] = Registry()


def get_sections(request: HttpRequest, current: Session) -> list[Callable[[], str]]:
    """What a template calls for the HTML of each section."""
    return [partial(section, request, current) for section in sections]
