"""E006, W007: the key of access tokens."""

import warnings
from collections.abc import Iterator
from typing import Any, cast

from django.core import checks
from django.utils.encoding import force_bytes

from auth_sessions.checks.mounted import gives_only_pages
from auth_sessions.tokens.keys import HMAC_KEY_BYTES, access_backend, simple_jwt


def check() -> Iterator[checks.CheckMessage]:
    """E006: access tokens cannot be signed and verified. W007: an HMAC key is too short (RFC 7518, section 3.2).

    W007 is for projects that may issue tokens.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            backend = access_backend()
            signed = backend.encode({"token_type": "access"})
            if not simple_jwt("JWK_URL"):
                backend.decode(cast("Any", signed))
    except Exception as error:  # noqa: BLE001 - simplejwt, PyJWT, cryptography and an encoder may raise anything
        yield checks.Error(
            f"Access tokens cannot be signed and verified as SIMPLE_JWT says: {error}",
            hint="Check ALGORITHM, SIGNING_KEY, VERIFYING_KEY, AUDIENCE, ISSUER, JWK_URL and JSON_ENCODER.",
            id="auth_sessions.E006",
        )
        return
    algorithm, key = simple_jwt("ALGORITHM"), simple_jwt("SIGNING_KEY")
    needed = HMAC_KEY_BYTES.get(algorithm, 0)
    if len(force_bytes(key)) < needed and not gives_only_pages():
        yield checks.Warning(
            f"The key that signs access tokens has {len(force_bytes(key))} bytes; {algorithm} needs {needed}.",
            hint='Set SIMPLE_JWT["SIGNING_KEY"] or a longer SECRET_KEY.',
            id="auth_sessions.W007",
        )
