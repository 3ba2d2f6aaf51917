"""Permissions for views of Django REST framework."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar, NoReturn, Self, cast

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.permissions import BasePermission, BasePermissionMetaclass
from rest_framework.request import Request

from auth_sessions.authentication import get_session, to_api_exception
from auth_sessions.core.freshness import USUAL, Requirement, require_fresh
from auth_sessions.exceptions import AuthSessionsError

__all__ = ["RecentlyAuthenticated"]


class _RefusingLast(BasePermissionMetaclass):
    """``A | B`` asks ``B`` first if ``A`` answers a refusal itself, so that what else gives access is asked, too."""

    def __or__(self, other: Any) -> Any:
        return super().__ror__(other)

    def __invert__(self) -> NoReturn:
        raise TypeError(f"{self.__name__} cannot be negated: it answers a refusal itself.")


class RecentlyAuthenticated(BasePermission, metaclass=_RefusingLast):
    """Requires a recent proof of identity: ``permission_classes = [RecentlyAuthenticated.within(minutes=10)]``.

    The class itself requires one younger than ``AUTH_SESSIONS_REAUTHENTICATION_AGE``. Otherwise the answer is 401 with
    the challenge of RFC 9470 (``insufficient_user_authentication``); the client proves the identity, by
    ``POST reauthenticate/`` for example, and calls again. A session whose last proof is not known is never fresh. 403
    where somebody acts in another person's name, and for a request that is authenticated without a session of the
    app's. A request that is not authenticated is refused as by DRF's ``IsAuthenticated``.

    A sign-out of the caller's own session alone is never refused: a view whose ``is_own_sign_out`` is true.

    Costs no SQL for a request whose session is fresh, and one SELECT for another. It combines by ``&`` and ``|``; in an
    alternative to a combination it stands last, because it raises instead of returning False.
    """

    requirement: ClassVar[Requirement] = USUAL

    @classmethod
    def within(cls, max_age: timedelta | None = None, *, methods: Iterable[str] = (), **duration: float) -> type[Self]:
        """The permission for another age: a ``timedelta``, or its keyword arguments, as in ``within(minutes=10)``.

        Without one, that of the setting. With ``methods``, authentication method references (RFC 8176), one of them
        must have been proved that recently: ``within(minutes=10, methods=["mfa"])``.
        """
        requirement = Requirement.of(max_age, methods=methods, **duration)
        members = {"requirement": requirement, "__module__": cls.__module__, "__doc__": cls.__doc__}
        return cast("type[Self]", _RefusingLast(cls.__name__, (cls,), members))

    def has_permission(self, request: Request, view: Any) -> bool:
        if getattr(view, "is_own_sign_out", False):
            return True
        if not request.user or not request.user.is_authenticated:
            return False
        session = get_session(request)
        if session is None:
            raise exceptions.PermissionDenied(_("This requires a sign-in of your own on this device."))
        try:
            require_fresh(session, self.requirement)
        except AuthSessionsError as error:
            raise _get_converter(request, view)(error) from error
        except PermissionDenied as error:  # the browsable API asks on behalf of its forms, and expects REST framework's
            raise exceptions.PermissionDenied(str(error)) from error
        return True


def _get_converter(request: Request, view: Any) -> Any:
    """By what a refusal is answered: the view, or the class that has authenticated the request, or as everywhere."""
    for source in (view, request.successful_authenticator):
        if converter := getattr(source, "to_api_exception", None):
            return converter
    return to_api_exception
