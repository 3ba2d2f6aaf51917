"""OWASP ASVS 5.0, chapter V16: the security log, and errors."""

from auth_sessions.audit.findings import duty, met
from auth_sessions.audit.judges import logs, storage
from auth_sessions.audit.judges.common import always
from auth_sessions.audit.requirement import Requirement

SAFE = "tests/monitoring/test_log_is_safe.py"
REFUSALS = "tests/monitoring/test_log_of_refusals.py"
SESSIONS = "tests/monitoring/test_log_of_sessions.py"

REQUIREMENTS = (
    Requirement(
        id="asvs-16.1.1",
        level=2,
        text="It is documented what is logged where, and for how long",
        judge=always(
            duty("docs/security-log.md lists the events.", "Write down where they go, who reads them, how long.")
        ),
    ),
    Requirement(
        id="asvs-16.2.1",
        level=2,
        text="A record says when, where, who and what",
        settings=("LOGGING",),
        judge=logs.events_are_written,
        tests=(f"{SAFE}::TestTable::test_the_fields", f"{SESSIONS}::TestStarts::test_rest"),
    ),
    Requirement(
        id="asvs-16.2.2",
        level=2,
        text="Times are in UTC, or name their zone; clocks agree",
        settings=("LOGGING",),
        judge=always(duty("Records are in UTC.", "Synchronize the clocks of the servers.")),
        tests=(f"{SESSIONS}::TestStarts::test_rest",),
    ),
    Requirement(
        id="asvs-16.2.4",
        level=2,
        text="Records have one form, which programs read",
        settings=("LOGGING",),
        judge=logs.events_are_written,
        tests=(f"{SAFE}::TestTable::test_the_events", f"{SAFE}::test_what_is_readable_stays"),
    ),
    Requirement(
        id="asvs-16.2.5",
        level=2,
        text="Records hold no password, token or key",
        judge=always(met("No record of the app does, whatever a client sends.")),
        tests=(f"{SAFE}::test_no_secrets",),
    ),
    Requirement(
        id="asvs-16.3.1",
        level=2,
        text="Each sign-in is logged, that succeeds or fails, with its methods",
        settings=("LOGGING",),
        judge=logs.sign_ins_are_written,
        tests=(
            f"{SESSIONS}::TestStarts::test_rest",
            f"{SESSIONS}::TestStarts::test_a_browser",
            f"{REFUSALS}::TestSignIns::test_a_wrong_password",
            f"{REFUSALS}::TestSignIns::test_a_form_of_django",
            f"{REFUSALS}::TestSignIns::test_a_second_factor",
        ),
    ),
    Requirement(
        id="asvs-16.3.2",
        level=2,
        text="Refused access is logged",
        settings=("LOGGING",),
        judge=logs.refusals_are_written,
        tests=(
            f"{REFUSALS}::TestAccessTokens::test_of_an_ended_session",
            f"{REFUSALS}::TestRefreshTokens::test_of_an_ended_session",
            f"{REFUSALS}::TestCookies::test_of_an_ended_session",
        ),
    ),
    Requirement(
        id="asvs-16.3.3",
        level=2,
        text="Attempts to get around a protection are logged",
        settings=("LOGGING", "DEFAULT_THROTTLE_RATES"),
        judge=logs.attacks_are_written,
        tests=(
            f"{SESSIONS}::TestReuse::test_theft",
            f"{REFUSALS}::TestAccessTokens::test_a_forged_one",
            f"{REFUSALS}::TestSignIns::test_too_often",
        ),
    ),
    Requirement(
        id="asvs-16.4.1",
        level=2,
        text="What a client sends writes no record of its own",
        judge=always(met("A record is one line of ASCII; control characters are escaped.")),
        tests=(f"{SAFE}::test_what_a_client_sends", f"{SAFE}::test_the_id_of_a_request"),
    ),
    Requirement(
        id="asvs-16.4.2",
        level=2,
        text="Nobody changes or reads the log who should not",
        judge=always(duty("The log is where LOGGING sends it.", "Protect that place.")),
    ),
    Requirement(
        id="asvs-16.4.3",
        level=2,
        text="The log is sent to another system",
        judge=always(duty("The log is where LOGGING sends it.", "Send it on, over TLS.")),
    ),
    Requirement(
        id="asvs-16.5.1",
        level=2,
        text="An error tells clients nothing of the inside",
        settings=("DEBUG",),
        judge=logs.errors_tell_nothing,
        tests=(
            "tests/rest/test_sign_in.py::test_an_error_report_shows_neither_password_nor_token",
            "tests/core/test_error_reports.py::test_what_the_api_returns_is_masked",
        ),
    ),
    Requirement(
        id="asvs-16.5.2",
        level=2,
        text="It stays safe while another service fails",
        settings=("CACHES", "AUTH_SESSIONS_CACHE"),
        judge=storage.goes_on_without_the_cache,
        tests=(
            "tests/core/test_cached_check_failures.py::TestWhatTheCacheSays::test_a_cache_that_fails",
            "tests/core/test_cached_check_failures.py::TestWhatTheCacheSays::test_the_breaker",
        ),
    ),
    Requirement(
        id="asvs-16.5.3",
        level=2,
        text="No failure lets somebody in",
        judge=logs.failures_accept_nothing,
        tests=(
            "tests/rest/test_sign_in.py::test_a_sign_in_that_fails_leaves_nothing",
            "tests/core/test_cached_check_failures.py::TestWhatTheCacheSays::test_junk",
            "tests/rest/test_sign_in.py::TestThrottle::test_a_cache_that_fails_holds_nobody_back",
        ),
    ),
)
