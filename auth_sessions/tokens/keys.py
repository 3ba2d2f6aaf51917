"""The keys that sign and verify tokens, from ``SIMPLE_JWT``, and the public ones as a JSON Web Key Set (RFC 7517)."""

import hashlib
import json
import math
from calendar import timegm
from contextlib import suppress
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

import jwt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_bytes, force_str
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from jwt.utils import base64url_encode
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.settings import DEFAULTS

from auth_sessions.conf import conf, read
from auth_sessions.masking import conceal, secret_arguments
from auth_sessions.tokens import hs256

THUMBPRINT_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}

HMAC_KEY_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
"""The minimum length of a key in bytes, by algorithm (RFC 7518, section 3.2)."""


def simple_jwt(name: str) -> Any:
    """One of simplejwt's settings as it is now (simplejwt itself reads most of them once, at import)."""
    return _value(_chosen(), name)


def simple_jwts(*names: str) -> list[Any]:
    """Several of simplejwt's settings, read at once."""
    chosen = _chosen()
    return [_value(chosen, name) for name in names]


def _chosen() -> dict[str, Any]:
    chosen: dict[str, Any] | None = read("SIMPLE_JWT", None)
    return chosen or {}


def _value(chosen: dict[str, Any], name: str) -> Any:
    if name == "SIGNING_KEY":
        return _concealed_key(chosen.get(name, settings.SECRET_KEY))
    value = chosen.get(name, DEFAULTS[name])
    return _concealed_key(value) if name == "VERIFYING_KEY" else value


def _concealed_key(value: Any) -> Any:
    """A text or bytes, concealed, or a private key of ``cryptography``. Of anything else only the type is kept."""
    if value is None or hasattr(value, "private_bytes"):
        return value
    return conceal(value) if isinstance(value, (str, bytes)) else type(value)


class Backend(TokenBackend):
    """simplejwt's backend, with a ``kid``, and without a clock: tokens compare times with ``timezone.now()``."""

    def encode(self, payload: dict[str, Any]) -> str:
        """Sign the claims. With an asymmetric key, the header contains its ``kid``, as in the key set."""
        if self.audience is not None:
            payload = {**payload, "aud": self.audience}
        if self.issuer is not None:
            payload = {**payload, "iss": self.issuer}
        # Claims that are no JSON fail here, where no variable holds the key.
        encoded = json.dumps(_json_claims(payload), separators=(",", ":"), cls=self.json_encoder).encode()
        if self.hs256_key is not None:
            return hs256.sign(encoded, self.hs256_key)
        headers = {"kid": self.public_jwk["kid"]} if self.public_jwk else None
        return jwt.PyJWS().encode(encoded, self.prepared_signing_key, self.algorithm, headers=headers)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        if verify and self.hs256_key is not None:
            claims = hs256.read(token, self.hs256_key)
            if claims is not None and self._are_as_written(claims):
                return claims
        try:
            return jwt.decode(
                token,
                self.get_verifying_key(token),
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                options={
                    "verify_signature": verify,
                    "verify_aud": self.audience is not None,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise TokenBackendError(_("Token is invalid")) from error

    def _are_as_written(self, claims: dict[str, Any]) -> bool:
        """Whether the claims that PyJWT validates without a clock are valid, and have the values of ``encode()``."""
        return (
            (self.issuer is None or claims.get("iss") == self.issuer)
            and (self.audience is None or claims.get("aud") == self._audience_claim)
            and _are_texts(claims.get("sub", ""), claims.get("jti", ""))
        )

    @cached_property
    def _audience_claim(self) -> Any:
        return list(self.audience) if isinstance(self.audience, tuple) else self.audience

    @cached_property
    def hs256_key(self) -> bytes | None:
        """The key for :mod:`.hs256`; None where PyJWT has to sign and verify.

        PyJWT warns of a short key, and refuses an issuer or an audience that is no text, or empty.
        """
        audience = self.audience if isinstance(self.audience, tuple) else [self.audience]
        named = [name for name in (self.issuer, *audience) if name is not None]
        is_usual = self.algorithm == "HS256" and audience and _are_texts(*named) and all(named)
        key = self.prepared_signing_key if is_usual else None
        return key if isinstance(key, bytes) and len(key) >= hs256.SHORTEST_KEY else None

    @cached_property
    def prepared_signing_key(self) -> Any:
        key = self._prepare_key(self.signing_key)
        if isinstance(key, bytes) or hasattr(key, "sign"):
            return key
        wanted = "a private key of its type, in PEM, without a password"
        if self.algorithm.startswith("HS"):
            wanted = "a secret: text or bytes, not empty, and neither PEM, DER, SSH nor a JWK"
        raise ImproperlyConfigured(f'SIMPLE_JWT["SIGNING_KEY"] cannot be used: {self.algorithm} needs {wanted}.')

    @cached_property
    def prepared_verifying_key(self) -> Any:
        key = _public_half(self._prepare_key(self.verifying_key))
        if key is not None:
            return key
        raise ImproperlyConfigured(
            f'SIMPLE_JWT["VERIFYING_KEY"] cannot be used: {self.algorithm} needs a public key of its type, in PEM.'
        )

    def _prepare_key(self, key: Any) -> Any:
        """The key in the form that PyJWT needs; None where it is none.

        The errors of PyJWT and ``cryptography`` are dropped: variables of their frames hold the key, and some of their
        messages a part of it.
        """
        with suppress(Exception):
            return conceal(super()._prepare_key(key))
        return None

    @cached_property
    def public_jwk(self) -> dict[str, Any] | None:
        """The public key (RFC 7517), with its RFC 7638 thumbprint as ``kid``; None for a secret key (HS256)."""
        if self.algorithm.startswith("HS") or not (self.signing_key or self.verifying_key):
            return None
        key = _public_half(self.prepared_signing_key) if self.signing_key else self.prepared_verifying_key
        jwk: dict[str, Any] = jwt.get_algorithm_by_name(self.algorithm).to_jwk(key, as_dict=True)
        return {**jwk, "kid": thumbprint(jwk), "alg": self.algorithm, "use": "sig", "key_ops": ["verify"]}


def _json_claims(payload: dict[str, Any]) -> dict[str, Any]:
    """The claims with times as seconds, as ``jwt.encode()`` writes them. Raises ``TypeError`` as it does."""
    if not isinstance(payload.get("iss", ""), str):
        raise TypeError("Issuer (iss) must be a string.")
    times = {name: payload[name] for name in ("exp", "iat", "nbf") if isinstance(payload.get(name), datetime)}
    return {**payload, **{name: timegm(time.utctimetuple()) for name, time in times.items()}} if times else payload


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def _public_half(key: Any) -> Any:
    return key.public_key() if hasattr(key, "public_key") else key


def thumbprint(jwk: dict[str, Any]) -> str:
    """SHA-256 of the key's required members in their canonical form (RFC 7638), as base64url without padding."""
    members = {name: jwk[name] for name in THUMBPRINT_MEMBERS[jwk["kty"]]}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url_encode(hashlib.sha256(canonical.encode()).digest()).decode()


@lru_cache(maxsize=32)
def _backend(algorithm: str, signing_key: Any, verifying_key: Any, *values: Any) -> Backend:
    """A backend, kept in memory: reading an asymmetric key takes longer than signing with it."""
    return Backend(algorithm, conceal(signing_key), conceal(verifying_key), *values)


def _access_backend(algorithm: str, signing_key: Any, verifying_key: Any, jwk_url: Any = None) -> Backend:
    audience, issuer, leeway, json_encoder = simple_jwts("AUDIENCE", "ISSUER", "LEEWAY", "JSON_ENCODER")
    audience = tuple(audience) if isinstance(audience, (list, set)) else audience
    json_encoder = import_string(json_encoder) if isinstance(json_encoder, str) else json_encoder
    return _backend(algorithm, signing_key, verifying_key, audience, issuer, jwk_url, leeway, json_encoder)


def access_backend() -> Backend:
    """The backend that signs access tokens, and that verifies them first."""
    return _access_backend(*simple_jwts("ALGORITHM", "SIGNING_KEY", "VERIFYING_KEY", "JWK_URL"))


def fallback_backends() -> list[Backend]:
    """The backends of earlier keys, one for each of ``AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS`` that can be read."""
    backends = []
    for key in conf.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS:
        with suppress(TypeError, ValueError):  # E001 reports it
            backends.append(fallback_backend(key))
    return backends


@secret_arguments("key")
def fallback_backend(key: str | bytes | tuple[str, str | bytes]) -> Backend:
    """The backend of an earlier key. A key without an algorithm is public, and must never be used as a secret.

    Raises ``ValueError`` or ``TypeError`` for a key that cannot be read.
    """
    if isinstance(key, (str, bytes)):
        text = force_str(key)
        return _access_backend(_asymmetric_algorithm(text, simple_jwt("ALGORITHM")), "", text)
    algorithm, secret = key
    octets = force_bytes(secret) if isinstance(secret, (str, bytes)) else b""
    if len(octets) < HMAC_KEY_BYTES.get(algorithm, math.inf):
        raise ValueError(_("The key cannot be read."))
    try:
        jwt.get_algorithm_by_name(algorithm).prepare_key(octets)
    except jwt.PyJWTError as error:  # it is the text of a public key
        raise ValueError(_("The key cannot be read.")) from error
    return _access_backend(algorithm, conceal(octets), "")


@lru_cache(maxsize=32)
@secret_arguments("key")
def _asymmetric_algorithm(key: str, today: str) -> str:
    """The algorithm of an earlier key: the present one if the key fits it, otherwise one for this type of key."""
    for algorithm in (today, "RS256", "ES256", "ES384", "ES512", "EdDSA"):
        if not algorithm.startswith("HS"):
            with suppress(Exception):  # PyJWT and cryptography may raise anything
                jwt.get_algorithm_by_name(algorithm).prepare_key(key)
                return algorithm
    raise ValueError(_("The key cannot be read."))


def public_keys() -> list[dict[str, Any]]:
    """The public keys that verify access tokens: the present one first, then the earlier ones. No secret key."""
    listed = [jwk for backend in (access_backend(), *fallback_backends()) if (jwk := backend.public_jwk)]
    return list({jwk["kid"]: jwk for jwk in listed}.values())


@lru_cache(maxsize=32)
@secret_arguments("secret_key")
def refresh_backend(secret_key: str | bytes) -> Backend:
    """The backend of refresh tokens, with a key derived from ``SECRET_KEY``."""
    key = salted_hmac("auth_sessions.tokens.refresh", "", secret=secret_key, algorithm="sha256")
    return Backend("HS256", conceal(key.hexdigest()))
