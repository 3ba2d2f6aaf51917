"""The methods of a view that a project may override, in each interface that has such a view."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from auth_sessions.api import DEFAULT, Lifetime
from auth_sessions.core import otp
from auth_sessions.core.credentials import has_password, prove_again, verify_password
from auth_sessions.db.transactions import without_atomic_requests
from auth_sessions.masking import secret_arguments
from auth_sessions.models import Session


class OwnTransactionsMixin:
    """A view that takes no part in ``ATOMIC_REQUESTS``: its changes are transactions of the app's own."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return without_atomic_requests(super().as_view(**initkwargs))  # type: ignore[misc]


class NewSessionMixin:
    """A view that creates a session: how long it lasts, and which tag it gets."""

    def get_lifetime(self) -> Lifetime:
        """The lifetime of the session ("remember me"): a timedelta, None (no end), or ``DEFAULT`` (the setting)."""
        return DEFAULT

    def get_tag(self) -> str:
        """The tag that groups this client for limits, at most 100 characters."""
        return ""


class SecondFactorMixin:
    """A view that may ask for a second factor."""

    @secret_arguments("credentials")
    def second_factor(
        self, request: HttpRequest, user: AbstractBaseUser, credentials: Mapping[str, Any]
    ) -> Iterable[str]:
        """Ask for the second factor of a user whose password is right, before there is a session.

        ``credentials`` is what the client sent, with its code in ``otp``. Returns the authentication method references
        (RFC 8176) of what was verified, nothing for a user without a second factor. Raises
        :class:`~auth_sessions.exceptions.SecondFactorRequired` without a code, and
        :class:`~auth_sessions.exceptions.SecondFactorInvalid` for a wrong one, which counts as a failed sign-in. By
        default it is asked of users with a confirmed device of django-otp, where that is installed.
        """
        return otp.verify(user, credentials.get("otp") or "")


class SignInMixin(SecondFactorMixin, NewSessionMixin):
    """A sign-in, which may need a second factor."""


class ReauthenticationMixin:
    """A view that asks the person who is signed in for their password."""

    def has_password(self, user: AbstractBaseUser) -> bool:
        """Whether the person can be asked for a password; otherwise they are asked to sign in again."""
        return has_password(user)

    @secret_arguments("password")
    def verify_password(
        self, request: HttpRequest, user: AbstractBaseUser, password: str, *, backend: str | None = None
    ) -> AbstractBaseUser | None:
        """The same user, as a backend of the project returns them for this password; None if it is wrong.

        ``backend`` is the path of the one that made the present login, if that is known. By default the password is
        tried with the user name, the e-mail address, and what that backend takes, as one attempt. An override that
        finds a password wrong sends Django's ``user_login_failed`` if it does not call ``authenticate()``.
        """
        return verify_password(user, password, request=request, backend=backend)


class StepUpMixin(ReauthenticationMixin, SecondFactorMixin):
    """A view in which the person who is signed in proves their identity again, by all that a sign-in asks for."""

    @secret_arguments("credentials")
    def verify_identity(
        self, request: HttpRequest, session: Session, credentials: Mapping[str, Any]
    ) -> tuple[AbstractBaseUser | None, Iterable[str]]:
        """Verify the proof that the client has sent. A project with a proof of its own overrides it.

        ``credentials`` has ``password``, which is asked of whoever has one, and the code of a second factor in ``otp``.
        Returns the user as the backend that accepted the password returned them, or None without a password; and the
        authentication method references (RFC 8176) of what was verified. Raises
        :class:`~auth_sessions.exceptions.ReauthenticationFailed`,
        :class:`~auth_sessions.exceptions.SecondFactorRequired`, which is no failure yet,
        :class:`~auth_sessions.exceptions.SecondFactorInvalid`,
        :class:`~auth_sessions.exceptions.PasswordTooLong`, and
        :class:`~auth_sessions.exceptions.ReauthenticationUnavailable` for a person who has neither.
        """

        @secret_arguments("password")
        def verify(password: str) -> AbstractBaseUser | None:
            backend = session.auth_backend or None
            return self.verify_password(request, session.user, password, backend=backend)

        password = partial(verify, credentials.get("password") or "") if self.has_password(session.user) else None
        return prove_again(
            session.user,
            request=request,
            password=password,
            second_factor=lambda user: self.second_factor(request, user, credentials),
        )
