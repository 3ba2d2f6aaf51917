"""The routes of the old project, or those of the guide."""

from django.urls import include, path
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from tests.integration.simplejwt_project.settings import GUIDE, STATE, VARIANT
from tests.support.guides import run_block


@api_view()
@permission_classes([IsAuthenticated])
def me(request):
    return Response({"user": request.user.get_username(), "plan": request.auth.get("plan")})


def old_routes():
    from rest_framework_simplejwt import views

    if VARIANT == "sliding":
        return [
            path("api/token/", views.token_obtain_sliding),
            path("api/token/refresh/", views.token_refresh_sliding),
            path("api/token/verify/", views.token_verify),
        ]
    return [
        path("api/token/", views.token_obtain_pair, name="token_obtain_pair"),
        path("api/token/refresh/", views.token_refresh, name="token_refresh"),
        path("api/token/verify/", views.token_verify, name="token_verify"),
        path("api/token/blacklist/", views.token_blacklist, name="token_blacklist"),
    ]


def new_routes():
    """As steps 2 and 3 of the guide have them."""
    if VARIANT == "sliding":
        return [path("api/", include("auth_sessions.contrib.simplejwt.sliding_urls"))]
    names = run_block(GUIDE, "def add_claims", {})
    view = run_block(GUIDE, "class SignInView", names)["SignInView"]
    view.add_claims = staticmethod(names["add_claims"])  # a receiver that nothing else holds is forgotten
    module = {"urlpatterns": [path("api/token/", view.as_view())]}
    return run_block(GUIDE, "contrib.simplejwt.urls", module)["urlpatterns"]


urlpatterns = [path("api/me/", me), *(old_routes() if STATE in ("old", "back") else new_routes())]
