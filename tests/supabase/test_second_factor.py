"""The second factor of a sign-in by Supabase's clients."""

import pytest

from auth_sessions.models import Session
from tests.host.second_factor import CODE, CodeMixin
from tests.support.device import PASSWORD
from tests.support.supabase import CREDENTIALS, VERSION, SupabaseDevice, code, needs_email, refusal

pytestmark = [needs_email, pytest.mark.any_database]


@pytest.fixture(autouse=True)
def _host(settings):
    settings.ROOT_URLCONF = "tests.host.second_step_urls"
    CodeMixin.asked = []


@pytest.mark.parametrize("version", [None, VERSION])
def test_the_refusals(ada, version):
    device = SupabaseDevice(version)
    for otp in ({}, {"otp": ""}, {"otp": None}, {"otp": " "}):
        assert refusal(device.try_sign_in(**otp)) == (400, "second_factor_required", "A code is required")
    assert refusal(device.try_sign_in(otp="000000")) == (400, "second_factor_invalid", "Invalid code")
    assert refusal(device.try_sign_in(password="wrong", otp=CODE)) == CREDENTIALS
    assert not Session.objects.exists()
    assert code(device.try_sign_in(otp=424242)) == (400, "bad_json")


def test_with_the_code(ada):
    device = SupabaseDevice().keep(SupabaseDevice().try_sign_in(otp=f" {CODE} "))
    assert device.claims["aal"] == "aal2"
    assert Session.objects.get().amr == ["pwd", "otp", "mfa"]


def test_a_lock_out_counts_codes(ada, axes):
    for _ in range(3):
        SupabaseDevice().try_sign_in(otp="000000")
    assert refusal(SupabaseDevice().try_sign_in(otp=CODE)) == CREDENTIALS


def test_a_sign_up_asks_as_well(db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    answer = SupabaseDevice().signup("eve@example.org", PASSWORD)
    assert code(answer) == (400, "second_factor_required")
    assert [path for path, _ in CodeMixin.asked] == ["/auth/v1/signup"]
