"""The body of a request: a JSON object, independently of the content type. Unknown members are ignored."""

import json
import math
import re
from typing import Any, TypeVar

from django.http import HttpRequest, RawPostDataException, UnreadablePostError
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from auth_sessions.masking import conceal_members
from auth_sessions.supabase.errors import bad_json, request_too_large, validation_failed

T = TypeVar("T")

BODY_BYTES = 1024 * 1024

METADATA_BYTES = 4096
"""The limit of ``user_metadata`` as JSON: every access token contains it, and servers limit a header to about 8 kB."""

METADATA_DEPTH = 20

UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Body:
    """The members of a request's body. Raises 400 ``bad_json`` for any other body, 413 above 1 MiB."""

    @sensitive_variables()
    def __init__(self, request: HttpRequest) -> None:
        try:
            members = conceal_members(json.loads(_text(request), parse_constant=_refuse))
        except (ValueError, RecursionError, RawPostDataException, UnreadablePostError) as error:
            raise bad_json(error) from error
        # So that code which reads form data later, such as axes, finds none instead of raising an error.
        request.content_type = "application/json"
        if not isinstance(members, dict):
            raise bad_json("an object is expected")
        self.members: dict[str, Any] = members

    def text(self, name: str) -> str:
        """A string; "" if it is absent or null."""
        return self._member(name, str, "a string")

    def metadata(self, name: str) -> dict[str, Any]:
        """An object; {} if it is absent or null."""
        return self._member(name, dict, "an object")

    @sensitive_variables()
    def _member(self, name: str, kind: type[T], called: str) -> T:
        """A member; an empty one if it is absent or null. Raises 400 for another type, and if it cannot be stored."""
        value = self.members.get(name)
        if value is None:
            return kind()
        if not isinstance(value, kind):
            raise bad_json(f"{name} must be {called}")
        if not _storable(value):
            raise validation_failed(f"{name} holds a value that cannot be stored")
        return value

    def holds(self, name: str) -> bool:
        """Whether a member exists and is not null."""
        return self.members.get(name) is not None


class BodyParser(BaseParser):
    """The same object as ``request.data``: an error reporter reads it there, with its secrets concealed."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return conceal_members(json.loads(stream.read()), numbers=True)
        except (ValueError, RecursionError) as error:
            raise ParseError from error


def _text(request: HttpRequest) -> str:
    if len(request.body) > BODY_BYTES:
        raise request_too_large()
    return request.body.decode()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def check_size(metadata: dict[str, Any], *, before: dict[str, Any]) -> None:
    """Raise 400 ``validation_failed`` if the metadata is too long for a token, unless it is not longer than before."""
    size, former_size = (len(json.dumps(each, separators=(",", ":"))) for each in (metadata, before))
    if size > max(METADATA_BYTES, former_size):
        raise validation_failed(f"user_metadata may hold {METADATA_BYTES} bytes of JSON at most")


def _storable(value: Any, depth: int = 0) -> bool:
    """Whether every database can store the value: no NUL, no lone surrogate, no infinite number, not too deep."""
    if isinstance(value, str):
        return not UNSTORABLE.search(value)
    if isinstance(value, float):
        return math.isfinite(value)
    if depth == METADATA_DEPTH:
        return not isinstance(value, (dict, list))
    if isinstance(value, dict):
        return all(_storable(key) and _storable(item, depth + 1) for key, item in value.items())
    if isinstance(value, list):
        return all(_storable(item, depth + 1) for item in value)
    return True
