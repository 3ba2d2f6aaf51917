"""The page on which a browser takes over the sign-in of an app (``core.hand_over``)."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.decorators import method_decorator
from django.utils.encoding import escape_uri_path
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from auth_sessions import refusals
from auth_sessions.core import browser_validation
from auth_sessions.core.hand_over import LIFETIME, HandOver, get_hand_over, is_genuine, redeem_hand_over, use_up
from auth_sessions.core.people import known_name
from auth_sessions.exceptions import HandOverNotValid
from auth_sessions.masking import conceal, secret_arguments
from auth_sessions.pages.views import BrowserPage

_PROTECTION = (
    never_cache,
    xframe_options_deny,
    csrf_protect,
    sensitive_post_parameters("code"),
    login_not_required,
)


@method_decorator(_PROTECTION, name="dispatch")
class HandOverView(BrowserPage):
    """GET asks whether to sign in as the person of the code, and POST does it. Where they are already, both only go on.

    The code in the address moves to a cookie first, and the address loses it: so it is neither in the history of the
    browser nor in what scripts, logs and error reports tell of the page. The answer to a code that is not good is 410,
    and the same page whatever the reason is.
    """

    template_name = "auth_sessions/hand_over.html"
    cookie_name = "auth_sessions_hand_over"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = super().dispatch(request, *args, **kwargs)
        except HandOverNotValid:
            response = self.render_to_response(self.get_context_data(), status=HTTPStatus.GONE)
        # "no-referrer" would make browsers send "Origin: null" with the form, which Django refuses.
        response["Referrer-Policy"] = "strict-origin"
        return response

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if "code" in request.GET:
            return self.move(conceal(request.GET["code"]))
        code = conceal(request.COOKIES.get(self.cookie_name, ""))
        hand_over = get_hand_over(code)
        if self.is_there(hand_over):
            use_up(code)  # others may have read it
            return self.go_on(hand_over)
        present = request.user if request.user.is_authenticated else None
        return self.render_to_response(
            self.get_context_data(
                code=code,
                person=known_name(hand_over.session.user),
                present_person=present and known_name(present),
            )
        )

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        code = request.POST.get("code", "")
        with refusals.telling_sign_in(None, request):
            hand_over = get_hand_over(code)
            if self.is_there(hand_over):
                use_up(code)
            else:
                redeem_hand_over(request, code)
        return self.go_on(hand_over)

    def is_there(self, hand_over: HandOver) -> bool:
        """Whether the person of the code is signed in in this browser already, and nobody acts in their name."""
        current = browser_validation.get_current(self.request)
        return current is not None and current.user_id == hand_over.session.user_id and not current.is_staff_help

    def go_on(self, hand_over: HandOver) -> HttpResponse:
        """Redirect to where the app wanted to go, or to ``LOGIN_REDIRECT_URL``."""
        response = redirect(hand_over.next_url or resolve_url(settings.LOGIN_REDIRECT_URL))
        response.delete_cookie(self.cookie_name, path=self.get_path(), samesite="Lax")
        return response

    def get_path(self) -> str:
        """The path as the browser has it: a header cannot hold any other character."""
        return escape_uri_path(self.request.path)

    @secret_arguments("code")
    def move(self, code: str) -> HttpResponse:
        """Redirect to the address without the code, which a cookie of this page holds meanwhile."""
        if not is_genuine(code):
            raise HandOverNotValid
        response = redirect(self.get_path())
        response.set_cookie(
            self.cookie_name,
            code,
            max_age=LIFETIME,
            path=self.get_path(),
            secure=self.request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
        return response
