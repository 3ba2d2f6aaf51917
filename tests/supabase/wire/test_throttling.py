"""Rates of the project."""

import pytest

from tests.support.device import Device
from tests.support.supabase import (
    needs_email,
    refusal,
)

pytestmark = [needs_email, pytest.mark.any_database]


class TestThrottle:
    LIMITED = (429, "over_request_rate_limit", "Request rate limit reached")

    @pytest.fixture
    def _rates(self, settings):
        scopes = ("auth_sessions_token", "auth_sessions_refresh", "auth_sessions_sign_out")
        rates = dict.fromkeys(scopes, "3/min")
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True

    def test_off_until_a_rate_is_set(self, ada, nobody):
        assert {nobody.try_sign_in(password="wrong").status_code for _ in range(30)} == {400}

    @pytest.mark.usefixtures("_rates")
    def test_sign_ins(self, ada, nobody):
        answers = [nobody.try_sign_in(password="wrong") for _ in range(3)]
        assert {answer.status_code for answer in answers} == {400}
        assert refusal(nobody.try_sign_in()) == refusal(nobody.signup("eve@example.org")) == self.LIMITED
        assert nobody.send("GET", "health").status_code == 200

    @pytest.mark.usefixtures("_rates")
    def test_refreshes(self, laptop):
        assert [laptop.refresh().status_code for _ in range(3)] == [200] * 3
        assert refusal(laptop.refresh()) == self.LIMITED
        assert laptop.user().status_code == laptop.try_sign_in().status_code == 200

    @pytest.mark.usefixtures("_rates")
    def test_sign_outs(self, laptop):
        assert [laptop.logout("others").status_code for _ in range(3)] == [204] * 3
        assert refusal(laptop.logout("local")) == self.LIMITED
        assert laptop.user().status_code == 200

    @pytest.mark.usefixtures("_rates")
    def test_the_rest_api_counts_with_it(self, ada, nobody):
        for _ in range(3):
            data = {ada.USERNAME_FIELD: ada.get_username(), "password": "wrong"}
            assert Device().post("token/", data).status_code == 401
        assert refusal(nobody.try_sign_in()) == self.LIMITED

    @pytest.mark.usefixtures("_rates")
    def test_a_spoofed_header_does_not_get_around_it(self, ada, nobody):
        statuses = []
        for number in range(4):
            nobody.headers["HTTP_X_FORWARDED_FOR"] = f"203.0.113.{number}"
            statuses.append(nobody.try_sign_in().status_code)
        assert statuses == [200, 200, 200, 429]
