"""OWASP ASVS 5.0, chapters V9 and V10: self-contained tokens, and what of OAuth is about sessions.

The app is no authorization server: it has no clients to register, no codes and no scopes.
"""

from auth_sessions.audit.findings import duty, met, not_met
from auth_sessions.audit.judges import ending, timeouts, tokens
from auth_sessions.audit.judges.common import always, first, own_classes
from auth_sessions.audit.requirement import Requirement

JUNK = "tests/rest/junk/test_tokens.py"
KEYS = "tests/supabase/test_keys.py::TestPublicKeys"

BEARER = not_met(
    "Whoever has an access token may use it: it is not bound to a client.",
    "No setting. ACCESS_TOKEN_LIFETIME and a sign-out limit what a stolen one is good for.",
)
OWN_CLIENTS = duty(
    "token/ takes a password, for clients of your own: it is no authorization server.",
    "Give it to no client of anybody else, for whom an authorization server is needed.",
)

REQUIREMENTS = (
    Requirement(
        id="asvs-9.1.1",
        level=1,
        text="The signature is verified before a claim counts",
        settings=("SIMPLE_JWT",),
        judge=tokens.sign_and_verify,
        tests=(f"{JUNK}::TestTokens::test_a_genuine_one_bent", f"{JUNK}::TestTokens::test_another_key"),
    ),
    Requirement(
        id="asvs-9.1.2",
        level=1,
        text="Only listed algorithms are accepted, and never none",
        settings=("SIMPLE_JWT", "AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS"),
        judge=tokens.sign_and_verify,
        tests=(
            f"{JUNK}::TestTokens::test_no_algorithm",
            f"{JUNK}::TestTokens::test_another_algorithm",
            f"{JUNK}::test_the_public_key_is_no_secret",
        ),
    ),
    Requirement(
        id="asvs-9.1.3",
        level=1,
        text="Keys are those that the service was given; a token brings none",
        settings=("SIMPLE_JWT",),
        judge=tokens.keys_come_from_settings,
        tests=(f"{JUNK}::TestTokens::test_headers_that_bring_a_key", f"{JUNK}::TestTokens::test_headers"),
    ),
    Requirement(
        id="asvs-9.2.1",
        level=1,
        text="A token counts between nbf and exp only",
        settings=("SIMPLE_JWT",),
        judge=tokens.times_are_verified,
        tests=(
            "tests/rest/test_authentication.py::TestRefusals::test_expired_is_worth_a_refresh",
            "tests/core/test_tokens.py::test_before_its_time",
            f"{JUNK}::test_claims_of_an_access_token",
        ),
    ),
    Requirement(
        id="asvs-9.2.2",
        level=2,
        text="A token is accepted as what it is only",
        judge=first(
            own_classes, otherwise=met("Access and refresh tokens have different keys, and say which they are.")
        ),
        tests=(f"{JUNK}::TestTokens::test_the_other_kind", f"{JUNK}::TestTokens::test_simplejwts_own"),
    ),
    Requirement(
        id="asvs-9.2.3",
        level=2,
        text="A service accepts tokens that are meant for it",
        settings=("SIMPLE_JWT",),
        judge=tokens.audience_is_verified,
        tests=("tests/core/test_tokens.py::test_settings_of_simplejwt_are_read_when_used",),
    ),
    Requirement(
        id="asvs-9.2.4",
        level=2,
        text="Where one key signs for several services, the audience tells them apart",
        settings=("SIMPLE_JWT",),
        judge=tokens.audience_is_verified,
        tests=(f"{KEYS}::test_an_issuer_and_an_audience",),
    ),
    Requirement(
        id="asvs-10.1.1",
        level=2,
        text="Tokens are only where they are needed",
        judge=always(
            duty(
                "The app does not see where clients keep their tokens.",
                "Sign browsers in by Django's cookie or by HttpOnly cookies (docs/cookies.md).",
            )
        ),
    ),
    Requirement(
        id="asvs-10.3.1",
        level=2,
        text="The API accepts access tokens of its audience",
        settings=("SIMPLE_JWT",),
        judge=tokens.audience_is_verified,
        tests=("tests/core/test_tokens.py::test_settings_of_simplejwt_are_read_when_used",),
    ),
    Requirement(
        id="asvs-10.3.3",
        level=2,
        text="A person is found by what no other person gets",
        settings=("SIMPLE_JWT",),
        judge=tokens.user_is_found_by_what_stays,
        tests=("tests/rest/test_authentication.py::TestRefusals::test_a_session_of_another_person",),
    ),
    Requirement(
        id="asvs-10.3.4",
        level=2,
        text="What needs a recent or stronger sign-in, verifies that",
        settings=("AUTH_SESSIONS_REAUTHENTICATION_AGE",),
        judge=always(
            duty(
                "Tokens have auth_time and amr, and the session knows both.",
                "Say what your views need: RecentlyAuthenticated.within(minutes=10, methods=…).",
            )
        ),
        tests=("tests/rest/test_step_up.py::TestMethods::test_one_of_them_is_needed",),
    ),
    Requirement(
        id="asvs-10.3.5",
        level=3,
        text="Access tokens are bound to their client, so that a stolen one is worth nothing",
        judge=always(BEARER),
        tests=("tests/audit/test_shown.py::test_a_copied_access_token_is_accepted",),
    ),
    Requirement(
        id="asvs-10.4.4",
        level=1,
        text="No client of OAuth sends a password",
        judge=always(OWN_CLIENTS),
    ),
    Requirement(
        id="asvs-10.4.5",
        level=1,
        text="A refresh token is good once; one that comes back ends all of its session",
        settings=("AUTH_SESSIONS_REUSE_POLICY", "AUTH_SESSIONS_REUSE_INTERVAL"),
        judge=tokens.refresh_tokens_are_good_once,
        tests=(
            "tests/rest/test_reuse_policies.py::TestThieves::test_the_child_was_lost",
            "tests/rest/test_refresh.py::TestThieves::test_a_copy_used_after_the_owner_ends_the_session",
            "tests/rest/test_refresh.py::TestThieves::test_the_end_survives_whatever_the_request_does",
        ),
    ),
    Requirement(
        id="asvs-10.4.8",
        level=2,
        text="Refresh tokens end at a fixed time, however often they are used",
        settings=("AUTH_SESSIONS_PRESET", "AUTH_SESSIONS_LIFETIME"),
        judge=timeouts.has_overall,
        tests=(
            "tests/rest/test_refresh.py::TestTheTokenItself::test_it_ends_with_its_session",
            "tests/core/test_limits.py::TestLifetime::test_no_access_token_outlives_it",
        ),
    ),
    Requirement(
        id="asvs-10.4.9",
        level=2,
        text="People revoke their refresh tokens",
        settings=("ROOT_URLCONF",),
        judge=ending.people_revoke_tokens,
        tests=(
            "tests/pages/test_sign_out.py::TestSignOut::test_one",
            "tests/rest/test_sessions.py::TestOne::test_delete_signs_that_device_out",
        ),
    ),
    Requirement(
        id="asvs-10.4.14",
        level=3,
        text="Only access tokens that are bound to their client are issued",
        judge=always(BEARER),
        tests=("tests/audit/test_shown.py::test_a_copied_access_token_is_accepted",),
    ),
)
