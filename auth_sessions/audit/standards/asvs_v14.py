"""OWASP ASVS 5.0, chapter V14: what is told and kept of sessions."""

from auth_sessions.audit.findings import duty, met
from auth_sessions.audit.judges import storage, tokens
from auth_sessions.audit.judges.common import always
from auth_sessions.audit.requirement import Requirement

REQUIREMENTS = (
    Requirement(
        id="asvs-14.2.1",
        level=1,
        text="No token of the app stands in an address",
        settings=("INSTALLED_APPS", "DEFAULT_AUTHENTICATION_CLASSES"),
        judge=tokens.tokens_are_not_in_addresses,
        tests=(
            "tests/audit/test_shown.py::test_a_token_in_the_address_is_not_read",
            "tests/pages/test_hand_over.py::TestTheCodeIsToldNobody::test_the_address_loses_it",
        ),
    ),
    Requirement(
        id="asvs-14.2.2",
        level=2,
        text="The app's answers and its cache leave no secret in caches of the server",
        judge=always(met("The app's answers are no-store and private, and its cache holds no token, no fingerprint.")),
        tests=(
            "tests/core/test_cached_check_failures.py::TestWhatTheCacheSays::test_a_fingerprint_is_not_in_it",
            "tests/rest/test_sign_in.py::test_the_answer",
            "tests/supabase/wire/test_success.py::TestSuccess::test_headers",
        ),
    ),
    Requirement(
        id="asvs-14.2.7",
        level=3,
        text="What is old is deleted, on a schedule",
        settings=("AUTH_SESSIONS_ACTIVITY_DAYS", "AUTH_SESSIONS_IP_RETENTION_DAYS"),
        judge=storage.events_are_deleted,
        tests=(
            "tests/core/test_limits.py::TestCleanUp::test_the_command",
            "tests/activity/test_sweep.py::test_old_rows_go_and_addresses_are_shortened",
        ),
    ),
    Requirement(
        id="asvs-14.3.1",
        level=1,
        text="Clients forget what they have shown when the session ends",
        settings=("AUTH_SESSIONS_CLEAR_SITE_DATA",),
        judge=storage.clients_are_told_to_forget,
        tests=("tests/browser/test_clear_site_data.py::test_asgi",),
    ),
    Requirement(
        id="asvs-14.3.2",
        level=2,
        text="Browsers store no answer that is about a person",
        judge=storage.answers_are_not_stored,
        tests=(
            "tests/pages/test_protection.py::TestProtection::test_nothing_is_stored_or_framed",
            "tests/browser/test_browser_sign_in.py::TestRefusals::test_no_cache_keeps_it",
            "tests/rest/test_sessions.py::TestOne::test_current",
        ),
    ),
    Requirement(
        id="asvs-14.3.3",
        level=2,
        text="Browser storage holds nothing sensitive but session tokens",
        judge=always(duty("The app writes nothing there.", "See what your pages keep.")),
    ),
)
