"""What a contender can be asked. None instead of a call: it has no such operation."""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from django.contrib.auth.models import User
from django.urls import URLPattern, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.calls import Answer, Call

PASSWORD = "analytical-1843"


@dataclass
class Device:
    """What one client holds."""

    username: str
    access: str = ""
    refresh: str = ""
    key: str = ""
    """What else names its session."""

    @property
    def user(self) -> User:
        return User.objects.get(username=self.username)


class WhoView(APIView):
    """The trivial view behind the check."""

    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        return Response({"pk": request.user.pk})


def async_who() -> list[URLPattern]:
    """The same as an async view, by the package adrf, where it is installed."""
    if find_spec("adrf") is None:
        return []
    from adrf.views import APIView as AsyncAPIView

    class AsyncWhoView(AsyncAPIView):
        permission_classes = (IsAuthenticated,)

        async def get(self, request: Request) -> Response:
            return Response({"pk": request.user.pk})

    return [path("async/who/", AsyncWhoView.as_view())]


class Contender:
    """How a client speaks to one contender; by default with a Bearer token."""

    keyword = "Bearer"
    has_async_view = False
    refuses = ""
    """Whose access token is refused: of who was "signed out", or else who is "inactive"."""

    def set_up(self) -> None:
        """Make what migrations do not, where it is not there yet."""

    def headers(self, device: Device) -> dict[str, str]:
        return {"Authorization": f"{self.keyword} {device.access}"}

    def request(self, device: Device) -> Call:
        return Call(method="GET", path="/who/", headers=self.headers(device))

    def request_async(self, device: Device) -> Call | None:
        return replace(self.request(device), path="/async/who/") if self.has_async_view else None

    def request_after(self, device: Device) -> Call | None:
        """Of one that was signed out. Whether it is let in is looked at apart."""
        if self.sign_out_one(device) is None:
            return None
        return replace(self.request(device), expected=(200, 401, 403))

    def request_refused(self, device: Device) -> Call | None:
        return replace(self.request(device), expected=(401, 403)) if self.refuses else None

    def sign_in(self, device: Device) -> Call:
        return Call(path="/token/", data={"username": device.username, "password": PASSWORD})

    def signed_in(self, device: Device, answer: Answer) -> None:
        """By default the answer is that of a refresh."""
        self.refreshed(device, answer)

    def refresh(self, device: Device) -> Call | None:
        return None

    def refreshed(self, device: Device, answer: Answer) -> None:
        pair = answer.json()
        device.access, device.refresh = pair["access"], pair["refresh"]

    def list(self, device: Device) -> Call | None:
        return None

    def listed(self, answer: Answer) -> int:
        """How many sessions the list shows."""
        return len(answer.json())

    def sign_out_one(self, device: Device) -> Call | None:
        return None

    def sign_out_others(self, device: Device) -> Call | None:
        return None

    def sign_out_all(self, device: Device) -> Call | None:
        return None

    def add_sessions(self, user: User, number: int) -> None:
        """Store sessions of a user's other devices, as many sign-ins would have."""
        raise NotImplementedError


class OwnFace(Contender):
    """Speaks as this app's REST face does."""

    refuses = "signed out"

    def refresh(self, device: Device) -> Call:
        return Call(path="/token/refresh/", data={"refresh": device.refresh})

    def list(self, device: Device) -> Call:
        return Call(method="GET", path="/sessions/", headers=self.headers(device))

    def sign_out_one(self, device: Device) -> Call:
        return self._sign_out(device, {"scope": "local"})

    def sign_out_others(self, device: Device) -> Call:
        return self._sign_out(device, {"scope": "others"})

    def sign_out_all(self, device: Device) -> Call:
        return self._sign_out(device)

    def _sign_out(self, device: Device, data: Any = None) -> Call:
        return Call(path="/sign-out/", headers=self.headers(device), data=data)
