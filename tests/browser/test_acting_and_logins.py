"""A person signs in, or the login is dropped, in a browser in which somebody acts in another person's name."""

import pytest

from auth_sessions import api
from tests.support.device import PASSWORD


@pytest.fixture
def log_out_and_in(desk):
    def submit(user, **data):
        desk.submit("/login/after-logout/", {"username": user.get_username(), **data})
        desk.session_id = desk.page("/which/").json()["session"]

    return submit


class TestAViewThatLogsOutFirst:
    def test_another_person_signs_in(self, desk, ada, bob, grace, log_out_and_in):
        desk.act_as(ada)
        log_out_and_in(bob, password=PASSWORD)
        assert (desk.row.user, desk.row.actor) == (bob, None)
        assert desk.row.authenticated_at is not None
        assert not grace.auth_sessions.exists()
        assert not ada.auth_sessions.exists()

    def test_a_login_without_authenticate_of_another_person(self, desk, ada, bob, log_out_and_in):
        desk.act_as(ada)
        log_out_and_in(bob)
        assert desk.who == str(bob.pk)

    def test_the_person_who_was_helped_signs_in(self, desk, ada, grace, log_out_and_in):
        desk.act_as(ada)
        log_out_and_in(ada, password=PASSWORD)
        assert (desk.row.user, desk.row.actor) == (ada, None)
        assert not grace.auth_sessions.exists()

    def test_the_actor_signs_in_after_a_sign_out(self, desk, ada, grace, log_out_and_in):
        desk.act_as(ada)
        api.sign_out(grace.auth_sessions.get())
        log_out_and_in(grace, password=PASSWORD)
        assert (desk.row.user, desk.row.actor) == (grace, None)
