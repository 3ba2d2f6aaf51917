"""Devices over a socket."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from auth_sessions import testing
from auth_sessions.testing import assert_signed_in, assert_signed_out, assert_signed_out_everywhere
from tests.support.device import PASSWORD
from tests.support.host import has_browsers


@pytest.fixture
def live(ada, live_server):
    return lambda kind, **options: kind(live_server.url, **options).sign_in(ada)


def test_tokens(ada, live, live_server):
    laptop = live(testing.Device)
    phone = testing.Device(live_server.url, user_agent=testing.CHROME_ON_IPHONE).sign_in_with_password(ada, PASSWORD)
    assert [each["device"]["label"] for each in laptop.get("/api/auth/sessions/").json()] == [
        "Firefox on macOS",
        "Chrome on iOS",
    ]
    first = phone.refresh_token
    assert phone.lose_next_response().refresh().status_code == 200
    assert phone.refresh_token == first
    assert phone.refresh().status_code == 200
    thief = phone.steal()
    assert phone.sign_out("others").status_code == 204
    assert_signed_out(laptop)
    assert_signed_in(thief)
    refused = laptop.get("/api/auth/sessions/")
    assert (refused.status_code, refused["WWW-Authenticate"][:6]) == (401, "Bearer")
    assert phone.sign_out().status_code == 204
    assert_signed_out_everywhere(ada)


@has_browsers
def test_a_cookie(ada, live):
    """The server checks for CSRF, which Django's test client does not."""
    browser, other = live(testing.Browser), live(testing.Browser)
    assert browser.get("/who/").json() == {"user": str(ada.pk)}
    thief = browser.steal()
    redirected = browser.post("/logout/")
    assert (redirected.status_code, redirected["Location"] != "") == (302, True)
    assert browser.get("/who/").status_code == 401
    assert_signed_out(browser)
    assert_signed_out(thief)
    assert other.lose_next_response().post("/logout/").status_code == 302
    assert other.get("/who/").status_code == 401
    assert_signed_out_everywhere(ada)


class Echo(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        answer = json.dumps({"path": self.path, "body": body, **dict(self.headers.items())}).encode()
        self.send_response(200)
        for cookie in ("a=1; Path=/", "b=2; HttpOnly", "gone=; Max-Age=0"):
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


def test_what_is_sent():
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        device = testing.Device(f"http://127.0.0.1:{server.server_address[1]}", user_agent="ours/1")
        device.client.cookies["gone"] = "x"
        sent = device.post("/x/?y=1", {"a": [1, None]}, headers={"X-Trace": "7"}).json()
        assert (sent["path"], sent["body"], sent["X-Trace"]) == ("/x/?y=1", '{"a": [1, null]}', "7")
        assert (sent["User-Agent"], sent["Content-Type"]) == ("ours/1", "application/json")
        assert sent["Cookie"] == "gone=x"
        assert device.post("/").json()["Cookie"] == "a=1; b=2"
        server.shutdown()


def test_what_is_no_url(live_server):
    assert testing.Device(live_server).client.host == testing.Device(live_server.url).client.host
    for each in ("localhost:8081", "https://localhost:8081", "/api/"):
        with pytest.raises(ValueError, match="A live server has a URL"):
            testing.Device(each)
