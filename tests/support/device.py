"""A user's device: it signs in, keeps its two tokens, and calls."""

from rest_framework.test import APIClient

from auth_sessions import testing

PASSWORD = " lovelace 1815 "

MACBOOK, IPHONE = testing.FIREFOX_ON_MAC, testing.CHROME_ON_IPHONE


class Calls:
    """What devices and browsers call of the host, with paths below that of the REST API."""

    def request(self, method, path, data=None, **more):
        return super().request(method, path if path.startswith("/") else f"/api/auth/{path}", data, **more)

    def sessions(self):
        response = self.get("sessions/")
        assert response.status_code == 200, response.content
        return response.json()

    def me(self):
        return self.get("/api/me/")

    def is_signed_in(self):
        return self.me().status_code == 200

    def fast(self, path="pk/"):
        """By the cached check; what the view says of the user."""
        return self.get(f"/api/fast/{path}")

    def edge(self):
        return self.get("/api/edge/")

    @property
    def headers(self):
        """For Django's own test client."""
        return {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.credentials.items()}


class Device(Calls, testing.Device):
    def __init__(self, user_agent=MACBOOK):
        super().__init__(client=APIClient(HTTP_USER_AGENT=user_agent))

    def sign_in(self, user, password=PASSWORD, **extra):
        return self.sign_in_with_password(user, password, **extra)

    def copy(self):
        """A thief with this device's storage."""
        return self.steal(user_agent=MACBOOK)

    def try_refresh(self):
        """Refresh, but lose the answer on the way."""
        return self.lose_next_response().refresh()


def still_signed_in(**devices):
    """The names of those who are."""
    return {name for name, device in devices.items() if device.is_signed_in()}


def code(response):
    """The stable code of a refusal, with its status."""
    return response.status_code, response.json().get("code")
