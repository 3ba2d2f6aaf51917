"""Signing in: by password over REST, and by whatever way a project has of its own."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import connection
from django.test import RequestFactory
from django.urls import resolve
from django.utils import timezone

from auth_sessions import exceptions, signals, tokens
from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from auth_sessions.serializers import SessionSerializer
from auth_sessions.views import SignInView
from example_project.views import magic_link_token
from tests.support.device import IPHONE, PASSWORD, Device, code
from tests.support.inputs import each

NO_ACCOUNT = (401, "no_active_account")


def try_sign_in(user, password=PASSWORD, device=None, **extra):
    data = {user.USERNAME_FIELD: user.get_username(), "password": password, **extra}
    return (device or Device()).post("token/", data)


def test_the_answer(clock, ada):
    answer = try_sign_in(ada, device=Device(IPHONE), device_name="Ada's phone")
    assert answer.status_code == 200
    body = answer.json()
    session = Session.objects.get()
    assert set(body) == {"access", "refresh", "session"}
    assert body["session"] == {
        "id": str(session.pk),
        "kind": "token",
        "name": "Ada's phone",
        "device": {"label": "Chrome on iOS", "browser": "Chrome", "os": "iOS", "type": "phone"},
        "is_staff_help": False,
        "ip_address": "127.0.0.1",
        "created_at": "2026-11-24T12:00:00Z",
        "last_used_at": "2026-11-24T12:00:00Z",
        "expires_at": "2026-12-24T12:00:00Z",
        "is_current": True,
    }
    assert answer["Cache-Control"] == "no-store, private"


def test_the_rows(clock, ada):
    try_sign_in(ada)
    session = Session.objects.get()
    assert session.id.version == 7
    assert (session.kind, session.amr, session.tag, session.confirmed_generation) == ("token", ["pwd"], "", 0)
    assert session.created_at == session.authenticated_at == session.last_seen_at == timezone.now()
    assert (session.refresh_token.generation, session.refresh_token.rotated_at) == (0, timezone.now())
    assert list(ada.auth_sessions.all()) == [session]


def test_form_data_is_taken_too(ada):
    answer = Device().client.post("/api/auth/token/", {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD})
    assert answer.status_code == 200


@pytest.mark.parametrize("password", ["", PASSWORD.strip(), PASSWORD.upper(), "x" * 5000])
def test_wrong_password(ada, password):
    answer = try_sign_in(ada, password)
    assert answer.status_code == (400 if password == "" else 401)
    assert not Session.objects.exists()


def test_unknown_and_inactive_users_answer_alike(ada, bob):
    bob.is_active = False
    bob.save()
    answers = [
        try_sign_in(ada, "wrong"),
        try_sign_in(bob),
        try_sign_in(get_user_model()(**{ada.USERNAME_FIELD: "x@y.z"})),
    ]
    assert {code(answer) for answer in answers} == {NO_ACCOUNT}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0]["WWW-Authenticate"].startswith("Bearer ")


def test_a_stale_header_does_not_block(ada):
    stale = Device()
    stale.access = "long.gone.token"
    assert try_sign_in(ada, device=stale).status_code == 200


def test_django_signals_get_the_request(ada):
    events = []

    def listen(signal, request, **kwargs):
        events.append((signal, request.path, "user" in kwargs and kwargs["user"] == ada))

    user_logged_in.connect(listen)
    user_login_failed.connect(listen)
    try_sign_in(ada)
    try_sign_in(ada, "wrong")
    user_logged_in.disconnect(listen)
    user_login_failed.disconnect(listen)
    assert events == [(user_logged_in, "/api/auth/token/", True), (user_login_failed, "/api/auth/token/", False)]
    ada.refresh_from_db()
    assert ada.last_login is not None


def test_session_started_comes_after_commit(ada):
    events = []

    def listen(session, request, **kwargs):
        events.append((Session.objects.filter(pk=session.pk).exists(), request.path))

    signals.session_started.connect(listen)
    try_sign_in(ada)
    signals.session_started.disconnect(listen)
    assert events == [(True, "/api/auth/token/")]


@pytest.mark.parametrize(("data", "fields"), [({}, 2), ({"password": "x"}, 1), ({"device_name": "x" * 101}, 3)])
def test_missing_fields_are_named(ada, data, fields):
    answer = Device().post("token/", data)
    assert answer.status_code == 400
    assert len(answer.json()) == fields
    assert all(isinstance(errors, list) for errors in answer.json().values())


class RememberMe(SignInView):
    def get_lifetime(self):
        return timedelta(days=365) if self.request.data.get("remember") else timedelta(hours=8)

    def get_tag(self):
        return "web"


@pytest.mark.parametrize(("remember", "lifetime"), [(True, timedelta(days=365)), (False, timedelta(hours=8))])
def test_a_project_changes_the_view_by_subclassing(clock, ada, remember, lifetime):
    data = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD, "remember": remember}
    request = RequestFactory().post("/", data, content_type="application/json")
    assert RememberMe.as_view()(request).status_code == 200
    session = Session.objects.get()
    assert (session.expires_at, session.tag) == (timezone.now() + lifetime, "web")


class TestAddress:
    def test_a_forwarded_address_counts_behind_a_trusted_proxy_only(self, ada, settings):
        forwarded = {"HTTP_X_FORWARDED_FOR": "203.0.113.9, 198.51.100.7"}
        seen = []
        for proxies in (0, 1, 2):
            settings.AUTH_SESSIONS_TRUSTED_PROXIES = proxies
            device = Device()
            device.client.credentials(**forwarded)
            seen.append(try_sign_in(ada, device=device).json()["session"]["ip_address"])
        assert seen == ["127.0.0.1", "198.51.100.7", "203.0.113.9"]

    def test_a_junk_user_agent_and_address_are_stored_safely(self, ada, settings):
        settings.AUTH_SESSIONS_TRUSTED_PROXIES = 1
        device = Device("x\0" * 5000)
        device.client.credentials(HTTP_X_FORWARDED_FOR="<script>")
        session = try_sign_in(ada, device=device).json()["session"]
        assert (session["ip_address"], session["device"]["label"]) == (None, "Unknown device")
        assert len(Session.objects.get().user_agent) == 512


class TestThrottle:
    @pytest.fixture
    def _rates(self, settings):
        scopes = ("auth_sessions_token", "auth_sessions_refresh", "auth_sessions_sign_out")
        rates = dict.fromkeys(scopes, "2/min")
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}

    def test_off_until_a_rate_is_set(self, ada):
        assert {try_sign_in(ada, "wrong").status_code for _ in range(30)} == {401}

    @pytest.mark.usefixtures("_rates")
    @pytest.mark.parametrize("path", ["token/", "token/refresh/", "sign-out/"])
    def test_each_action_has_its_own_rate(self, ada, path):
        answers = [Device().post(path, {"refresh": "x"}) for _ in range(4)]
        assert [answer.status_code == 429 for answer in answers] == [False, False, True, True]
        assert set(answers[-1].json()) == {"detail"}
        assert "Retry-After" in answers[-1]

    @pytest.mark.usefixtures("_rates")
    def test_a_spoofed_header_does_not_get_around_it(self, ada):
        statuses = []
        for number in range(4):
            device = Device()
            device.client.credentials(HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
            statuses.append(try_sign_in(ada, "wrong", device=device).status_code)
        assert statuses == [401, 401, 429, 429]

    @pytest.mark.usefixtures("_rates")
    @each(
        ("addresses", "are_one"),
        {
            "one /64": (["2001:db8:1:2::1", "2001:db8:1:2:ffff::", "2001:DB8:1:2:0:0:0:9"], True),
            "two /64": (["2001:db8:2:1::1", "2001:db8:2:2::1", "2001:db8:2:3::1"], False),
            "IPv4": (["192.0.2.1", "192.0.2.2", "192.0.2.3"], False),
            "mapped IPv4": (["::ffff:192.0.2.9", "192.0.2.9", "::ffff:c000:209"], True),
            "mapped IPv4 addresses": (["::ffff:192.0.2.11", "::ffff:192.0.2.12", "::ffff:192.0.2.13"], False),
            "NAT64": (["64:ff9b::192.0.2.21", "64:ff9b::192.0.2.22", "64:ff9b::192.0.2.23"], False),
            "with a zone": (["fe80::1%eth0", "fe80::2%eth0", "fe80::3%eth1"], True),
        },
    )
    def test_an_ipv6_client_is_counted_by_its_64(self, db, addresses, are_one):
        statuses = []
        for address in addresses:
            device = Device()
            device.client.defaults["REMOTE_ADDR"] = address
            statuses.append(device.post("token/refresh/", {"refresh": "x"}).status_code)
        assert statuses == [401, 401, 429 if are_one else 401]

    @pytest.mark.usefixtures("_rates")
    def test_a_cache_that_fails_holds_nobody_back(self, ada, settings, caplog):
        pytest.importorskip("redis", reason="redis is not installed")
        backend = "django.core.cache.backends.redis.RedisCache"
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1"}}
        assert try_sign_in(ada, PASSWORD).status_code == 200
        assert "Requests cannot be counted, and are not throttled" in caplog.text

    def test_a_rate_that_is_none_is_an_error(self, ada, settings):
        rates = {"auth_sessions_token": "junk"}
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
        with pytest.raises(ValueError, match="unpack"):
            try_sign_in(ada, PASSWORD)


@pytest.mark.parametrize("signal", [signals.access_token_issuing, user_logged_in])
def test_a_sign_in_that_fails_leaves_nothing(ada, laptop, settings, signal):
    """Nobody holds such a session, and it would count against the limit."""
    settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 2, "refuse"

    def fail(**event):
        raise TimeoutError

    signal.connect(fail)
    try:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                try_sign_in(ada, PASSWORD)
    finally:
        signal.disconnect(fail)
    assert [str(row.pk) for row in Session.objects.all()] == [laptop.session_id]
    assert try_sign_in(ada, PASSWORD).status_code == 200


def test_a_sign_in_whose_answer_fails_leaves_nothing(ada, settings, monkeypatch):
    """Here the project's own serializer of the session."""
    settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, "refuse"

    class Failing(SessionSerializer):
        def to_representation(self, instance):
            raise RuntimeError

    device = Device()
    device.client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(SignInView, "session_serializer_class", Failing)
        assert try_sign_in(ada, device=device).status_code == 500
    assert not Session.objects.exists()
    assert try_sign_in(ada).status_code == 200


class TestTheProjectsOwnSignIn:
    """The magic-link view of docs/magic-link.md, and a user handed over by a foreign backend."""

    def test_a_magic_link_works_once(self, ada):
        link = {"token": magic_link_token(ada)}
        first = Device().client.post("/api/magic-link/", link)
        assert Device().keep(first).me().status_code == 200
        assert Device().client.post("/api/magic-link/", link).status_code == 401
        assert Session.objects.get().amr == ["otp"]

    @pytest.mark.parametrize("token", ["", "junk", "a:b:c", None, 7, ["x"]])
    def test_a_broken_link_is_refused(self, ada, token):
        assert Device().client.post("/api/magic-link/", {"token": token}, format="json").status_code in {400, 401}

    def test_start_without_a_request(self, ada):
        session = create_session(ada, amr=["sms"], name="script", tag="cron", lifetime=None)
        assert (session.ip_address, session.user_agent, session.expires_at) == (None, "", None)
        pair = tokens.issue(session)
        device = Device().take(pair.access, pair.refresh)
        assert device.me().status_code == 200
        assert device.refresh().status_code == 200

    def test_an_inactive_user_is_not_started(self, make_user):
        with pytest.raises(exceptions.UserInactive):
            create_session(make_user("eve", is_active=False))

    def test_a_user_deleted_meanwhile_is_not_started(self, ada):
        stale = get_user_model().objects.get(pk=ada.pk)
        ada.delete()
        with pytest.raises(exceptions.UserNotFound):
            create_session(stale)
        assert not RefreshToken.objects.exists()


@pytest.mark.usefixtures("axes")
class TestAxes:
    """django-axes counts failures by Django's own signals and backends, whoever sends them."""

    @pytest.mark.parametrize("atomic_requests", [False, True])
    def test_the_right_password_comes_too_late(self, ada, monkeypatch, atomic_requests):
        """Under ATOMIC_REQUESTS the failures are kept, too, though they were answered with an error."""
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic_requests)
        for _ in range(3):
            assert code(try_sign_in(ada, "wrong")) == NO_ACCOUNT
        assert code(try_sign_in(ada)) == NO_ACCOUNT

    @pytest.mark.parametrize("options", [{}, {"AXES_LOCKOUT_URL": "/locked/"}, {"AXES_HTTP_RESPONSE_CODE": 403}])
    def test_the_answer_is_that_of_simplejwt(self, ada, settings, options):
        """The middleware of axes would answer 429 in HTML, for which no client of the API is made."""
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "axes.middleware.AxesMiddleware"]
        for name, value in options.items():
            setattr(settings, name, value)
        answers = [try_sign_in(ada, password) for password in ("wrong", "wrong", "wrong", PASSWORD)]
        assert [code(answer) for answer in answers] == [NO_ACCOUNT] * 4
        assert {answer["Content-Type"] for answer in answers} == {"application/json"}


@pytest.mark.parametrize("path", ["token/", "token/refresh/"])
def test_an_error_report_shows_neither_password_nor_token(ada, laptop, settings, path):
    """What Django mails to the administrators when something breaks in the middle."""
    from django.views.debug import ExceptionReporter

    def break_down(execute, sql, *args):
        raise RuntimeError("The database is gone.")

    data = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD, "refresh": laptop.refresh_token}
    request = RequestFactory().post(f"/api/auth/{path}", data)
    view = resolve(f"/api/auth/{path}").func
    with connection.execute_wrapper(break_down), pytest.raises(RuntimeError) as broken:
        view(request)
    reporter = ExceptionReporter(request, broken.type, broken.value, broken.tb)
    frames = [frame for frame in reporter.get_traceback_frames() if "auth_sessions" in frame["filename"]]
    shown = "".join(str(variable) for frame in frames for variable in frame["vars"]) + reporter.get_traceback_text()
    assert PASSWORD not in shown
    assert laptop.refresh_token not in shown


def test_the_urls_may_stand_under_a_version(ada, settings):
    settings.ROOT_URLCONF = "tests.versioned_urls"
    answer = Device().client.post("/api/v1/auth/token/", {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD})
    assert answer.status_code == 200
    device = Device().keep(answer)
    assert device.client.get("/api/v1/auth/sessions/", **device.headers).status_code == 200


def test_times_are_given_in_the_format_of_the_project(ada):
    created = try_sign_in(ada).json()["session"]["created_at"]
    assert datetime.fromisoformat(created) <= timezone.now()
