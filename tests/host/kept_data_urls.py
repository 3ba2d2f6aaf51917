"""A view that logs in and takes the login back, and keeps what else Django's session holds."""

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model, login
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def log_in_and_take_back(request, way):
    for pk in request.POST["users"].split():
        user = get_user_model()._base_manager.get(pk=pk)
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    if way == "clear":
        request.session.clear()
    else:
        for name in (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY):
            del request.session[name]
    request.session["basket"] = 1
    return HttpResponse(status=request.POST["status"])


urlpatterns = [
    path("login/and-take-back/<str:way>/", log_in_and_take_back),
    path("", include("tests.urls")),
]
