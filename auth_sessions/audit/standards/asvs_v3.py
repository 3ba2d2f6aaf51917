"""OWASP ASVS 5.0, chapter V3: cookies, headers and forged requests, as far as sessions depend on them."""

from auth_sessions.audit.judges import cookies, transport
from auth_sessions.audit.requirement import Requirement

COOKIES = "tests/audit/test_shown.py::TestCookies"
HEADERS = "tests/audit/test_shown.py::TestHeaders"
CSRF = "tests/browser/test_browser_sign_in.py::TestCSRF"

REQUIREMENTS = (
    Requirement(
        id="asvs-3.3.1",
        level=1,
        text="Session and CSRF cookies are Secure, and their names say so by __Host- or __Secure-",
        settings=("SESSION_COOKIE_SECURE", "SESSION_COOKIE_NAME", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_NAME"),
        judge=cookies.are_secure_by_name,
        tests=(f"{COOKIES}::test_under_a_name_that_binds_them_to_the_host",),
    ),
    Requirement(
        id="asvs-3.3.2",
        level=2,
        text="Session and CSRF cookies are SameSite",
        settings=("SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_SAMESITE"),
        judge=cookies.are_same_site,
        tests=(f"{COOKIES}::test_under_a_name_that_binds_them_to_the_host",),
    ),
    Requirement(
        id="asvs-3.3.3",
        level=2,
        text="Session and CSRF cookies are named __Host-, unless other hosts need them",
        settings=("SESSION_COOKIE_NAME", "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_COOKIE_NAME"),
        judge=cookies.are_of_this_host,
        tests=(f"{COOKIES}::test_under_a_name_that_binds_them_to_the_host",),
    ),
    Requirement(
        id="asvs-3.3.4",
        level=2,
        text="The session cookie is HttpOnly, and its value is sent in no other way",
        settings=("SESSION_COOKIE_HTTPONLY",),
        judge=cookies.are_hidden_from_scripts,
        tests=(
            f"{COOKIES}::test_under_a_name_that_binds_them_to_the_host",
            "tests/browser/test_browser_sessions.py::test_the_store_s_key_is_nowhere_to_be_seen",
        ),
    ),
    Requirement(
        id="asvs-3.3.5",
        level=3,
        text="The session cookie is not larger than 4096 bytes",
        settings=("SESSION_ENGINE",),
        judge=cookies.are_short,
        tests=("tests/audit/test_shown.py::TestSecrets::test_the_key_of_a_browser",),
    ),
    Requirement(
        id="asvs-3.4.1",
        level=1,
        text="Strict-Transport-Security for a year; from level 2 on with subdomains",
        settings=("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS"),
        judge=transport.hsts,
        tests=(f"{HEADERS}::test_of_django",),
    ),
    Requirement(
        id="asvs-3.4.2",
        level=1,
        text="Other origins are allowed by a list",
        settings=("CORS_ALLOWED_ORIGINS",),
        judge=transport.origins_are_listed,
        tests=(f"{HEADERS}::test_origins",),
    ),
    Requirement(
        id="asvs-3.4.4",
        level=2,
        text="X-Content-Type-Options: nosniff",
        settings=("SECURE_CONTENT_TYPE_NOSNIFF",),
        judge=transport.content_types_are_kept,
        tests=(f"{HEADERS}::test_of_django",),
    ),
    Requirement(
        id="asvs-3.4.5",
        level=2,
        text="A Referrer-Policy keeps what is in addresses from other sites",
        settings=("SECURE_REFERRER_POLICY",),
        judge=transport.referrers_are_kept,
        tests=(f"{HEADERS}::test_of_django",),
    ),
    Requirement(
        id="asvs-3.4.6",
        level=2,
        text="frame-ancestors keeps pages out of other sites' frames",
        settings=("SECURE_CSP",),
        judge=transport.no_frames,
        tests=("tests/pages/test_protection.py::TestProtection::test_nothing_is_stored_or_framed",),
    ),
    Requirement(
        id="asvs-3.5.1",
        level=1,
        text="Requests that another site forges are refused",
        settings=("MIDDLEWARE",),
        judge=transport.forged_requests_are_refused,
        tests=(
            f"{CSRF}::test_without_the_token",
            f"{CSRF}::test_of_another_origin",
            f"{CSRF}::test_a_sign_out_needs_it_too",
            "tests/browser/test_browser_sessions.py::test_csrf_is_asked",
            "tests/pages/test_protection.py::TestProtection::test_csrf",
        ),
    ),
    Requirement(
        id="asvs-3.5.3",
        level=1,
        text="Nothing is changed by a GET",
        judge=transport.reading_changes_nothing,
        tests=(
            "tests/pages/test_protection.py::TestProtection::test_looking_changes_nothing",
            "tests/pages/test_hand_over.py::TestAsking::test_looking_changes_nothing",
            "tests/rest/junk/test_headers.py::test_methods",
        ),
    ),
)
