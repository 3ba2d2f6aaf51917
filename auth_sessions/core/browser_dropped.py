"""A login that Django's session does not hold any more, or that a failed response has not sent: its row ends."""

from contextlib import suppress

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError, transaction
from django.http import HttpRequest

from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.core import django_session_store as store
from auth_sessions.core.browser_rows import end_row_if_invalid, has_password_of, is_logged_in_as, select_presented
from auth_sessions.core.browser_state import RequestState, get_state
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.core.presented import SESSION_ID_KEY, Acting
from auth_sessions.db.transactions import in_transaction
from auth_sessions.models import Session


def holds_presented(state: RequestState, django_session: SessionBase) -> bool:
    """Whether Django's session still holds the login that the cookie named."""
    presented = state.presented.read()
    user_key = None if django_session.is_empty() else django_session.get(SESSION_KEY)
    if user_key is None:
        return False
    if presented is None:  # nobody has loaded it
        return django_session is not state.presented.django_session and (
            store.entry_key(django_session) == state.presented.key
        )
    named = {django_session.get(SESSION_ID_KEY), str(state.session.pk) if state.session else None}
    return user_key == presented.user_key and (presented.session_id is None or presented.session_id in named)


def end_dropped(request: HttpRequest) -> None:
    """End the row that the cookie named, as a sign-out with the scope ``local``: Django's session holds another login.

    Does nothing if it still holds the login that the cookie named, or if that row was left to act
    (:func:`core.browser_naming.note_actor`).
    """
    state = get_state(request)
    if state is None or holds_presented(state, request.session):
        return
    django_session, presented = request.session, state.presented
    row, login = select_presented(presented), presented.login
    transaction.on_commit(presented.forget, using=write_alias())  # not if it is rolled back
    if row is None:
        return
    if state.session == row:
        state.session = None
    if login is not None and not has_password_of(login, row.user):
        end_row_if_invalid(row)  # an old copy of the cookie, which Django refuses
        return
    _end_without_entry(row, django_session, request=request)
    state.has_left_acting = row.actor_id is not None
    if row.is_staff_help and row.depends_on_id is not None and presented.acting is None:  # nobody has loaded the data
        left = all_sessions().filter(pk=row.depends_on_id, kind=SessionKind.BROWSER)
        own = left.filter(django_session_key=None, django_session_engine=None).first()
        presented.acting = Acting(actor=str(row.actor_id), session=None if own is None else str(own.pk))


def _end_without_entry(row: Session, django_session: SessionBase, *, request: HttpRequest) -> None:
    """End the row of a login that Django's session does not hold any more, and keep what else that holds now."""
    if SESSION_KEY not in django_session:
        django_session.pop(SESSION_ID_KEY, None)
    rows = all_sessions().filter(pk=row.pk)
    keeps_entry = row.django_session_key is not None and row.django_session_key == store.entry_key(django_session)

    def end() -> None:
        if keeps_entry:
            rows.update(django_session_key=None)
        rows.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL, actor=row.user, request=request)

    in_transaction(end, using=write_alias())


def end_replaced(request: HttpRequest, *, has_failed: bool) -> None:
    """End the rows of logins of this request that Django's session does not hold any more: no cookie leads to them.

    Another user has logged in since, or the session was emptied. One from which somebody acts stays.
    """
    state = get_state(request)
    if state is None:
        return
    own_id = state.presented.acting["session"] if state.presented.acting is not None else None
    last = {id(django_session): row for row, django_session in state.made}
    for row, django_session in state.made:
        is_held = row is last[id(django_session)] and (has_failed or is_logged_in_as(django_session, row.user))
        if is_held or str(row.pk) == own_id:
            continue
        if row == state.created:
            state.created = None
        if row == state.session:
            state.session = None
        with suppress(DatabaseError):
            if has_failed:
                all_sessions().filter(pk=row.pk).end(reason=EndReason.DELETED)
            else:
                _end_without_entry(row, django_session, request=request)


def end_unsent(request: HttpRequest) -> None:
    """After a 5xx: end the row of a login of this request, as Django does not send the cookie.

    An older login of Django's, which the browser keeps, keeps the row as well.
    """
    state = get_state(request)
    if state is None or state.created is None:
        return
    session, state.created, state.provisional = state.created, None, None
    if session.django_session_key is not None and session.django_session_key == state.presented.key:
        return
    if state.session is session:
        state.session = None
    # A rollback takes a new row with it, and the store from one that was to come back.
    rows = all_sessions().filter(pk=session.pk, django_session_engine=session.django_session_engine)
    with suppress(DatabaseError):
        rows.end(reason=EndReason.DELETED)
