"""Tokens signed with HS256 (RFC 7515, RFC 7518 section 3.2), in the form in which this app writes them.

A token that is not exactly in that form is left to PyJWT, which accepts more. Nothing is decoded before the signature
has been compared.
"""

import hmac
import json
from base64 import urlsafe_b64decode
from typing import Any

from jwt.utils import base64url_encode

HEADER = base64url_encode(b'{"alg":"HS256","typ":"JWT"}')
"""The header as PyJWT writes it."""

SHORTEST_KEY = 32
"""Bytes (RFC 7518, section 3.2). PyJWT warns of shorter keys."""


def sign(payload: bytes, key: bytes) -> str:
    """The token with this payload."""
    signing_input = HEADER + b"." + base64url_encode(payload)
    return (signing_input + b"." + _signature(signing_input, key)).decode()


def read(token: str | bytes, key: bytes) -> dict[str, Any] | None:
    """The claims of a token that this key has signed; None for one that PyJWT has to judge."""
    encoded = token.encode(errors="replace") if isinstance(token, str) else token
    signing_input, _, signature = encoded.rpartition(b".")
    header, _, segment = signing_input.partition(b".")
    if header != HEADER or not hmac.compare_digest(signature, _signature(signing_input, key)):
        return None
    try:
        payload = urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
        claims = json.loads(payload) if base64url_encode(payload) == segment else None
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _signature(signing_input: bytes, key: bytes) -> bytes:
    return base64url_encode(hmac.digest(key, signing_input, "sha256"))
