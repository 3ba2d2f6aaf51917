"""A user's device: it signs in, keeps its two tokens, and calls."""

from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

PASSWORD = " lovelace 1815 "

MACBOOK = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:148.0) Gecko/20100101 Firefox/148.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/144.0 Mobile/15E148 Safari/604.1"
)


class Device:
    def __init__(self, user_agent=MACBOOK):
        self.client = APIClient(HTTP_USER_AGENT=user_agent, raise_request_exception=True)
        self.access = self.refresh_token = self.session_id = None

    def sign_in(self, user, password=PASSWORD, **extra):
        name = get_user_model().USERNAME_FIELD
        response = self.post("token/", {name: user.get_username(), "password": password, **extra})
        assert response.status_code == 200, response.content
        self.session_id = response.json()["session"]["id"]
        return self.keep(response)

    def keep(self, response):
        self.access, self.refresh_token = response.json()["access"], response.json()["refresh"]
        return self

    def copy(self):
        """A thief with this device's storage."""
        thief = Device()
        thief.access, thief.refresh_token = self.access, self.refresh_token
        thief.session_id = self.session_id
        return thief

    def refresh(self):
        """Refresh, and keep the answer if it is one."""
        response = self.try_refresh()
        if response.status_code == 200:
            self.keep(response)
        return response

    def try_refresh(self):
        """Refresh, but lose the answer on the way."""
        return self.client.post("/api/auth/token/refresh/", {"refresh": self.refresh_token}, format="json")

    def sign_out(self, scope=None):
        return self.post("sign-out/", {} if scope is None else {"scope": scope})

    def sessions(self):
        response = self.get("sessions/")
        assert response.status_code == 200, response.content
        return response.json()

    def get(self, path):
        return self.client.get(f"/api/auth/{path}", **self.headers)

    def post(self, path, data=None):
        return self.client.post(f"/api/auth/{path}", data, format="json", **self.headers)

    def patch(self, path, data):
        return self.client.patch(f"/api/auth/{path}", data, format="json", **self.headers)

    def delete(self, path):
        return self.client.delete(f"/api/auth/{path}", **self.headers)

    def me(self):
        return self.client.get("/api/me/", **self.headers)

    def is_signed_in(self):
        return self.me().status_code == 200

    def fast(self, path="pk/"):
        """By the cached check; what the view says of the user."""
        return self.client.get(f"/api/fast/{path}", **self.headers)

    def edge(self):
        return self.client.get("/api/edge/", **self.headers)

    @property
    def headers(self):
        return {"HTTP_AUTHORIZATION": f"Bearer {self.access}"} if self.access else {}


def still_signed_in(**devices):
    """The names of those who are."""
    return {name for name, device in devices.items() if device.is_signed_in()}


def code(response):
    """The stable code of a refusal, with its status."""
    return response.status_code, response.json().get("code")
