"""The old tokens: what simplejwt has signed, and what it would have accepted."""

import hashlib
import json
from datetime import datetime
from importlib import import_module
from typing import TypeVar

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.utils import get_md5_hash_password

from auth_sessions import exceptions, moments
from auth_sessions.conf import conf
from auth_sessions.contrib.simplejwt.models import RefusedTokens
from auth_sessions.core.backends import is_known
from auth_sessions.core.database import all_users, write_alias
from auth_sessions.db.locking import lock_by_primary_key
from auth_sessions.masking import secret_arguments
from auth_sessions.tokens.keys import simple_jwt
from auth_sessions.tokens.project_token import ProjectToken
from auth_sessions.tokens.session_token import SessionToken, parse

T = TypeVar("T", bound=SessionToken)

BLACKLIST = "rest_framework_simplejwt.token_blacklist"


class OldToken(ProjectToken):
    """The base of simplejwt's own tokens, with the one clock and the keys of this app's."""

    @property
    def type_claim(self) -> str:
        """The claim of the type. Where simplejwt has none, it writes one without a name, which is JSON's ``null``."""
        return simple_jwt("TOKEN_TYPE_CLAIM") or "null"

    @property
    def jti(self) -> str | None:
        name = simple_jwt("JTI_CLAIM")
        return None if name is None else str(self.payload[name])

    @property
    def digest(self) -> str:
        """By what it is remembered: its ``jti``, which a sliding token keeps when it is renewed, or all of its claims.

        Not the text of the token, which has several spellings.
        """
        known = self.payload if self.jti is None else self.jti
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    @property
    def issued_at(self) -> datetime:
        return self._moment("iat")

    @property
    def expires_at(self) -> datetime:
        """When neither it nor any renewed one with its ``jti`` is accepted any more."""
        return max(self._moment("exp"), self.renewable_until)

    @property
    def renewable_until(self) -> datetime:
        """Until when it can be exchanged."""
        claim = str(simple_jwt("SLIDING_TOKEN_REFRESH_EXP_CLAIM"))
        return self._moment(claim if claim in self.payload else "exp")

    def verify(self) -> None:
        """Raise ``TokenError`` unless it is of the right type, valid at this time, and names a user."""
        self.verify_start()
        self.verify_end()
        try:
            is_typed = is_type_known() and self.payload.get(self.type_claim) == self.token_type
            is_old = is_typed and "session_id" not in self.payload
            is_complete = self.jti != "" and "\0" not in self.user_id and bool(self.issued_at and self.expires_at)
        except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise TokenError(_("Token is incomplete")) from error
        if not (is_old and is_complete):
            raise TokenError(_("Token has wrong type"))


def is_type_known() -> bool:
    """Whether old tokens say of which type they are. Without both claims, ``jti`` has replaced the type in them."""
    return any(name is not None for name in (simple_jwt("TOKEN_TYPE_CLAIM"), simple_jwt("JTI_CLAIM")))


class OldAccessToken(OldToken):
    """It proves who asks, until its ``exp``."""

    token_type = "access"  # noqa: S105


class OldRefreshToken(OldToken):
    """It signs a person in again, without a password."""

    token_type = "refresh"  # noqa: S105


class OldSlidingToken(OldToken):
    """It does both, until its ``exp``; and a renewed one has the same ``jti``."""

    token_type = "sliding"  # noqa: S105


def require_accepted(token: OldToken) -> None:
    """Raise ``TokenNotValid`` for a token after ``AUTH_SESSIONS_SIMPLEJWT_UNTIL``, or one that is blacklisted."""
    if is_over() or (token.jti is not None and is_blacklisted(token.jti)):
        raise exceptions.TokenNotValid


def is_over() -> bool:
    """Whether no old token is accepted any more; nor with a value that is no moment, which E001 reports."""
    until = conf.AUTH_SESSIONS_SIMPLEJWT_UNTIL
    return until is not None and (not isinstance(until, datetime) or moments.has_passed(until))


def require_renewable(token: OldToken) -> None:
    """As :func:`require_accepted`; also for a sliding token that only proves who asks by now."""
    require_accepted(token)
    if not is_renewable(token):
        raise exceptions.TokenNotValid


def is_renewable(token: OldToken) -> bool:
    """Whether a token can still be exchanged. A sliding one may only prove who asks by now."""
    return token.renewable_until >= token.expires_at or not moments.has_passed(token.renewable_until)


def is_blacklisted(jti: str) -> bool:
    """Whether simplejwt's own app has blacklisted a token, where that is still installed."""
    if not apps.is_installed(BLACKLIST):
        return False
    blacklist = import_module(f"{BLACKLIST}.models")
    return bool(blacklist.BlacklistedToken.objects.filter(token__jti=jti).exists())


def get_user(token: OldToken, *, is_locked: bool = False) -> AbstractBaseUser:
    """The user of an old token who may be signed in. ``is_locked`` says that the transaction has locked their row.

    Raises :class:`~auth_sessions.exceptions.UserNotFound`, :class:`~auth_sessions.exceptions.UserInactive`,
    :class:`~auth_sessions.exceptions.PasswordChanged` if the token says of which password it is, and
    :class:`~auth_sessions.exceptions.TokenNotValid` for one that was issued before the user was signed out everywhere.
    """
    try:
        user = all_users().filter(**{simple_jwt("USER_ID_FIELD"): token.user_id}).first()
    except (ValueError, TypeError, ValidationError):
        user = None
    if user is None:
        raise exceptions.UserNotFound
    if not is_known(user, ""):
        raise exceptions.UserInactive
    claim = token.payload.get(simple_jwt("REVOKE_TOKEN_CLAIM"))
    named = str(claim).encode(errors="replace")  # a claim may hold half a surrogate pair
    if claim is not None and not constant_time_compare(named, get_md5_hash_password(user.password)):
        raise exceptions.PasswordChanged
    if is_refused(user, issued_at=token.issued_at, is_locked=is_locked):
        raise exceptions.TokenNotValid
    return user


def is_refused(user: AbstractBaseUser, *, issued_at: datetime, is_locked: bool = False) -> bool:
    """Whether a user was signed out everywhere, or got a new password, after a token was issued.

    Where the user ``is_locked``, the latest row is read, also in a transaction that reads an older snapshot.
    """
    rows = RefusedTokens.objects.using(write_alias()).filter(user_id=user.pk)
    found = lock_by_primary_key(rows) if is_locked else rows
    return any(issued_at <= refused.issued_until for refused in found)


@secret_arguments("token")
def parse_first(token: str | bytes, *token_classes: type[T]) -> T:
    """Verify and read a raw token as one of several classes: the first that fits.

    Raises :class:`~auth_sessions.exceptions.TokenNotValid` if none does: what the last one says, unless the token is
    one that has expired.
    """
    refused = []
    for token_class in token_classes:
        try:
            return parse(token_class, token)
        except exceptions.TokenNotValid as error:
            refused.append(error)
    expired = [each for each in refused if isinstance(each, exceptions.TokenExpired)]
    raise (expired or refused)[-1]
