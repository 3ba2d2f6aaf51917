"""docs/openapi.yaml, and whether a response is one that it describes."""

import re
from functools import cache

import jsonschema
import yaml

from tests.support.paths import ROOT

FILE = ROOT / "docs" / "openapi.yaml"

UPDATE = (
    "python -m django spectacular --settings tests.settings --urlconf tests.host.openapi_urls "
    "--validate --fail-on-warn --file docs/openapi.yaml"
)


@cache
def document():
    return yaml.safe_load(FILE.read_text())


@cache
def _strict():
    return strict(document())


def strict(schema, *, is_map=False):
    """As JSON Schema says it: null is a type, and an object holds no other members than those that are described."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: strict(value, is_map=name in {"properties", "schemas"}) for name, value in schema.items()}
    if is_map:
        return schema
    if schema.pop("nullable", False):
        return {"anyOf": [schema, {"type": "null"}]}
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


def find(method, path):
    """The template and the operation of a request."""
    for template, operations in document()["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", "(.+)" if "/users/" in template else "([^/]+)", re.escape(template))
        if method.lower() in operations and re.fullmatch(pattern, path) and not _is_shadowed(template, path):
            return template, operations[method.lower()]
    raise AssertionError(f"{method} {path} is not described")


def operations(tag):
    """Each operation with each status that it is described to answer."""
    return {
        (operation["operationId"], int(status))
        for item in document()["paths"].values()
        for operation in item.values()
        if tag in operation["tags"]
        for status in operation["responses"]
    }


def _is_shadowed(template, path):
    return template != path and path in document()["paths"]


def is_valid(value, schema):
    whole = {**schema, "components": _strict()["components"]}
    jsonschema.validate(value, whole, format_checker=jsonschema.FormatChecker())
    return True


def described(response):
    """The operation and the status, once the response is known to be one that is described."""
    request = response.wsgi_request
    template, operation = find(request.method, request.path)
    status = response.status_code
    assert str(status) in operation["responses"], (request.method, template, status, response.content)
    answer = strict(operation["responses"][str(status)])
    assert all(response.headers.get(name) for name in answer.get("headers", ()))
    content = answer.get("content")
    if content is None:
        assert response.content == b""
    else:
        assert is_valid(response.json(), content[response["Content-Type"].partition(";")[0]]["schema"])
    return operation["operationId"], status


def is_request(operation_id, body, content_type="application/json"):
    """Whether a body is one that the operation takes."""
    (operation,) = (
        each for item in document()["paths"].values() for each in item.values() if each["operationId"] == operation_id
    )
    return is_valid(body, strict(operation["requestBody"]["content"][content_type]["schema"]))
