"""Writes to the data of Django's session which row is theirs, and who acts in it."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from auth_sessions.choices import EndReason, Scope
from auth_sessions.core import django_session_store as store
from auth_sessions.core.browser_rows import is_logged_in_as
from auth_sessions.core.browser_state import set_current, state_of
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.core.presented import ACTING_KEY, SESSION_ID_KEY, Acting
from auth_sessions.db.transactions import call_on_commit
from auth_sessions.models import Session


def name_on_commit(request: HttpRequest, session: Session, user: AbstractBaseUser, *, is_new: bool) -> None:
    """Make it the session of this request, and write its id to the data on commit: the row may be rolled back."""
    set_current(request, session)
    state_of(request).is_new = is_new
    write = partial(write_session_id, request, request.session, session, user, is_new=is_new)
    call_on_commit(write, using=write_alias())


def write_session_id(
    request: HttpRequest, django_session: SessionBase, session: Session, user: AbstractBaseUser, *, is_new: bool
) -> None:
    """Write the session id to the data of Django's session, unless the user has logged out meanwhile.

    The data are saved with a login that ``is_new``. Others may have been loaded long before: the id is then added to
    the entry as it is in the store now, and to the data of this request only in case that they are saved as well. For
    a signed cookie, :func:`core.responses.sync_on_response` follows.
    """
    state = state_of(request)
    if state.session is not session or not is_logged_in_as(django_session, user):
        return
    was_modified = django_session.modified
    named: dict[str, Any] = {SESSION_ID_KEY: str(session.pk)}
    if session.actor_id is not None and state.presented.acting is not None:
        named[ACTING_KEY] = state.presented.acting
    django_session.update(named)
    if is_new and django_session is request.session:
        return
    django_session.modified = was_modified
    if store.is_signed_cookie(django_session):
        state.is_joined = True
    else:
        for name, value in named.items():
            store.add_to_entry(django_session, name, value)
        all_sessions().filter(pk=session.pk).update(django_session_engine=settings.SESSION_ENGINE)


def note_actor(request: HttpRequest, session: Session) -> None:
    """Note who acts in a new session, and which session of theirs comes back to this browser.

    The row that was left to act stays although no data name it meanwhile.
    """
    state = state_of(request)
    acting, left = state.presented.acting, state.previous
    state.presented.acting = None
    if session.actor_id is None:
        return
    own = acting and acting["session"] if left is None or left.actor_id is not None else str(left.pk)
    is_carried = own is not None and own == str(session.depends_on_id)
    state.presented.acting = Acting(actor=str(session.actor_id), session=own if is_carried else None)
    if left is not None and is_carried:
        rows = all_sessions().filter(pk=left.pk)
        if left.user_id == session.user_id:
            rows.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL, actor=session.actor, request=request)
        else:
            rows.update(django_session_key=None, django_session_engine=None)
        state.presented.forget()
    if request.session.get(SESSION_ID_KEY) == str(session.pk):
        request.session[ACTING_KEY] = state.presented.acting
