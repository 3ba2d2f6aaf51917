"""The page on which a browser takes over the sign-in of an app (``core.hand_over``)."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from auth_sessions.core import browser_sessions
from auth_sessions.core.hand_over import HandOver, get_hand_over, redeem_hand_over
from auth_sessions.core.people import known_name
from auth_sessions.exceptions import HandOverNotValid
from auth_sessions.masking import conceal
from auth_sessions.pages.views import Page

_PROTECTION = (
    never_cache,
    xframe_options_deny,
    csrf_protect,
    sensitive_post_parameters("code"),
    login_not_required,
)


@method_decorator(_PROTECTION, name="dispatch")
class HandOverView(Page):
    """GET asks whether to sign in as the person of the code, and POST does it. Where they are already, both only go on.

    The answer to a code that is not good is 410, and the same page whatever the reason is.
    """

    template_name = "auth_sessions/hand_over.html"
    code: str

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if browser_sessions.get_state(request) is None:
            raise ImproperlyConfigured(
                "The pages need auth_sessions.middleware.BrowserSessionMiddleware in MIDDLEWARE."
            )
        self.code = _take_code(request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = super().dispatch(request, *args, **kwargs)
        except HandOverNotValid:
            response = self.render_to_response(self.get_context_data(), status=HTTPStatus.GONE)
        # The code is in the address. "no-referrer" would make browsers send "Origin: null", which Django refuses.
        response["Referrer-Policy"] = "strict-origin"
        return response

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        hand_over = get_hand_over(self.code)
        if self.is_there(hand_over):
            return self.go_on(hand_over)
        present = request.user if request.user.is_authenticated else None
        return self.render_to_response(
            self.get_context_data(
                code=self.code,
                person=known_name(hand_over.session.user),
                present_person=present and known_name(present),
            )
        )

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        hand_over = get_hand_over(self.code)
        if not self.is_there(hand_over):
            redeem_hand_over(request, self.code)
        return self.go_on(hand_over)

    def is_there(self, hand_over: HandOver) -> bool:
        """Whether the person of the code is signed in in this browser already, and nobody acts in their name."""
        current = browser_sessions.get_current(self.request)
        return current is not None and current.user_id == hand_over.session.user_id and not current.is_staff_help

    def go_on(self, hand_over: HandOver) -> HttpResponse:
        """Redirect to where the app wanted to go, or to ``LOGIN_REDIRECT_URL``."""
        return redirect(hand_over.next_url or resolve_url(settings.LOGIN_REDIRECT_URL))


def _take_code(request: HttpRequest) -> str:
    """The code of a request, of which no error report shows the query."""
    code: str = conceal(request.POST.get("code", "") if request.method == "POST" else request.GET.get("code", ""))
    request.GET = QueryDict("", encoding=request.encoding)
    request.META["QUERY_STRING"] = ""
    return code
