"""A host whose views ask for a recent proof of identity, in every way in which a view may be written."""

from django.http import JsonResponse
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework.authentication import BasicAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.serializers import CharField, Serializer
from rest_framework.views import APIView

from auth_sessions import api
from auth_sessions.authentication import (
    BrowserSessionAuthentication,
    CachedSessionJWTAuthentication,
    SessionJWTAuthentication,
)
from auth_sessions.decorators import recently_authenticated
from auth_sessions.exceptions import ReauthenticationFailed
from auth_sessions.permissions import RecentlyAuthenticated
from auth_sessions.views import ReauthenticateView

TEN = RecentlyAuthenticated.within(minutes=10)
MFA = RecentlyAuthenticated.within(minutes=10, methods=["mfa", "hwk"])


class IsAsked(BasePermission):
    """Whether the client says so."""

    def has_permission(self, request, view):
        return "please" in request.query_params


class Guarded(APIView):
    authentication_classes = (SessionJWTAuthentication, BrowserSessionAuthentication, BasicAuthentication)
    permission_classes = (TEN,)

    def get(self, request):
        return Response({"user": str(request.user.pk)})

    post = get


class Cached(Guarded):
    authentication_classes = (CachedSessionJWTAuthentication,)


class OwnWords(Guarded):
    """The class that authenticates decides how a refusal is answered."""

    class Authentication(SessionJWTAuthentication):
        def to_api_exception(self, error):
            exception = super().to_api_exception(error)
            exception.detail["code"] = f"own_{error.code}"
            return exception

    authentication_classes = (Authentication,)


@api_view(["GET"])
@authentication_classes([SessionJWTAuthentication])
@permission_classes([TEN])
def function(request):
    return Response({"user": str(request.user.pk)})


def _answer(request):
    session = api.get_session(request)
    return JsonResponse({"session": str(session.pk), "method": request.method})


@recently_authenticated(minutes=10)
def plain(request):
    return _answer(request)


@recently_authenticated(minutes=10)
async def plain_async(request):
    session = await api.aget_session(request)
    return JsonResponse({"session": str(session.pk), "method": request.method})


@recently_authenticated(minutes=10, methods=["mfa"])
def with_mfa(request):
    return _answer(request)


@method_decorator(recently_authenticated(minutes=10), name="dispatch")
class PlainView(View):
    def get(self, request):
        return _answer(request)

    post = get


@method_decorator(recently_authenticated(minutes=10), name="dispatch")
class AsyncView(View):
    async def get(self, request):
        return await plain_async(request)


class MethodView(View):
    def get(self, request):
        return JsonResponse({"session": None, "method": "GET"})

    @method_decorator(recently_authenticated(minutes=10))
    def post(self, request):
        return _answer(request)


class OneDecoratedMethod(Guarded):
    """A view of REST framework's, one method of which is decorated."""

    permission_classes = ()

    @method_decorator(recently_authenticated(minutes=10))
    def get(self, request):
        return super().get(request)


def own_page(request):
    """The project's own proof: a passkey, or another sign-in at a provider."""
    if request.method == "POST":
        api.mark_reauthenticated(api.get_session(request), amr=request.POST.getlist("amr"))
    return JsonResponse(request.GET.dict())


class PasskeySerializer(Serializer):
    signature = CharField()


class Passkeys(ReauthenticateView):
    """The project's own proof, of which the client sends what it likes."""

    serializer_class = PasskeySerializer

    def verify_identity(self, request, session, credentials):
        if credentials["signature"] != "signed by the passkey":
            raise ReauthenticationFailed
        return None, ["hwk"]


urlpatterns = [
    path("passkeys/reauthenticate/", Passkeys.as_view()),
    path("guarded/", Guarded.as_view()),
    path("guarded/mfa/", Guarded.as_view(permission_classes=[MFA])),
    path("guarded/usual/", Guarded.as_view(permission_classes=[RecentlyAuthenticated])),
    path("guarded/cached/", Cached.as_view()),
    path("guarded/own-words/", OwnWords.as_view()),
    path("guarded/and/", Guarded.as_view(permission_classes=[IsAsked & TEN])),
    path("guarded/and-first/", Guarded.as_view(permission_classes=[TEN & IsAsked])),
    path("guarded/or/", Guarded.as_view(permission_classes=[TEN | IsAsked])),
    path("guarded/or-last/", Guarded.as_view(permission_classes=[IsAsked | TEN])),
    path("guarded/function/", function),
    path("guarded/method/", OneDecoratedMethod.as_view()),
    path("plain/", plain, name="plain"),
    path("plain/async/", plain_async),
    path("plain/mfa/", with_mfa),
    path("plain/class/", PlainView.as_view()),
    path("plain/class/async/", AsyncView.as_view()),
    path("plain/class/method/", MethodView.as_view()),
    path("own/prove/", own_page, name="own-proof"),
    path("", include("tests.urls")),
]
