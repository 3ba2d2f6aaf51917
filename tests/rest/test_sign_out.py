"""Signing out: three scopes, every way to end a session, and everything that is related to it."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.test import AsyncRequestFactory, RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework import serializers
from rest_framework.test import APIRequestFactory

from auth_sessions import signals, tokens
from auth_sessions.choices import EndReason, Scope
from auth_sessions.core.creation import create_session
from auth_sessions.core.sign_out import sign_out
from auth_sessions.models import RefreshToken, Session
from auth_sessions.serializers import SignOutSerializer
from auth_sessions.testing import assert_signed_in, assert_signed_out
from auth_sessions.views import SignOutView
from example_project.views import magic_link_token
from tests.host.models import Draft, PushDevice
from tests.support.browser import Browser
from tests.support.device import Device, code
from tests.support.ways_to_end import OF_DEVICES, WAYS_TO_END

GONE = (401, "session_not_found")


def by_password(user):
    return Device().sign_in(user)


def by_magic_link(user):
    user.refresh_from_db()
    return Device().keep(Device().client.post("/api/magic-link/", {"token": magic_link_token(user)}))


def by_foreign_backend(user):
    pair = tokens.issue(create_session(user, amr=["fed"]))
    return Device().take(pair.access, pair.refresh)


@pytest.mark.parametrize("sign_in", [by_password, by_magic_link, by_foreign_backend])
class TestScopes:
    """The same for everybody, however the person signed in."""

    @pytest.fixture
    def devices(self, sign_in, ada):
        return [sign_in(ada) for _ in range(3)]

    @pytest.fixture
    def bystander(self, sign_in, bob):
        return sign_in(bob)

    @pytest.mark.parametrize(
        ("scope", "alive"),
        [
            (None, [False, False, False]),
            ("global", [False, False, False]),
            ("local", [False, True, True]),
            ("others", [True, False, False]),
        ],
    )
    def test_scope(self, devices, bystander, scope, alive):
        answer = devices[0].sign_out(scope)
        assert (answer.status_code, answer.content) == (204, b"")
        assert [device.me().status_code == 200 for device in devices] == alive
        assert [device.refresh().status_code == 200 for device in devices] == alive
        assert bystander.me().status_code == 200

    def test_by_refresh_token_when_the_access_token_has_expired(self, clock, devices, bystander):
        clock.shift(timedelta(hours=2))
        device = devices[0]
        assert code(device.sign_out("global")) == (401, "token_not_valid")
        answer = device.post("sign-out/", {"scope": "global", "refresh": device.refresh_token})
        assert answer.status_code == 204
        assert {code(each.refresh()) for each in devices} == {GONE}
        assert bystander.refresh().status_code == 200


def wsgi(method, path, body, headers, *, is_terminated=True):
    """As of a server that ends the stream with the body (PEP 3333 leaves it to servers; gunicorn and waitress do)."""
    stream = {"CONTENT_TYPE": "application/json", "wsgi.input": BytesIO(body), "wsgi.input_terminated": is_terminated}
    return WSGIRequest({**RequestFactory().generic(method, path).environ, **stream, **headers})


def wsgi_of_another_kind(method, path, body, headers):
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"} if body else {}
    return wsgi(method, path, body, {**chunked, **headers}, is_terminated=False)


def asgi(method, path, body, headers):
    request = AsyncRequestFactory().generic(method, path, body, content_type="application/json")
    request.META.update(headers)
    return request


class TestRequest:
    def test_scope_in_the_query(self, laptop, phone):
        assert laptop.post("sign-out/?scope=others").status_code == 204
        assert (laptop.me().status_code, phone.me().status_code) == (200, 401)

    def test_scope_twice_and_alike(self, laptop):
        assert laptop.post("sign-out/?scope=local", {"scope": "local"}).status_code == 204

    @pytest.mark.parametrize(
        ("query", "body"),
        [
            ("?scope=everyone", {}),
            ("?scope=", {}),
            ("", {"scope": "LOCAL"}),
            ("", {"scope": ""}),
            ("", {"scope": None}),
            ("", {"scope": ["local"]}),
            ("?scope=local", {"scope": "global"}),
        ],
    )
    def test_another_scope_is_refused(self, laptop, query, body):
        answer = laptop.post(f"sign-out/{query}", body)
        assert (answer.status_code, list(answer.json())) == (400, ["scope"])
        assert laptop.me().status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [{"CONTENT_LENGTH": ""}, {"CONTENT_LENGTH": "0"}, {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}],
    )
    @pytest.mark.parametrize("server", [wsgi, wsgi_of_another_kind, asgi])
    def test_a_body_without_a_length_is_refused(self, laptop, phone, server, headers):
        """DRF would take it for none, and the scope in it would be the default."""
        request = server("POST", "/", b'{"scope": "local"}', {**laptop.headers, **headers})
        answer = SignOutView.as_view()(request)
        assert (answer.status_code, answer.data["code"]) == (411, "length_required")
        assert (laptop.me().status_code, phone.me().status_code) == (200, 200)

    @pytest.mark.parametrize("server", [wsgi, wsgi_of_another_kind, asgi])
    @pytest.mark.parametrize(("body", "alive"), [(b"", False), (b'{"scope": "local"}', True)])
    def test_a_body_with_a_length_and_none(self, laptop, phone, server, body, alive):
        length = {"CONTENT_LENGTH": str(len(body)) if body else ""}
        assert SignOutView.as_view()(server("POST", "/", body, {**laptop.headers, **length})).status_code == 204
        assert (laptop.me().status_code, phone.me().status_code) == (401, 200 if alive else 401)

    def test_a_project_s_own_serializer_is_asked_without_a_body_too(self, laptop):
        class Sure(SignOutSerializer):
            is_sure = serializers.BooleanField()

        for body, status in ({}, 400), ({"is_sure": True}, 204):
            request = APIRequestFactory().post("/", body, format="json", **laptop.headers)
            assert SignOutView.as_view(serializer_class=Sure)(request).status_code == status
            assert laptop.me().status_code == (401 if status == 204 else 200)

    def test_without_any_proof(self, laptop):
        assert code(Device().sign_out("local")) == (401, "not_authenticated")
        assert laptop.me().status_code == 200

    @pytest.mark.parametrize("scope", ["local", "others", "global"])
    def test_a_refresh_token_wins_over_a_stale_header(self, clock, laptop, scope):
        stale = laptop.copy()
        stale.access = "long.gone.token"
        assert stale.post("sign-out/", {"scope": scope, "refresh": laptop.refresh_token}).status_code == 204

    def test_it_wins_over_another_persons_header_too(self, laptop, bob):
        other = Device().sign_in(bob)
        other.post("sign-out/", {"refresh": laptop.refresh_token})
        assert laptop.me().status_code == 401
        assert other.me().status_code == 200


class TestAgain:
    """A sign-out repeated, or of a session that ended by itself."""

    def test_local_is_fine(self, laptop):
        assert [laptop.sign_out("local").status_code for _ in range(3)] == [204, 204, 204]

    def test_local_by_refresh_token_is_fine(self, laptop):
        order = {"scope": "local", "refresh": laptop.refresh_token}
        assert [laptop.post("sign-out/", order).status_code for _ in range(3)] == [204, 204, 204]

    @pytest.mark.parametrize("scope", ["others", "global"])
    def test_the_wider_scopes_need_a_living_session(self, laptop, phone, scope):
        phone.sign_out("others")
        assert code(laptop.sign_out(scope)) == GONE
        assert code(laptop.post("sign-out/", {"scope": scope, "refresh": laptop.refresh_token})) == GONE
        assert phone.me().status_code == 200

    def test_local_on_an_expired_session(self, clock, laptop):
        clock.shift(timedelta(days=31))
        assert laptop.post("sign-out/", {"scope": "local", "refresh": laptop.refresh_token}).status_code == 204
        assert not Session.objects.exists()

    def test_local_on_a_session_that_is_over_destroys_it(self, laptop):
        """Not only refused: were the user switched on again, it would rise."""
        get_user_model().objects.update(is_active=False)
        assert laptop.sign_out("local").status_code == 204
        get_user_model().objects.update(is_active=True)
        assert code(laptop.me()) == code(laptop.refresh()) == GONE

    def test_junk_is_no_proof_of_a_session_gone(self, laptop):
        assert code(laptop.post("sign-out/", {"scope": "local", "refresh": "junk"})) == (401, "token_not_valid")


class TestReusedRefreshToken:
    @pytest.mark.parametrize("scope", ["local", "others", "global"])
    def test_it_ends_its_own_session_only(self, clock, laptop, phone, scope, end_signals):
        thief = laptop.copy()
        laptop.refresh()
        clock.shift(11)
        laptop.refresh()
        answer = thief.post("sign-out/", {"scope": scope, "refresh": thief.refresh_token})
        assert code(answer) == (401, "refresh_token_already_used")
        assert code(laptop.me()) == GONE
        assert phone.me().status_code == 200
        assert end_signals[-1][1]["reason"] == EndReason.REFRESH_TOKEN_REUSED

    def test_a_child_that_signed_others_out_was_seen_in_use(self, clock, laptop):
        thief = laptop.copy()
        laptop.refresh()
        clock.shift(60)
        assert laptop.post("sign-out/", {"scope": "others", "refresh": laptop.refresh_token}).status_code == 204
        assert code(thief.refresh()) == (401, "refresh_token_already_used")

    def test_the_parent_of_an_unused_child_still_proves(self, clock, laptop, phone):
        parent = laptop.copy()
        laptop.try_refresh()
        clock.shift(3600)
        assert parent.post("sign-out/", {"scope": "others", "refresh": parent.refresh_token}).status_code == 204
        assert code(phone.refresh()) == GONE
        assert RefreshToken.objects.get().generation == 1


@pytest.mark.parametrize("of_device", OF_DEVICES, ids=lambda of_device: f"{of_device[0]}, {of_device[1].__name__}")
def test_every_way_ends_the_session_and_all_that_is_related(make_user, ada, bob, of_device, end_signals):
    way, kind = of_device
    laptop, bystander = kind().sign_in(ada), Device().sign_in(bob)
    for device in (laptop, bystander):
        PushDevice.objects.create(session_id=device.session_id, token="t")
        Draft.objects.create(session_key=device.session_id)
    end, reason = WAYS_TO_END[way]
    cookie = laptop.cookie if kind is Browser else ""

    end(laptop, ada, make_user)

    assert_signed_out(laptop)
    assert_signed_in(bystander)
    assert laptop.me().status_code == laptop.refresh().status_code == 401
    assert not Session.objects.filter(pk=laptop.session_id).exists()
    if cookie:
        assert not apps.get_model("sessions.Session").objects.filter(session_key=cookie).exists()
    assert not RefreshToken.objects.filter(pk=laptop.session_id).exists()
    assert [str(device.session_id) for device in PushDevice.objects.all()] == [bystander.session_id]
    assert [str(draft.session_key) for draft in Draft.objects.all()] == [bystander.session_id]
    assert bystander.me().status_code == bystander.refresh().status_code == 200
    assert [name for name, _ in end_signals] == ["ending", "ended"]
    for _, event in end_signals:
        assert event["reason"] == reason
        assert laptop.session_id in {str(session.pk) for session in event["sessions"]}
        assert len(event["user_ids"]) == 1


class TestSignals:
    def test_what_they_carry(self, laptop, phone, ada, end_signals):
        laptop.sign_out("others")
        (first, ending), (second, ended) = end_signals
        assert (first, second) == ("ending", "ended")
        assert [id(session) for session in ending["sessions"]] == [id(session) for session in ended["sessions"]]
        assert [str(session.pk) for session in ended["sessions"]] == [phone.session_id]
        for event in (ending, ended):
            assert (event["sender"], event["scope"], event["actor"]) == (Session, Scope.OTHERS, ada)
            assert (event["user_ids"], event["request"].path) == ({ada.pk}, "/api/auth/sign-out/")

    def test_one_pair_for_many_users(self, laptop, bob, end_signals):
        Device().sign_in(bob)
        assert Session.objects.all().end(reason=EndReason.REVOKED) == 2
        assert [len(event["user_ids"]) for _, event in end_signals] == [2, 2]

    def test_nothing_ended_nothing_said(self, db, end_signals):
        assert Session.objects.none().end(reason=EndReason.REVOKED) == 0
        assert Session.objects.all().delete() == (0, {})
        assert end_signals == []

    @pytest.mark.parametrize("atomic_requests", [False, True])
    def test_an_error_in_a_receiver_undoes_everything(self, laptop, phone, monkeypatch, atomic_requests, end_signals):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic_requests)
        PushDevice.objects.create(session_id=phone.session_id, token="t")
        Draft.objects.create(session_key=phone.session_id)

        def fail(**event):
            raise RuntimeError("The push service does not answer.")

        signals.sessions_ending.connect(fail)
        with pytest.raises(RuntimeError):
            laptop.sign_out()
        signals.sessions_ending.disconnect(fail)
        assert (PushDevice.objects.count(), Draft.objects.count(), RefreshToken.objects.count()) == (1, 1, 2)
        assert laptop.me().status_code == phone.refresh().status_code == 200
        assert "ended" not in [name for name, _ in end_signals]

    def test_an_error_after_the_end_is_logged(self, laptop, caplog):
        def fail(**event):
            raise RuntimeError("The mail server does not answer.")

        signals.sessions_ended.connect(fail)
        assert laptop.sign_out().status_code == 204
        signals.sessions_ended.disconnect(fail)
        assert "The mail server does not answer." in caplog.text
        assert not Session.objects.exists()

    @pytest.mark.parametrize(
        ("call", "times"),
        [
            (lambda d, other: d.sign_out("global"), 1),
            (lambda d, other: d.sign_out("local"), 1),
            (lambda d, other: d.sign_out("others"), 0),
            (lambda d, other: d.delete(f"sessions/{d.session_id}/"), 1),
            (lambda d, other: d.delete(f"sessions/{other.session_id}/"), 0),
        ],
    )
    def test_user_logged_out_once_for_the_session_called_from(self, laptop, phone, ada, call, times):
        events = []

        def listen(user, request, **kwargs):
            events.append((user, request.method))

        user_logged_out.connect(listen)
        call(laptop, phone)
        user_logged_out.disconnect(listen)
        assert [user for user, _ in events] == [ada] * times


@pytest.mark.slow
class TestCost:
    """The number of statements does not depend on the number of sessions."""

    @pytest.mark.parametrize("scope", ["global", "others"])
    def test_over_rest(self, ada, scope):
        costs = set()
        for number in (1, 10, 1000):
            sessions = [create_session(ada) for _ in range(number)]
            PushDevice.objects.bulk_create(PushDevice(session=session, token="t") for session in sessions)
            Draft.objects.bulk_create(Draft(session_key=session.pk) for session in sessions)
            laptop = Device().sign_in(ada)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                laptop.sign_out(scope)
            costs.add(len(queries))
            assert Session.objects.count() == (1 if scope == "others" else 0)
            assert not PushDevice.objects.exists()
            assert not Draft.objects.exists()
            Session.objects.all().delete()
        assert len(costs) == 1

    def test_more_than_one_statement_can_name(self, ada):
        create_session(ada)
        template = Session.objects.get()
        number = 3_000 if connection.vendor == "mysql" else 40_000  # MariaDB has no limit
        Session.objects.bulk_create(
            Session(user=ada, password_fingerprint=template.password_fingerprint) for _ in range(number)
        )
        assert Session.objects.all().end(reason=EndReason.REVOKED) == number + 1
        assert not Session.objects.exists()


def test_there_are_three_scopes(laptop):
    with pytest.raises(ValueError, match="everything"):
        sign_out(Session.objects.get(), "everything")
    assert laptop.me().status_code == 200


class TestQuerysets:
    """``end()`` and ``delete()`` work on whatever a queryset can be."""

    @pytest.mark.parametrize(
        "narrow",
        [
            lambda rows: rows.order_by("-created_at")[:1],
            lambda rows: rows.filter(push_devices__token="t").distinct(),
            lambda rows: rows.filter(user__is_active=True, push_devices__token="t"),
            lambda rows: rows.select_related("user", "refresh_token").filter(name="one"),
            lambda rows: rows.filter(name="one") | rows.filter(name="none"),
            lambda rows: rows.filter(name="one").union(rows.filter(name="none")),
            lambda rows: rows.last_used_first()[:1],
        ],
    )
    def test_narrowed(self, clock, ada, narrow):
        create_session(ada)
        clock.shift(1)
        one = create_session(ada, name="one")
        PushDevice.objects.create(session=one, token="t")
        PushDevice.objects.create(session=one, token="t")
        assert narrow(Session.objects.all()).end(reason=EndReason.REVOKED) == 1
        assert [session.name for session in Session.objects.all()] == [""]

    def test_the_shape_of_delete(self, ada):
        create_session(ada)
        create_session(ada)
        assert Session.objects.first().delete() == (1, {"auth_sessions.Session": 1})
        assert Session.objects.all().delete() == (1, {"auth_sessions.Session": 1})
