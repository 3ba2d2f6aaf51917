"""Decorators for views of Django's own."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework_simplejwt.exceptions import AuthenticationFailed

from auth_sessions import step_up
from auth_sessions.authentication import SessionJWTAuthentication, get_session, to_api_exception
from auth_sessions.choices import SessionKind
from auth_sessions.core.browser_state import is_deferred
from auth_sessions.core.browser_validation import has_stale_cookie
from auth_sessions.core.freshness import Requirement, require_fresh
from auth_sessions.exceptions import AuthSessionsError, InsufficientUserAuthentication, SessionNotFound
from auth_sessions.models import Session
from auth_sessions.preferences import add_end_reason

__all__ = ["recently_authenticated"]

_View = TypeVar("_View", bound=Callable[..., Any])


def recently_authenticated(
    max_age: timedelta | None = None, *, methods: Iterable[str] = (), **duration: float
) -> Callable[[_View], _View]:
    """Requires a recent proof of identity for a view of Django's own, sync or async: by access token or cookie.

    The arguments are those of :meth:`~auth_sessions.permissions.RecentlyAuthenticated.within`. A browser that asks for
    a page is led to the page that asks for the proof, and back: ``AUTH_SESSIONS_REAUTHENTICATION_URL``, else the page
    of ``auth_sessions.pages``; if nobody is signed in, to ``LOGIN_URL``. Anybody else gets 401 with the challenge of
    RFC 9470 in JSON, or with the code of another refusal. 403 (``PermissionDenied``) where somebody acts in another
    person's name, and where the session is not that of ``request.user``.

    For a class-based view: ``@method_decorator(recently_authenticated(minutes=10), name="dispatch")``.
    """
    requirement = Requirement.of(max_age, methods=methods, **duration)

    def decorate(view: _View) -> _View:
        async def answer_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            refusal = await sync_to_async(_refuse)(request, requirement)
            return await view(request, *args, **kwargs) if refusal is None else refusal

        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            refusal = _refuse(request, requirement)
            return view(request, *args, **kwargs) if refusal is None else refusal

        return cast("_View", wraps(view)(answer_async if _is_async(view) else answer))

    return decorate


def _is_async(view: Any) -> bool:
    """Whether a view is awaited; ``dispatch()`` of a class-based view says so by ``view_is_async``."""
    method = getattr(view, "func", view)  # what `method_decorator` passes on is a partial object
    return iscoroutinefunction(view) or getattr(getattr(method, "__self__", None), "view_is_async", False)


def _refuse(request: HttpRequest, requirement: Requirement) -> HttpResponseBase | None:
    """The response instead of the view's; None if the proof of identity is recent."""
    session: Session | None = None
    refusal: HttpResponseBase | None
    try:
        session = cast("Session", get_session(request, raise_exception=True))
        _require_own(request, session)
        require_fresh(session, requirement)
    except AuthSessionsError as error:
        if session is None:
            _require_own(request, session)
        refusal = _lead(request, session, requirement, error) or _answer(request, error)
    else:
        refusal = step_up.leave_mark(request)
    if refusal is not None:
        add_never_cache_headers(refusal)
    return refusal


def _require_own(request: HttpRequest, session: Session | None) -> None:
    """Raise ``PermissionDenied`` unless the session is that of the user whom the view will see, if it sees any."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or (session is None and is_deferred(request)):
        return
    if session is None or session.user_id != user.pk:
        raise PermissionDenied(_("This requires a sign-in of your own on this device."))


def _lead(
    request: HttpRequest, session: Session | None, requirement: Requirement, error: AuthSessionsError
) -> HttpResponseBase | None:
    """Redirect a browser that asks for a page; None for any other client, or where there is no page to lead to."""
    if request.get_preferred_type(["application/json", "text/html"]) != "text/html":
        return None
    back = step_up.get_way_back(request)
    if session is None:
        if "Authorization" in request.headers:
            return None
        return step_up.fetch_cookie(request) if is_deferred(request) else redirect_to_login(back)
    if session.kind != SessionKind.BROWSER or not isinstance(error, InsufficientUserAuthentication):
        return None
    url = step_up.get_url(back, requirement)
    return None if url is None else HttpResponseRedirect(url)


def _answer(request: HttpRequest, error: AuthSessionsError) -> JsonResponse:
    """The refusal as the views of the REST API answer it."""
    refusal = to_api_exception(error)
    has_credentials = "Authorization" in request.headers or has_stale_cookie(request)
    if isinstance(error, SessionNotFound) and not has_credentials:
        refusal = AuthenticationFailed(str(NotAuthenticated.default_detail), code="not_authenticated")
    headers = add_end_reason(refusal, error, request=request)
    response = JsonResponse(cast("dict[str, Any]", refusal.detail), status=refusal.status_code, headers=headers)
    usual = SessionJWTAuthentication().authenticate_header(cast("Any", request))
    response["WWW-Authenticate"] = getattr(refusal, "auth_header", usual)
    return response
