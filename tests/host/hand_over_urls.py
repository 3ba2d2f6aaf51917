"""A host with views of its own for a hand-over, sync and async, and without the app's pages."""

from django.http import JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_protect

from auth_sessions import api
from auth_sessions.exceptions import HandOverNotValid
from auth_sessions.views import HandOverView
from tests.host.views import urlpatterns as own_pages


class ToAnotherHost(HandOverView):
    def get_url(self, request, code):
        return f"https://www.example.org/from-app/#{code}"


@csrf_protect
def redeem(request):
    try:
        asked = api.get_hand_over(request.POST["code"])
        session = api.redeem_hand_over(request, request.POST["code"])
    except HandOverNotValid as error:
        return JsonResponse({"code": error.code}, status=400)
    return JsonResponse({"session": str(session.pk), "app": str(asked.session.pk), "next": asked.next_url})


@csrf_protect
async def aredeem(request):
    try:
        asked = await api.aget_hand_over(request.POST["code"])
        session = await api.aredeem_hand_over(request, request.POST["code"])
    except HandOverNotValid as error:
        return JsonResponse({"code": error.code}, status=400)
    return JsonResponse({"session": str(session.pk), "app": str(asked.session.pk), "next": asked.next_url})


urlpatterns = [
    path("api/auth/", include("auth_sessions.urls")),
    path("api/elsewhere/hand-over/", ToAnotherHost.as_view()),
    path("from-app/", redeem),
    path("from-app/async/", aredeem),
    *own_pages,
]
