"""RFC 9700, Best Current Practice for OAuth 2.0 Security: what it says of tokens, and of the pages that people see."""

from auth_sessions.audit.findings import met
from auth_sessions.audit.judges import ending, timeouts, tokens, transport
from auth_sessions.audit.judges.common import always, first
from auth_sessions.audit.requirement import Requirement
from auth_sessions.audit.standards.asvs_v9 import BEARER, OWN_CLIENTS

REFRESH = "tests/rest/test_refresh.py"

REQUIREMENTS = (
    Requirement(
        id="rfc9700-2.2.1",
        level=2,
        text="Access tokens are bound to their client",
        judge=always(BEARER),
        tests=("tests/audit/test_shown.py::test_a_copied_access_token_is_accepted",),
    ),
    Requirement(
        id="rfc9700-2.2.2",
        level=1,
        text="Refresh tokens of public clients are bound to them, or rotate",
        settings=("AUTH_SESSIONS_REUSE_POLICY",),
        judge=tokens.refresh_tokens_rotate,
        tests=(
            f"{REFRESH}::TestHonestClients::test_the_current_token_rotates",
            f"{REFRESH}::TestThieves::test_a_copy_used_after_the_owner_ends_the_session",
        ),
    ),
    Requirement(
        id="rfc9700-2.3",
        level=2,
        text="Access tokens are for one service, or a few",
        settings=("SIMPLE_JWT",),
        judge=tokens.audience_is_verified,
        tests=("tests/core/test_tokens.py::test_settings_of_simplejwt_are_read_when_used",),
    ),
    Requirement(
        id="rfc9700-2.4",
        level=1,
        text="No client of OAuth takes the person's password",
        judge=always(OWN_CLIENTS),
    ),
    Requirement(
        id="rfc9700-2.6",
        level=2,
        text="TLS reaches from the client to the application",
        judge=transport.tls_everywhere,
    ),
    Requirement(
        id="rfc9700-4.3.2",
        level=1,
        text="No access token stands in an address",
        settings=("INSTALLED_APPS", "DEFAULT_AUTHENTICATION_CLASSES"),
        judge=tokens.tokens_are_not_in_addresses,
        tests=("tests/audit/test_shown.py::test_a_token_in_the_address_is_not_read",),
    ),
    Requirement(
        id="rfc9700-4.11.2",
        level=1,
        text="The pages of a sign-in lead to no other site",
        settings=("ROOT_URLCONF",),
        judge=first(
            ending.no_page, otherwise=met("The app's pages and the hand-over lead to paths of this site alone.")
        ),
        tests=(
            "tests/pages/test_step_up.py::test_it_leads_to_no_other_site",
            "tests/rest/test_hand_over.py::TestTheCode::test_where_to_go_is_a_path_of_this_site",
        ),
    ),
    Requirement(
        id="rfc9700-4.12",
        level=1,
        text="After a password no redirect makes the browser send it on (307)",
        settings=("ROOT_URLCONF",),
        judge=first(ending.no_page, otherwise=met("The app's pages redirect by 302.")),
        tests=("tests/pages/test_reauthentication.py::TestProof::test_the_right_one_does_it",),
    ),
    Requirement(
        id="rfc9700-4.13",
        level=1,
        text="No client writes the headers that a proxy should",
        settings=("AUTH_SESSIONS_TRUSTED_PROXIES", "USE_X_FORWARDED_HOST", "SECURE_PROXY_SSL_HEADER"),
        judge=transport.proxies_are_counted,
        tests=(
            "tests/core/test_devices.py::test_forwarded_addresses_count_behind_trusted_proxies_only",
            "tests/rest/test_sign_in.py::TestThrottle::test_a_spoofed_header_does_not_get_around_it",
        ),
    ),
    Requirement(
        id="rfc9700-4.14.2-guess",
        level=1,
        text="Nobody guesses, makes or changes a refresh token",
        settings=("SECRET_KEY",),
        judge=tokens.keys_are_strong,
        tests=(
            f"{REFRESH}::TestTheTokenItself::test_a_copy_of_the_database_is_not_enough",
            f"{REFRESH}::TestTheTokenItself::test_the_secret_key_is_not_enough",
        ),
    ),
    Requirement(
        id="rfc9700-4.14.2-reuse",
        level=1,
        text="A refresh token that comes back ends what it was good for",
        settings=("AUTH_SESSIONS_REUSE_POLICY", "AUTH_SESSIONS_REUSE_INTERVAL"),
        judge=tokens.reused_refresh_tokens_end_the_session,
        tests=(
            f"{REFRESH}::TestThieves::test_the_owner_coming_after_the_thief_ends_the_session",
            "tests/rest/test_reuse_policies.py::TestThieves::test_the_victim_comes_after_the_thief",
        ),
    ),
    Requirement(
        id="rfc9700-4.14.2-inactivity",
        level=2,
        text="A refresh token that is not used ends",
        settings=("AUTH_SESSIONS_IDLE_TIMEOUT",),
        judge=timeouts.refresh_tokens_have_inactivity,
        tests=("tests/core/test_limits.py::TestIdle::test_unused_too_long",),
    ),
    Requirement(
        id="rfc9700-4.14.2-events",
        level=3,
        text="Refresh tokens end with a sign-out and a new password",
        settings=("AUTH_SESSIONS_PASSWORD_CHANGE_ENDS",),
        judge=ending.end_with_the_password_or_sign_out,
        tests=(
            "tests/core/test_password_change_ends.py::test_by_default_both_kinds_end",
            "tests/rest/test_sign_out.py::TestScopes::test_scope",
        ),
    ),
    Requirement(
        id="rfc9700-4.16",
        level=1,
        text="No other site puts the pages of a sign-in into a frame",
        settings=("MIDDLEWARE",),
        judge=transport.frames_are_refused,
        tests=("tests/pages/test_protection.py::TestProtection::test_nothing_is_stored_or_framed",),
    ),
)
