"""Middleware of the host."""

from django.contrib.auth import get_user_model


def impersonate(get_response):
    """The user that the session names, in the place of who signed in."""

    def middleware(request):
        if request.user.is_authenticated and "as" in request.session:
            request.user = get_user_model().objects.get(pk=request.session["as"])
        return get_response(request)

    return middleware


def content_security_policy(get_response):
    """What ``django.middleware.csp`` does from Django 6.0 on."""

    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'"
        return response

    return middleware
