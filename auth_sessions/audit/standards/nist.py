"""NIST SP 800-63B-4, sections 2 and 5: how long sessions last at each level (AAL), and what carries them."""

from auth_sessions.audit.findings import duty, met, not_met
from auth_sessions.audit.judges import cookies, ending, timeouts, tokens, transport
from auth_sessions.audit.judges.common import always, first
from auth_sessions.audit.requirement import Requirement

COOKIES = "tests/audit/test_shown.py::TestCookies::test_under_a_name_that_binds_them_to_the_host"
LONGEST = ("tests/core/test_presets.py::test_it_ends_in_time_however_much_it_is_used",)
UNUSED = ("tests/core/test_presets.py::test_it_ends_in_time_without_use",)

REQUIREMENTS = (
    Requirement(
        id="nist-2.1.3-overall",
        level=1,
        text="AAL1: another proof of identity after 30 days at the latest",
        settings=("AUTH_SESSIONS_PRESET", "AUTH_SESSIONS_LIFETIME"),
        judge=timeouts.overall("aal1"),
        tests=LONGEST,
    ),
    Requirement(
        id="nist-2.2.3-overall",
        level=2,
        text="AAL2: another proof of identity after 24 hours at the latest",
        settings=("AUTH_SESSIONS_PRESET", "AUTH_SESSIONS_LIFETIME"),
        judge=timeouts.overall("aal2"),
        tests=LONGEST,
    ),
    Requirement(
        id="nist-2.2.3-inactivity",
        level=2,
        text="AAL2: a session that is not used ends after an hour",
        settings=("AUTH_SESSIONS_PRESET", "AUTH_SESSIONS_IDLE_TIMEOUT"),
        judge=timeouts.inactivity("aal2"),
        tests=UNUSED,
    ),
    Requirement(
        id="nist-2.3.3-overall",
        level=3,
        text="AAL3: another proof of identity after 12 hours at the latest",
        settings=("AUTH_SESSIONS_PRESET", "AUTH_SESSIONS_LIFETIME"),
        judge=timeouts.overall("aal3"),
        tests=LONGEST,
    ),
    Requirement(
        id="nist-2.3.3-inactivity",
        level=3,
        text="AAL3: a session that is not used ends after 15 minutes",
        settings=("AUTH_SESSIONS_PRESET", "AUTH_SESSIONS_IDLE_TIMEOUT"),
        judge=timeouts.inactivity("aal3"),
        tests=UNUSED,
    ),
    Requirement(
        id="nist-5.1-random",
        level=1,
        text="Session secrets are made at the sign-in, random, with 64 bits",
        settings=("SESSION_ENGINE",),
        judge=tokens.secrets_are_random,
        tests=(
            "tests/audit/test_shown.py::TestSecrets::test_of_each_sign_in",
            "tests/audit/test_shown.py::TestSecrets::test_the_key_of_a_browser",
        ),
    ),
    Requirement(
        id="nist-5.1-sign-out",
        level=1,
        text="A sign-out ends what the session's secret is good for",
        settings=("DEFAULT_AUTHENTICATION_CLASSES", "MIDDLEWARE"),
        judge=ending.end_at_sign_out,
        tests=("tests/rest/test_sign_out.py::test_every_way_ends_the_session_and_all_that_is_related",),
    ),
    Requirement(
        id="nist-5.1-way-out",
        level=1,
        text="People find the sign-out at once",
        judge=always(duty("The app has no part in your pages.", "Show a sign-out on each.")),
    ),
    Requirement(
        id="nist-5.1-restart",
        level=1,
        text="Session secrets do not outlive a restart of browser or app",
        settings=("SESSION_EXPIRE_AT_BROWSER_CLOSE",),
        judge=cookies.secrets_end_with_the_browser,
        tests=("tests/audit/test_shown.py::TestCookies::test_that_end_with_the_browser",),
    ),
    Requirement(
        id="nist-5.1-storage",
        level=1,
        text="Session secrets are not where a script finds them, as in localStorage",
        judge=always(
            duty(
                "The app does not see where clients keep their tokens.",
                "Sign browsers in by Django's cookie or by HttpOnly cookies (docs/cookies.md).",
            )
        ),
    ),
    Requirement(
        id="nist-5.1-transport",
        level=1,
        text="A session never falls back from https to http",
        settings=("SECURE_SSL_REDIRECT",),
        judge=transport.no_way_back_to_http,
        tests=("tests/audit/test_shown.py::TestHeaders::test_of_django",),
    ),
    Requirement(
        id="nist-5.1-forged",
        level=1,
        text="What is posted shows that it comes from the session",
        settings=("MIDDLEWARE",),
        judge=transport.forged_requests_are_refused,
        tests=(
            "tests/browser/test_browser_sessions.py::test_csrf_is_asked",
            "tests/pages/test_protection.py::TestProtection::test_csrf",
        ),
    ),
    Requirement(
        id="nist-5.1.1-secure",
        level=1,
        text="Session cookies are sent over TLS alone",
        settings=("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"),
        judge=cookies.are_secure,
        tests=(COOKIES,),
    ),
    Requirement(
        id="nist-5.1.1-hosts",
        level=1,
        text="Session cookies go to as few hosts as possible",
        settings=("SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN"),
        judge=cookies.have_no_domain,
        tests=(COOKIES,),
    ),
    Requirement(
        id="nist-5.1.1-scripts",
        level=1,
        text="Session cookies are HttpOnly",
        settings=("SESSION_COOKIE_HTTPONLY",),
        judge=cookies.are_hidden_from_scripts,
        tests=(COOKIES,),
    ),
    Requirement(
        id="nist-5.1.1-expiry",
        level=1,
        text="Session cookies expire with their session, or soon after",
        settings=("SESSION_COOKIE_AGE", "SESSION_EXPIRE_AT_BROWSER_CLOSE"),
        judge=cookies.expire_with_the_session,
        tests=("tests/browser/test_every_engine.py::TestEveryEngine::test_django_s_own_expiry",),
    ),
    Requirement(
        id="nist-5.1.1-name",
        level=1,
        text="Session cookies are named __Host-, for the path /",
        settings=("SESSION_COOKIE_NAME", "SESSION_COOKIE_PATH"),
        judge=cookies.are_of_this_host,
        tests=(COOKIES,),
    ),
    Requirement(
        id="nist-5.1.1-same-site",
        level=1,
        text="Session cookies are SameSite, Lax or Strict",
        settings=("SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_SAMESITE"),
        judge=cookies.are_same_site,
        tests=(COOKIES,),
    ),
    Requirement(
        id="nist-5.1.1-opaque",
        level=1,
        text="Session cookies hold a random text, and nothing about the person",
        settings=("SESSION_ENGINE",),
        judge=cookies.are_opaque,
        tests=("tests/audit/test_shown.py::TestSecrets::test_the_key_of_a_browser",),
    ),
    Requirement(
        id="nist-5.1.2",
        level=1,
        text="An access token alone does not show that the person is there",
        judge=always(
            duty(
                "A program that refreshes keeps its session in use.",
                "Where somebody must be there, ask for a recent proof: RecentlyAuthenticated (docs/step-up.md).",
            )
        ),
        tests=("tests/rest/test_step_up.py::test_only_a_fresh_session_passes",),
    ),
    Requirement(
        id="nist-5.2-end",
        level=1,
        text="A session ends when one of its times is over",
        judge=first(
            timeouts.sessions_of_others,
            ending.by_signature,
            otherwise=met("Both times are compared when a session is used, whether or not it was swept."),
        ),
        tests=(
            "tests/rest/test_authentication.py::TestRefusals::test_a_session_that_is_over",
            "tests/rest/test_authentication.py::TestRefusals::test_idle",
            "tests/browser/test_every_engine.py::TestEveryEngine::test_unused_for_too_long",
        ),
    ),
    Requirement(
        id="nist-5.2-reset",
        level=1,
        text="Use starts the time of inactivity anew; another proof of identity starts both",
        judge=always(
            not_met(
                "Use does. Another proof of identity leaves the absolute end: a session ends sooner than it might.",
                "No setting. People sign in anew after AUTH_SESSIONS_LIFETIME.",
            )
        ),
        tests=(
            "tests/core/test_limits.py::TestIdle::test_an_authenticated_request_is_use",
            "tests/core/test_limits.py::TestIdle::test_a_refresh_is_use",
            "tests/audit/test_shown.py::test_a_later_proof_keeps_the_cookie",
        ),
    ),
    Requirement(
        id="nist-5.2-documented",
        level=1,
        text="Both times are documented",
        settings=("AUTH_SESSIONS_IDLE_TIMEOUT", "AUTH_SESSIONS_LIFETIME"),
        judge=timeouts.are_documented,
    ),
    Requirement(
        id="nist-5.3",
        level=1,
        text="Sessions may be watched for signs of fraud",
        judge=always(
            duty(
                "The signals session_moved and refresh_token_reused tell of another device, and of a copied token.",
                "Listen to them, and add what you do to your privacy risk assessment.",
            )
        ),
        tests=("tests/rest/test_moved.py::test_what_is_another_device",),
    ),
)
