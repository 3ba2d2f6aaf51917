"""A client as it was written for simplejwt: it knows nothing of sessions, and never changes."""

import json

from django.test import Client as Transport


class OldClient:
    """Keeps two tokens in a store, and refreshes when a request is refused."""

    def __init__(self, store, *, stores_new_tokens=True):
        self.store, self.stores_new_tokens = store, stores_new_tokens
        self.http = Transport(raise_request_exception=True)

    def call(self, path, data=None, **headers):
        if data is None:
            return self.http.get(f"/api/{path}", headers=headers)
        return self.http.post(f"/api/{path}", json.dumps(data), content_type="application/json", headers=headers)

    def sign_in(self, username, password):
        answer = self.call("token/", {"username": username, "password": password})
        assert answer.status_code == 200, answer.content
        self.store.update(answer.json())
        return answer.json()

    def refresh(self):
        answer = self.call("token/refresh/", {"refresh": self.store["refresh"]})
        if answer.status_code == 200:
            body = answer.json()
            self.store["access"] = body["access"]
            if self.stores_new_tokens and "refresh" in body:
                self.store["refresh"] = body["refresh"]
        return answer.status_code

    def verify(self, name):
        return self.call("token/verify/", {"token": self.store[name]}).status_code

    def sign_out(self):
        return self.call("token/blacklist/", {"refresh": self.store["refresh"]}).status_code

    def me(self):
        answer = self.call("me/", authorization=f"Bearer {self.store['access']}")
        return answer.json() if answer.status_code == 200 else answer.status_code


class OldSlidingClient(OldClient):
    """Keeps one token."""

    def sign_in(self, username, password):
        answer = self.call("token/", {"username": username, "password": password})
        self.store.update(access=answer.json()["token"])
        return answer.json()

    def refresh(self):
        answer = self.call("token/refresh/", {"token": self.store["access"]})
        if answer.status_code == 200:
            self.store["access"] = answer.json()["token"]
        return answer.status_code
