"""``RecentlyAuthenticated`` on the views that sign out: other devices need a proof, one's own never does."""

from datetime import timedelta

import pytest

from auth_sessions.models import Session
from tests.support.device import PASSWORD, Device, code
from tests.support.host import has_supabase
from tests.support.step_up import challenge, make_stale
from tests.support.supabase import share_tokens

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def _host(settings):
    settings.ROOT_URLCONF = "tests.host.guarded_sign_out_urls"


def left():
    return {str(key) for key in Session.objects.values_list("pk", flat=True)}


@pytest.mark.parametrize("body", [{}, {"scope": "global"}, {"scope": "others"}])
def test_others_need_a_proof(laptop, phone, body):
    make_stale(laptop)
    challenge(laptop.post("sign-out/", body))
    assert left() == {laptop.session_id, phone.session_id}
    assert laptop.post("reauthenticate/", {"password": PASSWORD}).status_code == 200
    assert laptop.post("sign-out/", body).status_code == 204
    assert left() == ({laptop.session_id} if body.get("scope") == "others" else set())


class TestOnesOwn:
    def test_by_access_token(self, laptop, phone):
        make_stale(laptop)
        assert laptop.post("sign-out/", {"scope": "local"}).status_code == 204
        assert left() == {phone.session_id}

    def test_by_refresh_token(self, laptop, phone):
        make_stale(laptop)
        device = laptop.copy()
        device.access = None
        assert device.post("sign-out/", {"refresh": device.refresh_token}).status_code == 401
        assert device.post("sign-out/", {"refresh": device.refresh_token, "scope": "local"}).status_code == 204
        assert left() == {phone.session_id}

    def test_by_cookie(self, office_browser, phone):
        make_stale(office_browser)
        assert office_browser.post("sign-out/", {"scope": "local"}).status_code == 204
        assert left() == {phone.session_id}

    @pytest.mark.parametrize("form", [str, str.upper, lambda key: key.replace("-", "")], ids=["usual", "upper", "hex"])
    def test_by_its_id(self, laptop, phone, form):
        make_stale(laptop)
        path = f"sessions/{form(laptop.session_id)}/"
        challenge(laptop.patch(path, {"name": "mine"}))
        challenge(laptop.delete(f"sessions/{phone.session_id}/"))
        assert laptop.delete(path).status_code == 204
        assert left() == {phone.session_id}

    def test_nobody_signs_out(self, phone):
        assert Device().post("sign-out/", {"scope": "local"}).status_code == 401
        assert Device().delete(f"sessions/{phone.session_id}/").status_code == 401
        assert left() == {phone.session_id}


@has_supabase
class TestSupabase:
    @pytest.mark.parametrize("query", ["", "?scope=global", "?scope=others"])
    def test_others_need_a_proof(self, laptop, phone, query):
        """400: the clients take 401, 403 and 404 for a sign-out that has succeeded."""
        make_stale(laptop)
        answer = share_tokens(laptop).send("POST", f"logout{query}")
        body = answer.json()
        assert (answer.status_code, body["error_code"]) == (400, "reauthentication_needed")
        assert body["msg"] == "This requires reauthentication"
        assert left() == {laptop.session_id, phone.session_id}
        make_stale(laptop, timedelta(0))
        assert share_tokens(laptop).send("POST", f"logout{query}").status_code == 204

    def test_ones_own_does_not(self, laptop, phone):
        make_stale(laptop)
        assert share_tokens(laptop).send("POST", "logout?scope=local").status_code == 204
        assert left() == {phone.session_id}
        assert code(laptop.me()) == (401, "session_not_found")
