"""The Python API of the app: eleven functions, each with an async variant of the same name after an ``a``.

In addition, :func:`clear_expired` is for a scheduled task; it does what the command ``clearauthsessions`` does.

All functions raise subclasses of :class:`~auth_sessions.exceptions.AuthSessionsError`, whose ``code`` is stable. A view
that does not derive from ``auth_sessions.views.AuthSessionsView`` turns such an error into an HTTP response with
``auth_sessions.authentication.to_api_exception``. To end sessions in bulk, call ``end()`` of a queryset of sessions.

A refusal may end a session, as the reuse of a refresh token does, in its own transaction. If the project calls
:func:`refresh` inside a ``transaction.atomic()`` block, it must handle the error within the block: an error that leaves
the block rolls back the end of the session.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from auth_sessions import exceptions, refusals
from auth_sessions.authentication import get_session
from auth_sessions.core import rotation, usage
from auth_sessions.core.cleanup import ClearedBatch, clear_expired
from auth_sessions.core.creation import create_session, end_on_error
from auth_sessions.core.credentials import SecondFactor, authenticate, normalized
from auth_sessions.core.database import as_told, translate_missing_user, write_alias
from auth_sessions.core.hand_over import HandOver, create_hand_over, get_hand_over, redeem_hand_over
from auth_sessions.core.lifetimes import DEFAULT, Lifetime
from auth_sessions.core.password_changes import change_password
from auth_sessions.core.sign_out import sign_out
from auth_sessions.db.transactions import retry_conflicts
from auth_sessions.masking import async_variant, secret_arguments
from auth_sessions.models import Session
from auth_sessions.tokens import SessionRefreshToken, TokenPair, issue, parse
from auth_sessions.tokens.access_token import claims_of_people
from auth_sessions.tokens.pair import issue_access

__all__ = [
    "DEFAULT",
    "ClearedBatch",
    "HandOver",
    "Lifetime",
    "SecondFactor",
    "TokenPair",
    "achange_password",
    "acreate_hand_over",
    "aget_hand_over",
    "aget_session",
    "aissue_access_token",
    "amark_reauthenticated",
    "aredeem_hand_over",
    "arefresh",
    "asign_in",
    "asign_in_user",
    "asign_out",
    "change_password",
    "clear_expired",
    "create_hand_over",
    "get_hand_over",
    "get_session",
    "issue_access_token",
    "mark_reauthenticated",
    "redeem_hand_over",
    "refresh",
    "sign_in",
    "sign_in_user",
    "sign_out",
]


@secret_arguments("credentials")
def sign_in(
    request: HttpRequest,
    credentials: Mapping[str, Any],
    *,
    name: str = "",
    tag: str = "",
    lifetime: Lifetime = DEFAULT,
    second_factor: SecondFactor | None = None,
    normalize: bool = True,
) -> TokenPair:
    """Sign a person in by credentials, the keyword arguments of ``django.contrib.auth.authenticate()``, which decides.

    The user name is normalised (Unicode NFKC) as by Django's login form, unless ``normalize`` is False: for a name that
    has been read from the database.

    ``name`` is the person's label for the device (100 characters), ``tag`` groups clients for limits (100 characters);
    ``lifetime`` is that of :func:`sign_in_user`. ``second_factor`` is called with the user whom ``authenticate()`` has
    accepted, before there is a session: it returns the authentication method references of what it has verified, or
    raises :class:`~auth_sessions.exceptions.SecondFactorRequired` or
    :class:`~auth_sessions.exceptions.SecondFactorInvalid`; without it credentials are enough. Sends Django's
    ``user_logged_in`` or, once for each refusal of a password or a code, ``user_login_failed``. Raises
    :class:`~auth_sessions.exceptions.NoActiveAccount`, :class:`~auth_sessions.exceptions.PasswordTooLong`, and what
    ``second_factor`` and :func:`sign_in_user` raise.
    """
    credentials = normalized(credentials) if normalize else credentials
    user, amr = authenticate(request, credentials, second_factor=second_factor)
    return sign_in_user(user, request=request, amr=amr, name=name, tag=tag, lifetime=lifetime)


def sign_in_user(
    user: AbstractBaseUser,
    *,
    request: HttpRequest | None = None,
    amr: Iterable[str] = (),
    name: str = "",
    tag: str = "",
    lifetime: Lifetime = DEFAULT,
    actor: AbstractBaseUser | None = None,
) -> TokenPair:
    """Sign in a user whose identity the caller has verified, for example by a magic link, a social login or a code.

    Creates the session, sends Django's ``user_logged_in`` (with ``session``), and issues the tokens. If one of these
    steps fails, the session ends. ``amr`` are authentication method references (RFC 8176); ``lifetime`` is a timedelta,
    None (no absolute end), or ``DEFAULT`` (``AUTH_SESSIONS_LIFETIME``), with ``AUTH_SESSIONS_PRESET`` no longer than
    that setting. The session gets the fingerprint of the
    password hash on the user object: if the password has changed since the object was read, the session is refused from
    the start.

    ``actor`` is the person who really acts, where somebody signs in in the user's name (support, "log in as"). Such a
    session counts against no limit, is never freshly authenticated, and is listed as help by staff; it ends with the
    actor's own session: that of the ``request``, or without one of theirs the one they used last.

    Raises :class:`~auth_sessions.exceptions.UserInactive`, :class:`~auth_sessions.exceptions.UserNotFound` (the user
    was deleted meanwhile), :class:`~auth_sessions.exceptions.SessionNotFound` (the actor was signed out meanwhile), and
    under the limit policy ``"refuse"`` :class:`~auth_sessions.exceptions.SessionLimitReached`.
    """
    current = None if actor is None or request is None else get_session(request)

    def start() -> TokenPair:
        session = create_session(
            user, request=request, name=name, tag=tag, amr=amr, lifetime=lifetime, actor=actor, current=current
        )
        with end_on_error(session):
            people = claims_of_people(session)
            with translate_missing_user(user):
                user_logged_in.send(sender=type(user), request=request, user=user, session=as_told(session))
            return issue(session, request=request, people=people)

    # Two sign-ins of one person write last_login, which is a conflict at REPEATABLE READ.
    with refusals.telling_sign_in(user, request):
        return retry_conflicts(start, using=write_alias())


@secret_arguments("token")
def refresh(token: str, *, request: HttpRequest | None = None) -> TokenPair:
    """Issue a new pair for a refresh token (RFC 6749, section 6), with rotation and reuse detection (RFC 9700, 4.14).

    Of many requests that present the same token at once, exactly one rotates it, and all get the same new token. Raises
    :class:`~auth_sessions.exceptions.TokenNotValid`, :class:`~auth_sessions.exceptions.SessionNotFound`,
    :class:`~auth_sessions.exceptions.SessionExpired`, :class:`~auth_sessions.exceptions.PasswordChanged`,
    :class:`~auth_sessions.exceptions.UserInactive` or :class:`~auth_sessions.exceptions.RefreshTokenAlreadyUsed`.
    """
    with refusals.telling(request):
        parsed = parse(SessionRefreshToken, token)
        session = rotation.refresh(parsed.session_id, generation=parsed.generation, jti=parsed.jti, request=request)
    return issue(session, request=request)


def mark_reauthenticated(session: Session, *, amr: Iterable[str] = (), request: HttpRequest | None = None) -> None:
    """Record that the person has proved their identity again in this session: moves ``authenticated_at`` to now.

    The caller has verified the proof. ``amr`` are authentication method references (RFC 8176), added to those of the
    session; ``request`` is for the security log. Raises :class:`~auth_sessions.exceptions.SessionNotFound` if the
    session has ended.
    """
    if not usage.mark_reauthenticated(session, amr=amr, request=request):
        raise exceptions.SessionNotFound


def issue_access_token(session: Session, *, request: HttpRequest | None = None) -> str:
    """A new access token for a token session that exists, as after :func:`mark_reauthenticated`; nothing rotates.

    It has the present ``auth_time`` and ``amr``, and what receivers of ``access_token_issuing`` add. The caller has
    authenticated the client. Raises :class:`~auth_sessions.exceptions.SessionNotFound` if the session has ended, and
    ``ValueError`` for a browser session, which has no token.
    """
    return issue_access(session, request=request)


asign_in = async_variant(sign_in, "credentials")
asign_in_user = sync_to_async(sign_in_user)
arefresh = async_variant(refresh, "token")
asign_out = sync_to_async(sign_out)
achange_password = async_variant(change_password, "password")
aget_session = sync_to_async(get_session)
amark_reauthenticated = sync_to_async(mark_reauthenticated)
aissue_access_token = sync_to_async(issue_access_token)
acreate_hand_over = sync_to_async(create_hand_over)
aget_hand_over = async_variant(get_hand_over, "code")
aredeem_hand_over = async_variant(redeem_hand_over, "code")
