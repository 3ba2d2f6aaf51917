import django_otp
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django_otp import match_token
from two_factor.urls import urlpatterns as two_factor_urls


@csrf_exempt
def verify(request):
    """A step-up of the host's own: the code again."""
    device = match_token(request.user, request.POST["otp"])
    if device is None:
        return HttpResponse(status=400)
    django_otp.login(request, device)
    return HttpResponse()


def read_again(request):
    """A package that throws away what it has read of Django's session, and writes."""
    assert request.user.is_authenticated
    request.session._session_cache = request.session.load()
    request.session["again"] = True
    return HttpResponse()


urlpatterns = [
    path("read-again/", read_again),
    path("verify/", verify),
    path("", include(two_factor_urls)),
    path("", include("tests.urls")),
]
