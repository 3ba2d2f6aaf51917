"""Real sockets: two servers (daphne), a channel layer in Redis, and sign-outs in any process."""

import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from urllib.parse import urlencode

import pytest

from tests.support.device import PASSWORD
from tests.support.paths import ROOT
from tests.support.servers import free_port, or_skipped, running

SETTINGS = "tests.integration.channels_project.settings"
SIGNED_OUT = 4401
LAYERS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pub/sub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}

for package in ("channels_redis", "daphne", "websockets", "adrf", "redis"):
    pytest.importorskip(package, reason=f"real sockets need {package}")


@pytest.fixture(scope="module", params=LAYERS)
def environment(request, tmp_path_factory):
    with or_skipped(), running("redis") as where:
        yield {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "CHANNELS_PROJECT_LAYER": LAYERS[request.param],
            "CHANNELS_PROJECT_REDIS": f"redis://127.0.0.1:{where['REDIS_PORT']}",
            "CHANNELS_PROJECT_DATABASE": json.dumps({"NAME": str(tmp_path_factory.mktemp("channels") / "db.sqlite3")}),
            "AUTH_SESSIONS_TEST_DATABASE": "sqlite",
        }


def run(environment, *command):
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def ports(environment):
    """Of two servers over one database."""
    run(environment, "manage.py", "migrate", "-v0")
    people = "".join(f"create('{name}', password={PASSWORD!r});" for name in ("ada", "bob", "carl"))
    run(
        environment,
        "-c",
        "import django; django.setup()\n"
        f"from django.contrib.auth import get_user_model; create = get_user_model().objects.create_user\n{people}",
    )
    with ExitStack() as stack:
        yield [stack.enter_context(serving(environment)) for _ in range(2)]


@contextmanager
def serving(environment):
    port = free_port()
    command = [sys.executable, "-m", "daphne", "-v0", "-b", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(
        [*command, "tests.integration.channels_project.asgi:application"], cwd=ROOT, env=environment
    )
    try:
        for _ in range(300):
            assert server.poll() is None, "daphne ended by itself"
            try:
                call(port, "GET", "/public/")
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("daphne did not answer within half a minute")
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def call(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        headers = {"Content-Type": "application/json", **headers}
        connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, headers)
        response = connection.getresponse()
        return response.status, response.read(), response
    finally:
        connection.close()


def sign_in(port, name="ada"):
    """An access token."""
    status, answer, _ = call(port, "POST", "/api/auth/token/", {"username": name, "password": PASSWORD})
    assert status == 200, answer
    return json.loads(answer)["access"]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def connect(ports):
    from websockets.sync.client import connect

    with ExitStack() as stack:

        def connect_to(port, token=None, kind="async", **options):
            options = {"subprotocols": ["bearer", token], **options} if token else options
            return stack.enter_context(connect(f"ws://127.0.0.1:{port}/ws/{kind}/", **options))

        yield connect_to


def says(socket):
    socket.send("hello")
    return socket.recv(timeout=20)


def close_code(socket):
    from websockets.exceptions import ConnectionClosed

    try:
        while True:
            socket.recv(timeout=20)
    except ConnectionClosed as closed:
        return closed.rcvd.code


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_a_sign_out_on_one_server_closes_the_sockets_of_both(ports, connect, kind):
    one, other = ports
    laptop, phone, bystander = sign_in(one), sign_in(other), sign_in(one, "bob")
    sockets = [connect(port, laptop, kind) for port in (one, other, one)]
    staying = [connect(port, token, kind) for port in ports for token in (phone, bystander)]
    assert [says(socket) for socket in sockets] == ["ada: hello"] * 3
    assert {socket.subprotocol for socket in sockets} == {"bearer"}
    assert call(one, "POST", "/api/auth/sign-out/", {"scope": "local"}, **bearer(laptop))[0] == 204
    assert [close_code(socket) for socket in sockets] == [SIGNED_OUT] * 3
    assert [says(socket).partition(":")[0] for socket in staying] == ["ada", "bob"] * 2
    again = connect(other, laptop, kind)
    assert close_code(again) == SIGNED_OUT


def test_how_soon(ports, connect, record_property):
    """The median of ten; a busy machine may be slow once."""
    one, other = ports
    seconds = []
    for _ in range(10):
        token = sign_in(one)
        socket = connect(other, token)
        says(socket)
        began = time.monotonic()
        assert call(one, "POST", "/api/auth/sign-out/", {"scope": "local"}, **bearer(token))[0] == 204
        assert close_code(socket) == SIGNED_OUT
        seconds.append(time.monotonic() - began)
    record_property("message", f"closed after {statistics.median(seconds):.3f} s, at most {max(seconds):.3f} s")
    assert statistics.median(seconds) < 1


def test_a_command(environment, ports, connect):
    """A process without an event loop, which ends at once: what it has to say is said before."""
    token = sign_in(ports[0], "carl")
    sockets = [connect(port, token) for port in ports]
    assert [says(socket) for socket in sockets] == ["carl: hello"] * 2
    run(environment, "manage.py", "revokeauthsessions", "--user", "carl")
    assert [close_code(socket) for socket in sockets] == [SIGNED_OUT] * 2


def log_in(port, name):
    """The cookie of a login on the host's page."""
    _, page, response = call(port, "GET", "/login/")
    csrf = page.decode().partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form = urlencode({"username": name, "password": PASSWORD, "csrfmiddlewaretoken": csrf})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": response.getheader("Set-Cookie").partition(";")[0],
    }
    status, _, response = call(port, "POST", "/login/", form, **headers)
    assert status == 302
    cookies = [value for name, value in response.getheaders() if name == "Set-Cookie"]
    return next(cookie.partition(";")[0] for cookie in cookies if cookie.startswith("sessionid="))


def test_a_browser(ports, connect):
    """By its cookie, from a page of this site, and from no other."""
    one, other = ports
    phone = sign_in(one)
    cookie = {"Cookie": log_in(one, "ada")}
    socket = connect(other, additional_headers=cookie, origin=f"http://127.0.0.1:{other}")
    assert says(socket) == "ada: hello"
    assert close_code(connect(other, additional_headers=cookie, origin="http://elsewhere.example")) == SIGNED_OUT
    assert call(one, "POST", "/api/auth/sign-out/", {"scope": "others"}, **bearer(phone))[0] == 204
    assert close_code(socket) == SIGNED_OUT
    assert close_code(connect(one, additional_headers=cookie, origin=f"http://127.0.0.1:{one}")) == SIGNED_OUT


def test_async_views_on_the_cached_check(ports):
    """Under an ASGI server: each hit is answered, and a sign-out on the other server refuses the next."""
    one, other = ports
    token = sign_in(one)
    for port in (one, other, one, other):
        for what in ("name", "auser", "user-of-session"):
            status, answer, _ = call(port, "GET", f"/async/{what}/", **bearer(token))
            assert (status, json.loads(answer)) == (200, {"answer": "ada"})
    assert call(one, "POST", "/api/auth/sign-out/", {"scope": "local"}, **bearer(token))[0] == 204
    assert call(other, "GET", "/async/name/", **bearer(token))[0] == 401
