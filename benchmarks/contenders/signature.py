"""simplejwt where nothing but the signature is checked: no sign-out is noticed, and nothing is asked of anybody."""

from django.contrib.auth.models import User
from django.urls import path
from rest_framework_simplejwt.views import TokenObtainPairView

from benchmarks.contenders.base import Contender, WhoView, async_who

urlpatterns = [path("who/", WhoView.as_view()), *async_who(), path("token/", TokenObtainPairView.as_view())]


class Signature(Contender):
    has_async_view = True

    def add_sessions(self, user: User, number: int) -> None:
        """There are none."""


contender = Signature()
