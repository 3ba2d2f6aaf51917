from django.contrib.auth import logout
from django.http import HttpResponse, JsonResponse
from django.urls import include, path


def who(request):
    return JsonResponse({"who": request.user.get_username()}, status=200 if request.user.is_authenticated else 401)


def log_out(request):
    logout(request)
    return HttpResponse(status=204)


urlpatterns = [path("api/auth/", include("auth_sessions.urls")), path("who/", who), path("logout/", log_out)]
