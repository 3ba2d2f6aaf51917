"""Whoever writes to one of a user's sessions while another sign-out ends them all: neither waits for the other."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from auth_sessions import passwords
from auth_sessions.core.password_changes import change_password, upgrade_hash
from auth_sessions.core.sign_out import sign_out
from auth_sessions.core.usage import mark_reauthenticated
from auth_sessions.db.locking import lock
from auth_sessions.db.uuid7 import uuid7
from auth_sessions.models import RefreshToken, Session
from tests.support.device import PASSWORD, Device
from tests.support.races import with_own_connection

pytestmark = pytest.mark.slow

WAIT = 0.5
"""Seconds in which the other gets as far as it can."""


@pytest.fixture
def two(ada):
    """The person's devices, in the order of their keys."""
    return Device().sign_in(ada), Device().sign_in(ada)


def meanwhile(first, second, *, table="auth_sessions_session", column):
    """Both answers, where ``second`` begins as soon as ``first`` has written that column."""
    written = threading.Event()

    def look(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if not written.is_set() and sql.startswith("UPDATE") and table in sql and column in sql:
            written.set()
            time.sleep(WAIT)
        return result

    def looked_at():
        with connection.execute_wrapper(look):
            return first()

    def begun_then():
        assert written.wait(30)
        return second()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(with_own_connection, (looked_at, begun_then)))


def end_all(user):
    """What signing out everywhere on another device comes to."""
    return lambda: Session.objects.filter(user_id=user.pk).end(reason="signed_out")


def test_a_new_password(ada, two):
    keep = Session.objects.get(pk=two[1].session_id)
    user = get_user_model().objects.get(pk=ada.pk)
    meanwhile(
        lambda: change_password(user, "quite-new-1906", keep=keep),
        end_all(ada),
        column="password_fingerprint",
    )
    assert not Session.objects.exists()


@pytest.mark.usefixtures("atomic_requests")
def test_a_sign_out_by_a_refresh_token(two):
    laptop, phone = two
    phone.refresh()
    first, second = meanwhile(
        lambda: phone.post("sign-out/", {"refresh": phone.refresh_token}),
        lambda: laptop.sign_out("global"),
        column="confirmed_generation",
    )
    assert sorted([first.status_code, second.status_code]) == [204, 401]  # whoever comes second has ended
    assert not Session.objects.exists()


@pytest.mark.usefixtures("atomic_requests")
def test_a_refresh_after_the_secret_key_changed(clock, two, settings):
    laptop, _ = two
    settings.SIMPLE_JWT = {"SIGNING_KEY": "x" * 64}
    laptop.refresh()
    RefreshToken.objects.update(rotated_at=timezone.now() - timedelta(minutes=1))  # so that the next one rotates
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [settings.SECRET_KEY]
    tab = laptop.copy()
    clock.shift(60)
    first, second = meanwhile(
        tab.refresh, lambda: laptop.sign_out("local"), table="auth_sessions_refreshtoken", column="rotated_at"
    )
    assert [first.status_code, second.status_code] == [200, 204]
    assert tab.refresh().status_code == 401


def test_a_new_proof_before_a_sign_out(ada, two):
    session = Session.objects.get(pk=two[1].session_id)

    def prove_and_sign_out():
        with transaction.atomic():
            mark_reauthenticated(session, ada)
            sign_out(session, "others")

    meanwhile(prove_and_sign_out, end_all(ada), column="authenticated_at")
    assert not Session.objects.exists()


@pytest.mark.usefixtures("atomic_requests")
def test_a_login_again_in_a_browser(ada, office_browser):
    """The login goes on in the transaction of the request, and writes to the user last."""
    user = get_user_model().objects.get(pk=ada.pk)
    _, answer = meanwhile(
        lambda: change_password(user, "quite-new-1906"),
        lambda: office_browser.submit("/login/", {"username": ada.get_username(), "password": PASSWORD}),
        table=user._meta.db_table,
        column="password",
    )
    assert answer.status_code in {200, 302, 400}  # 200: on SQLite the login waits, and the password is wrong then
    assert not office_browser.is_signed_in()


def test_a_better_hash(ada):
    """The rows lie in the reverse order of their keys, and one of them is held until both wait."""
    stamp = passwords.fingerprint(ada.password)
    keys = sorted((uuid7() for _ in range(3)), reverse=True)
    for key in keys:
        Session.objects.create(pk=key, user=ada, password_fingerprint=stamp)
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            lock(Session.objects.filter(pk=keys[1]))
            held.set()
            assert let_go.wait(30)

    def upgrade():
        user = get_user_model().objects.get(pk=ada.pk)
        user.set_password("quite-new-1906")
        upgrade_hash(user)

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(with_own_connection, hold)]
        assert held.wait(30)
        for call in (upgrade, end_all(ada)):
            running.append(pool.submit(with_own_connection, call))
            time.sleep(WAIT)
        let_go.set()
        for each in running:
            each.result()
    assert not Session.objects.exists()
