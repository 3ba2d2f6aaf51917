"""Records that somebody who is signed in has proved their identity again, in the request in which they did."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from auth_sessions import exceptions
from auth_sessions.choices import SessionKind
from auth_sessions.core.usage import mark_reauthenticated
from auth_sessions.models import Session


def renew(session: Session, user: AbstractBaseUser | None, *, amr: Iterable[str], request: HttpRequest) -> None:
    """Record the proof in the session of the request. Raises ``SessionNotFound`` if it has ended meanwhile.

    ``user`` is the one that a backend has returned for the password, if that was asked. Where it upgraded the hash,
    Django's session hash follows; otherwise Django would sign the browser out.
    """
    if not mark_reauthenticated(session, user, amr=amr, request=request):
        raise exceptions.SessionNotFound
    if user is None or session.kind != SessionKind.BROWSER:
        return
    if user.password != cast("AbstractBaseUser", request.user).password:
        update_session_auth_hash(request, cast("Any", user))
