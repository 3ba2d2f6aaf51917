"""Views as drf-spectacular reads them: the same classes, with what a table says of their methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from django.utils.module_loading import import_string
from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from auth_sessions.openapi.refusals import STEP_UP
from auth_sessions.permissions import RecentlyAuthenticated


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of a view: a name that no other operation has, and the arguments of ``extend_schema``."""

    id: str
    summary: str
    description: str
    responses: Mapping[int, Any]
    request: Any = None
    parameters: tuple[Any, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Described:
    """The operations of a view by method, and attributes of the class that only the schema sees."""

    operations: Mapping[str, Operation]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    has_challenge: bool = True
    """Whether ``RecentlyAuthenticated`` answers with the challenge of RFC 9470."""


Descriptions = Mapping[str, Callable[[Any], Described]]
"""By the path of a view class, which also describes its subclasses: the view class -> what it does.

The path by which a project imports the class: it is resolved when a schema is generated, as ``target_class`` is.
"""


class DescribedViews(OpenApiViewExtension):
    """Describes a view by the nearest of its classes that the ``descriptions`` of any subclass of this one name.

    An extension of the project's, which has the priority 0, comes first.
    """

    match_subclasses = True
    priority = -1
    descriptions: ClassVar[Descriptions] = {}

    def view_replacement(self) -> type[APIView]:
        tables = [extension.descriptions for extension in DescribedViews.__subclasses__()]
        by_class = {import_string(path): describe for table in tables for path, describe in table.items()}
        describe = next((by_class[cls] for cls in self.target.__mro__ if cls in by_class), None)
        configured: Any = type(self.target.__name__, (self.target,), dict(self.target_callback.initkwargs))
        described = describe(configured) if describe else Described(operations={})
        is_challenged = described.has_challenge and asks_for_proof(configured)
        methods = {
            name: _method(
                getattr(configured, name), _with_challenge(operation) if is_challenged else operation, view=configured
            )
            for name, operation in described.operations.items()
        }
        attributes = {"authentication_classes": _named(configured.authentication_classes)}
        return type(self.target.__name__, (configured,), {**attributes, **described.attributes, **methods})


def asks_for_proof(view: Any) -> bool:
    """Whether a view has the permission ``RecentlyAuthenticated``."""
    return any(map(_is_step_up, view.permission_classes))


def _is_step_up(permission: Any) -> bool:
    """Whether a permission, or a part of a combined one, is ``RecentlyAuthenticated``."""
    parts = [part for name in ("op1_class", "op2_class") if (part := getattr(permission, name, None)) is not None]
    if parts:
        return any(map(_is_step_up, parts))
    return isinstance(permission, type) and issubclass(permission, RecentlyAuthenticated)


def _with_challenge(operation: Operation) -> Operation:
    """The operation with the challenge of RFC 9470 beside the other refusals of the status 401."""
    other = operation.responses.get(status.HTTP_401_UNAUTHORIZED)
    schemas = [STEP_UP] if other is None else [other.response, STEP_UP]
    described = [] if other is None else [other.description]
    challenged = OpenApiResponse(
        {"oneOf": schemas} if len(schemas) > 1 else STEP_UP,
        " ".join([*described, "Or the proof of identity is too old (RFC 9470)."]),
    )
    return replace(operation, responses={**operation.responses, status.HTTP_401_UNAUTHORIZED: challenged})


def _named(authentication_classes: Iterable[type[BaseAuthentication]]) -> list[type[BaseAuthentication]]:
    """The classes that the project names, by which it may have an extension: see ``get_bearer_classes``."""
    return [getattr(each, "__wrapped__", each) for each in authentication_classes]


def _method(method: Any, operation: Operation, *, view: Any) -> Any:
    """A method that carries the description. What the project's own ``extend_schema`` says takes precedence."""

    def described() -> None: ...

    default = api_settings.DEFAULT_SCHEMA_CLASS
    own = (getattr(method, "kwargs", {}).get("schema"), type(view.schema))
    bases = [schema for schema in own if schema not in {None, default}]
    described.kwargs = {"schema": type("Schema", (*dict.fromkeys(bases), _schema(operation)), {})}  # type: ignore[attr-defined]
    return described


def _schema(operation: Operation) -> type[AutoSchema]:
    def described() -> None: ...

    extend_schema(
        summary=operation.summary,
        description=operation.description,
        request=operation.request,
        responses=dict(sorted(operation.responses.items())),
        parameters=list(operation.parameters),
        tags=list(operation.tags) or None,
    )(described)

    class OperationSchema(described.kwargs["schema"]):  # type: ignore[name-defined,misc]
        def get_operation_id(self) -> str:
            """The operation's own name; where another path has it (the view is mounted twice), that of the path."""
            names = _names.setdefault(self.registry, {})
            is_first = names.setdefault(operation.id, self.path) == self.path
            return operation.id if is_first else str(super().get_operation_id())

    return OperationSchema


_names: WeakKeyDictionary[ComponentRegistry, dict[str, str]] = WeakKeyDictionary()
"""The paths of the operations that have got their name, for each schema that is generated."""
