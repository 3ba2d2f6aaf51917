"""Acting in another person's name ("log in as"): who acts, and from which session of theirs.

``Session.actor`` is the person who really acts, also where they act through several users, one after the other.
``Session.depends_on`` is a session of their own, with which what is acted from it ends.
"""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest

from auth_sessions.core.database import all_sessions, all_users
from auth_sessions.core.dependents import depend_on
from auth_sessions.models import Session

HIJACK_KEY = "hijack_history"
"""Where django-hijack keeps the keys of the users who were left, the first of whom acts."""

LOGINAS_KEY = "loginas_from_user"
"""Where django-loginas keeps the signed key of the user who was left, unless a setting of it names another place."""

VIEWS = {("hijack.views", "AcquireUserView"), ("loginas.views", "user_login")}
"""The views of these packages that log in as another user, and only then write who acts into Django's session."""


def find_actor(request: HttpRequest, *, previous: Session | None) -> AbstractBaseUser | None:
    """Who acts in the name of the user who is logged in, as django-hijack or django-loginas has it; None: nobody.

    ``previous`` is the session whose user was logged in until now.
    """
    if previous is not None and _is_known_view(request):
        return previous.user
    if history := request.session.get(HIJACK_KEY):
        return _find_user(history[0])
    signed = request.session.get(getattr(settings, "LOGINAS_FROM_USER_SESSION_FLAG", LOGINAS_KEY))
    try:
        return _find_user(TimestampSigner().unsign(signed)) if signed else None
    except BadSignature:
        return None


def _is_known_view(request: HttpRequest) -> bool:
    view = getattr(request.resolver_match, "func", None)
    classes = getattr(getattr(view, "view_class", None), "__mro__", ())
    names = {(getattr(found, "__module__", ""), getattr(found, "__name__", "")) for found in (view, *classes)}
    return not VIEWS.isdisjoint(names)


def _find_user(key: Any) -> AbstractBaseUser | None:
    try:
        return all_users().filter(pk=get_user_model()._meta.pk.to_python(key)).first()
    except (TypeError, ValueError, ValidationError):
        return None


def set_actor(session: Session, actor: AbstractBaseUser, *, current: Session | None) -> None:
    """Make a session of ``session.user`` one in which ``actor`` acts. It does not outlive the actor's own session.

    The own session is ``current`` (the one in which the actor decided to act, if it is known), or the one from which
    ``current`` is acted itself; otherwise the session of the actor that was used last, if there is one. Nobody has
    proved the identity of the user, so that ``authenticated_at`` is NULL.
    """
    own: Session | None
    if current is None or actor.pk not in {current.user_id, current.actor_id}:
        own = all_sessions().live(user=actor).filter(actor=None).last_used_first().first()
    elif current.actor_id is None:
        own = current
    else:
        actor, own_id = current.actor or actor, current.depends_on_id
        own = None if own_id is None else all_sessions().filter(pk=own_id).first()
    session.actor, session.authenticated_at = cast("Any", actor), None
    if own is not None:
        depend_on(session, own)
