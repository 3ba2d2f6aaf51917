"""Async views of Django REST framework, as the package adrf has them; behind the cached check."""

from adrf.views import APIView
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from auth_sessions import api
from auth_sessions.authentication import CachedSessionJWTAuthentication
from auth_sessions.models import Session

USERNAME_FIELD = get_user_model().USERNAME_FIELD


class AsyncView(APIView):
    authentication_classes = (CachedSessionJWTAuthentication,)
    permission_classes = (IsAuthenticated,)

    async def get(self, request, what):
        return Response({"answer": await self.answers[what](request)})

    async def _pk(self, request):
        return str(request.user.pk) if request.user.is_authenticated and request.user.is_active else None

    async def _name(self, request):
        return request.user.get_username()

    async def _auser(self, request):
        return (await request.auser()).get_username()

    async def _session(self, request):
        return str((await api.aget_session(request)).pk)

    async def _user_of_session(self, request):
        return (await api.aget_session(request)).user.get_username()

    async def _tag(self, request):
        """Compares, formats and filters by the user, as a view may."""
        user = request.user
        rows = [row async for row in Session.objects.filter(user=user)]
        return f"{user} {user == rows[0].user_id} {len(rows)} {user.has_usable_password()}"

    async def _sign_out(self, request):
        return await api.asign_out(await api.aget_session(request))

    async def _in_thread(self, request):
        return await sync_to_async(getattr)(request.user, USERNAME_FIELD)

    answers = property(
        lambda self: {
            "pk": self._pk,
            "name": self._name,
            "auser": self._auser,
            "session": self._session,
            "user-of-session": self._user_of_session,
            "rows": self._tag,
            "sign-out": self._sign_out,
            "in-thread": self._in_thread,
        }
    )


async def plain(request):
    """A view of Django's own."""
    from django.http import JsonResponse

    session = await api.aget_session(request)
    return JsonResponse({"answer": session and str(session.pk), "name": session and session.user.get_username()})


urlpatterns = [
    path("async/plain/", plain),
    path("async/<str:what>/", AsyncView.as_view()),
    path("", include("tests.urls")),
]
