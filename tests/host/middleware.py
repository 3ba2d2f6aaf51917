"""Middleware of the host."""

from django.contrib.auth import get_user_model


def impersonate(get_response):
    """The user that the session names, in the place of who signed in."""

    def middleware(request):
        if request.user.is_authenticated and "as" in request.session:
            request.user = get_user_model().objects.get(pk=request.session["as"])
        return get_response(request)

    return middleware
