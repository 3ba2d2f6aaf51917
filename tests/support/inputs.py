"""Many inputs of one kind in one test: ``each``; and inputs that are no JSON, no object, no token."""

import functools
import inspect

from tests.support.keys import b64


def each(names, values):
    """As ``pytest.mark.parametrize``, but all in one test, whose fixtures are set up once.

    For inputs that leave nothing behind. A failure says which input it was. ``values`` may be a dictionary, by name.
    """
    names = (names,) if isinstance(names, str) else names
    cases = list(values.items()) if isinstance(values, dict) else [(None, value) for value in values]
    assert cases

    def decorate(test):
        @functools.wraps(test)
        def test_each(*args, **fixtures):
            for label, value in cases:
                given = dict(zip(names, value if len(names) > 1 else (value,), strict=True))
                try:
                    test(*args, **fixtures, **given)
                except Exception as error:
                    shown = ", ".join(f"{name}={value!r:.200}" for name, value in given.items())
                    error.add_note(f"with {label + ': ' if label else ''}{shown}")
                    raise

        signature = inspect.signature(test)
        others = [parameter for name, parameter in signature.parameters.items() if name not in names]
        test_each.__signature__ = signature.replace(parameters=others)
        return test_each

    return decorate


# Bodies


def nested(depth, opening=b"[", closing=b"]"):
    return opening * depth + closing * depth


NOT_JSON = {
    "word": b"junk",
    "truncated": b'{"refresh": "',
    "trailing": b"{}{}",
    "nan": b'{"refresh": NaN}',
    "infinity": b'{"scope": -Infinity}',
    "not UTF-8": b'{"refresh": "\xff\xfe"}',
    "UTF-16": '{"scope": "local"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "NUL": b"\0",
    "raw NUL in a string": b'{"name": "\0"}',
    "endless number": b'{"name": ' + b"9" * 5000 + b"}",
    "form": b"scope=local",
    "arrays without end": b"[" * 100_000,
    "deep arrays": nested(100_000),
    "deep objects": nested(50_000, b'{"a":', b"}"),
}
NOT_AN_OBJECT = {
    "array": [],
    "array of objects": [{"scope": "local", "refresh": "x"}],
    "string": "local",
    "empty string": "",
    "number": 7,
    "huge": 10**400,
    "true": True,
    "false": False,
    "null": None,
}
OTHER_TYPES = ["text/plain", "application/xml", "application/octet-stream", "x/y", "junk", "text/json"]

# Tokens


def headed(header):
    """Something like a JWT with any header."""
    return f"{b64(header)}.e30.e30"


NOT_A_TOKEN = {
    "word": "garbage",
    "two": "a.b",
    "three": "a.b.c",
    "four": "a.b.c.d",
    "dots": "..",
    "five": "....",
    "not ASCII": "é.ü.ß",
    "padding": "====.====.====",
    "null": "null",
    "objects": "e30.e30.e30",
    "long": "x" * 100_000,
    "long parts": ".".join(["x" * 50_000] * 3),
    "deep header": headed(nested(100_000)),
    "deep object for a header": headed(nested(50_000, b'{"a":', b"}")),
    "array for a header": headed([]),
    "null for a header": headed(None),
    "header that is not UTF-8": headed(b"\xff"),
    "endless number in the header": headed(b'{"alg":' + b"9" * 5000 + b"}"),
}
