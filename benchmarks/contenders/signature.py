"""simplejwt where nothing but the signature is checked: no sign-out is noticed, and nothing is asked of anybody."""

from django.contrib.auth.models import User
from django.urls import path
from rest_framework_simplejwt.views import TokenObtainPairView

from benchmarks.contenders.base import Contender, WhoView

urlpatterns = [path("who/", WhoView.as_view()), path("token/", TokenObtainPairView.as_view())]


class Signature(Contender):
    def add_sessions(self, user: User, number: int) -> None:
        """There are none."""


contender = Signature()
