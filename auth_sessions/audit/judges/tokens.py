"""Tokens: their keys, claims and rotation, and the randomness of what is a secret."""

import warnings
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model

from auth_sessions.audit.findings import Finding, duty, met, not_applicable, not_met
from auth_sessions.audit.judges.common import by_checks, own_classes, static_tokens
from auth_sessions.audit.judges.cookies import has_other_engine
from auth_sessions.audit.judges.ending import passwords_at_each_request
from auth_sessions.audit.project import HIGHEST_LEVEL, Project, spell
from auth_sessions.conf import conf
from auth_sessions.pages.revocation_delay import get_leeway
from auth_sessions.tokens.keys import access_backend, simple_jwt

RSA_BITS = 2048
"""The shortest key of RSA (RFC 7518, section 3.3)."""

LONGEST_LEEWAY = timedelta(minutes=5)
"""For clocks that differ: "usually no more than a few minutes" (RFC 7519, section 4.1.4)."""

LONGEST_INTERVAL = timedelta(minutes=1)
"""For which an earlier refresh token may be answered: for requests that are on their way, and no thief."""

STRICT = 'AUTH_SESSIONS_REUSE_POLICY = "strict"'


def _is_secret() -> bool:
    return str(simple_jwt("ALGORITHM")).startswith("HS")


def refresh_tokens_are_good_once(project: Project) -> Finding:
    if project.level == HIGHEST_LEVEL:
        return not_met(
            "Rotation is enough up to level 2. Level 3 asks for refresh tokens that are bound to their client.",
            f"No setting. {STRICT} for level 2.",
        )
    return reused_refresh_tokens_end_the_session(project)


def _is_answered_for_long(project: Project) -> Finding | None:
    interval = conf.AUTH_SESSIONS_REUSE_INTERVAL
    if interval <= LONGEST_INTERVAL:
        return None
    return not_met(
        f"For {spell(interval)} after a rotation the earlier refresh token is answered, and nothing rotates.",
        f"AUTH_SESSIONS_REUSE_INTERVAL of {spell(LONGEST_INTERVAL)} at most.",
    )


def reused_refresh_tokens_end_the_session(project: Project) -> Finding:
    policy, interval = conf.AUTH_SESSIONS_REUSE_POLICY, spell(conf.AUTH_SESSIONS_REUSE_INTERVAL)
    if policy == "strict":
        return _is_answered_for_long(project) or met(
            f"A refresh token that was rotated ends the session when it comes back, later than {interval} after."
        )
    if policy == "confirmed":
        return not_met(
            "A refresh token that was rotated ends the session only once the new one was seen in use: the policy "
            '"confirmed" signs out no client that has lost an answer.',
            f"{STRICT}, or accept this (docs/explanation/refresh.md).",
        )
    return not_met(f"AUTH_SESSIONS_REUSE_POLICY is {policy!r}: earlier refresh tokens are answered.", STRICT)


def refresh_tokens_rotate(project: Project) -> Finding:
    policy, interval = conf.AUTH_SESSIONS_REUSE_POLICY, spell(conf.AUTH_SESSIONS_REUSE_INTERVAL)
    if policy in {"strict", "confirmed"}:
        return _is_answered_for_long(project) or met(
            f"Each refresh gives a new one, at most every {interval}; the policy {policy!r} detects reuse."
        )
    return not_met(f"AUTH_SESSIONS_REUSE_POLICY is {policy!r}: earlier refresh tokens are answered.", STRICT)


def times_are_verified(project: Project) -> Finding:
    if (leeway := get_leeway()) > LONGEST_LEEWAY:
        return not_met(
            f'SIMPLE_JWT["LEEWAY"] is {spell(leeway)}: for so long a token counts before nbf and after exp.',
            f"{spell(LONGEST_LEEWAY)} at most.",
        )
    return own_classes(project) or met("exp is required, and nbf is verified where a token has it.")


def sign_and_verify(project: Project) -> Finding:
    found = by_checks(project, "auth_sessions.E006") or own_classes(project)
    return found or met("The signature is verified before a claim is read.")


def keys_come_from_settings(project: Project) -> Finding:
    if (url := simple_jwt("JWK_URL")) and not str(url).startswith("https://"):
        return not_met("JWK_URL is not read over TLS.", "Give it an address with https.")
    return own_classes(project) or met("Keys are those of the settings; a token cannot bring or name another.")


def keys_are_strong(project: Project) -> Finding:
    change = "Set a random SECRET_KEY of 50 characters or more, and no shorter one among SECRET_KEY_FALLBACKS."
    if found := by_checks(
        project, "auth_sessions.E006", "auth_sessions.W007", "security.W009", "security.W025", change=change
    ):
        return found
    with warnings.catch_warnings(action="ignore"):
        key: Any = None if _is_secret() else access_backend().prepared_signing_key
    bits = getattr(key, "key_size", None) if str(simple_jwt("ALGORITHM")).startswith(("RS", "PS")) else None
    if bits is not None and bits < RSA_BITS:
        return not_met(f"The RSA key has {bits} bits.", f"Make one of {RSA_BITS} bits or more.")
    return duty(
        "The keys are long enough. Whether they are random, nobody can see.",
        "Make SECRET_KEY, and SIMPLE_JWT's SIGNING_KEY, by a random generator; none of them by hand.",
    )


def audience_is_verified(project: Project) -> Finding:
    if simple_jwt("AUDIENCE"):
        return own_classes(project) or met("AUDIENCE is set: an access token for another audience is refused.")
    if _is_secret():
        return duty(
            "AUDIENCE is not set. Only who has the secret key verifies access tokens.",
            "Keep the key to this service, or set SIMPLE_JWT's AUDIENCE.",
        )
    return not_met(
        "AUDIENCE is not set, and a public key verifies access tokens anywhere.",
        'SIMPLE_JWT["AUDIENCE"] = "…"',
    )


def issuer_is_verified(project: Project) -> Finding:
    if simple_jwt("ISSUER"):
        return own_classes(project) or met("ISSUER is set: an access token of another issuer is refused.")
    return not_applicable("ISSUER is not set: tokens name no issuer, and are verified by the project's own keys.")


def user_is_found_by_what_stays(project: Project) -> Finding:
    name = simple_jwt("USER_ID_FIELD")
    key = get_user_model()._meta.pk
    if name in {"pk", key.name, key.attname}:
        return met("Tokens name the primary key, and their session's user must be the same.")
    return duty(f"Tokens name the field {name!r}.", "See that no other person ever gets this value, or use the key.")


def tokens_are_made_anew(project: Project) -> Finding:
    if found := static_tokens(project, "keys that never change"):
        return found
    by_password, made = passwords_at_each_request(project), "Tokens and session keys are made at each sign-in."
    return by_password or own_classes(project) or met(made)


def secrets_are_random(project: Project) -> Finding:
    other = has_other_engine(project) if project.has_cookies else None
    return other or met("Refresh tokens, codes and session keys are made of 128 random bits or more.")


def tokens_are_not_in_addresses(project: Project) -> Finding:
    if project.has_sockets:
        return duty(
            "Requests carry tokens in a header or in the body. A WebSocket may carry one in its address.",
            "Let clients send it as a subprotocol (docs/sockets.md).",
        )
    return own_classes(project) or met(
        "Tokens are read from a header or the body. The code of a hand-over comes in an address, is good once, and "
        "leaves it."
    )


def algorithm_is_known(project: Project) -> Finding:
    return by_checks(project, "auth_sessions.E006") or met(
        f"Access tokens are signed by {simple_jwt('ALGORITHM')}, refresh tokens by HS256."
    )
