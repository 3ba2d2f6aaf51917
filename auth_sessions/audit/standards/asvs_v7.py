"""OWASP ASVS 5.0, chapter V7: sessions."""

from auth_sessions.audit.findings import duty, met
from auth_sessions.audit.judges import ending, timeouts, tokens
from auth_sessions.audit.judges.common import always, first, own_classes
from auth_sessions.audit.requirement import Requirement

AUTHENTICATION = "tests/rest/test_authentication.py::TestRefusals"
ENGINES = "tests/browser/test_every_engine.py::TestEveryEngine"
LIMITS = "tests/core/test_limits.py"
PRESETS = "tests/core/test_presets.py"
SHOWN = "tests/audit/test_shown.py"

REQUIREMENTS = (
    Requirement(
        id="asvs-7.1.1",
        level=2,
        text="Inactivity and lifetime are documented and justified",
        settings=("AUTH_SESSIONS_IDLE_TIMEOUT", "AUTH_SESSIONS_LIFETIME"),
        judge=timeouts.are_documented,
    ),
    Requirement(
        id="asvs-7.1.2",
        level=2,
        text="It is documented how many sessions a person may have at a time",
        settings=("AUTH_SESSIONS_MAX_PER_USER", "AUTH_SESSIONS_LIMIT_POLICY"),
        judge=timeouts.limit_is_documented,
        tests=(f"{LIMITS}::TestLimit::test_the_least_recently_used_goes", f"{LIMITS}::TestLimit::test_refuse"),
    ),
    Requirement(
        id="asvs-7.1.3",
        level=2,
        text="It is documented how sessions of a single sign-on begin and end together",
        judge=always(
            duty("Nothing here tells which identity providers you have.", "Write down how long their sessions last.")
        ),
    ),
    Requirement(
        id="asvs-7.2.1",
        level=1,
        text="Session tokens are verified by the server",
        settings=("DEFAULT_AUTHENTICATION_CLASSES",),
        judge=first(own_classes, otherwise=met("The server verifies each token and cookie; clients decide nothing.")),
        tests=(f"{AUTHENTICATION}::test_signed_out", f"{AUTHENTICATION}::test_a_session_of_another_person"),
    ),
    Requirement(
        id="asvs-7.2.2",
        level=1,
        text="Sessions have tokens that are made for them, not static keys",
        settings=("DEFAULT_AUTHENTICATION_CLASSES",),
        judge=tokens.tokens_are_made_anew,
        tests=(
            f"{SHOWN}::TestSecrets::test_of_each_sign_in",
            "tests/core/test_tokens.py::test_one_generation_per_rotation",
        ),
    ),
    Requirement(
        id="asvs-7.2.3",
        level=1,
        text="Session keys are random, with 128 bits",
        settings=("SESSION_ENGINE",),
        judge=tokens.secrets_are_random,
        tests=(f"{SHOWN}::TestSecrets::test_of_each_sign_in", f"{SHOWN}::TestSecrets::test_the_key_of_a_browser"),
    ),
    Requirement(
        id="asvs-7.2.4",
        level=1,
        text="Each authentication, also a later one, gives a new session token and ends the one before",
        judge=ending.proofs_renew_tokens,
        tests=(
            f"{ENGINES}::test_the_same_person_signs_in_again",
            "tests/browser/test_single_page_app.py::TestEveryEngine::test_a_key_that_somebody_else_knows",
            f"{SHOWN}::test_a_later_proof_keeps_the_cookie",
        ),
    ),
    Requirement(
        id="asvs-7.3.1",
        level=2,
        text="A session that is not used ends",
        settings=("AUTH_SESSIONS_IDLE_TIMEOUT",),
        judge=timeouts.has_inactivity,
        tests=(f"{LIMITS}::TestIdle::test_unused_too_long", f"{ENGINES}::test_unused_for_too_long"),
    ),
    Requirement(
        id="asvs-7.3.2",
        level=2,
        text="A session ends after a longest time, used or not",
        settings=("AUTH_SESSIONS_PRESET", "AUTH_SESSIONS_LIFETIME"),
        judge=timeouts.has_overall,
        tests=(
            f"{LIMITS}::TestLifetime::test_the_absolute_end_comes_whatever_the_use",
            f"{ENGINES}::test_the_lifetime_of_a_session_is_the_longest",
            f"{PRESETS}::test_no_sign_in_is_longer",
        ),
    ),
    Requirement(
        id="asvs-7.4.1",
        level=1,
        text="After a sign-out or its end nobody goes on with a session",
        settings=("DEFAULT_AUTHENTICATION_CLASSES", "MIDDLEWARE"),
        judge=ending.end_at_sign_out,
        tests=(
            "tests/rest/test_sign_out.py::test_every_way_ends_the_session_and_all_that_is_related",
            "tests/core/test_cached_check.py::test_every_way_to_end_takes_effect_at_once",
            f"{ENGINES}::test_a_scope_from_a_token",
        ),
    ),
    Requirement(
        id="asvs-7.4.2",
        level=1,
        text="The sessions of whoever is switched off or deleted end",
        settings=("DEFAULT_AUTHENTICATION_CLASSES", "AUTHENTICATION_BACKENDS"),
        judge=ending.end_with_the_user,
        tests=(
            f"{AUTHENTICATION}::test_inactive",
            f"{AUTHENTICATION}::test_deleted",
            "tests/browser/test_browser_sessions.py::test_an_inactive_person",
        ),
    ),
    Requirement(
        id="asvs-7.4.3",
        level=2,
        text="Whoever changes a password or another factor may end all other sessions",
        settings=("AUTH_SESSIONS_PASSWORD_CHANGE_ENDS",),
        judge=ending.end_with_the_password,
        tests=(
            "tests/core/test_passwords.py::TestChangePassword::test_it_keeps_one",
            "tests/core/test_passwords.py::test_a_password_reset_link_ends_the_sessions",
            "tests/core/test_passwords.py::TestChangesWithoutSignals::test_refused_at_once_and_in_no_list",
        ),
    ),
    Requirement(
        id="asvs-7.4.4",
        level=2,
        text="Each page of whoever is signed in shows the way out",
        judge=always(duty("The app has no part in your pages.", "Show a sign-out on each.")),
    ),
    Requirement(
        id="asvs-7.4.5",
        level=2,
        text="Administrators end the sessions of one person, or of all",
        judge=always(met("revokeauthsessions does, and so do the admin and the REST API, where they are mounted.")),
        tests=(
            "tests/core/test_revoke_command.py::test_a_user",
            "tests/core/test_revoke_command.py::test_all_but_one",
            "tests/rest/test_sessions.py::TestStaff::test_list_and_sign_out",
            "tests/admin/test_revoking.py::test_sign_out_everywhere_ends_all_of_the_selected_users",
        ),
    ),
    Requirement(
        id="asvs-7.5.1",
        level=2,
        text="Whoever changes what signs them in proves their identity first",
        settings=("AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD",),
        judge=ending.sensitive_changes_need_proof,
        tests=(
            "tests/supabase/test_current_password.py::TestRequired::test_always",
            "tests/rest/test_step_up.py::test_only_a_fresh_session_passes",
        ),
    ),
    Requirement(
        id="asvs-7.5.2",
        level=2,
        text="People see their sessions, and end each after they have proved their identity again",
        settings=("AUTH_SESSIONS_REAUTHENTICATION_AGE",),
        judge=ending.people_end_their_sessions,
        tests=(
            "tests/pages/test_reauthentication.py::TestProof::test_an_old_one_is",
            "tests/pages/test_reauthentication.py::TestProof::test_the_right_one_does_it",
            "tests/rest/test_sessions.py::TestOne::test_delete_signs_that_device_out",
        ),
    ),
    Requirement(
        id="asvs-7.5.3",
        level=3,
        text="Sensitive operations ask for another proof of identity",
        settings=("AUTH_SESSIONS_REAUTHENTICATION_AGE",),
        judge=always(
            duty(
                "Nobody but you knows which operations these are.",
                "Protect them by RecentlyAuthenticated or recently_authenticated() (docs/step-up.md).",
            )
        ),
        tests=(
            "tests/rest/test_step_up.py::test_only_a_fresh_session_passes",
            "tests/browser/test_step_up.py::test_an_old_one_does_not",
        ),
    ),
    Requirement(
        id="asvs-7.6.1",
        level=2,
        text="Sessions here and at the identity provider last, and end, as documented",
        judge=always(
            duty("The app asks no provider.", "End sessions by api.sign_out() where yours reports a sign-out.")
        ),
    ),
    Requirement(
        id="asvs-7.6.2",
        level=2,
        text="No session begins without the person",
        judge=ending.hand_over_asks,
        tests=("tests/pages/test_hand_over.py::TestAsking::test_it_asks_and_the_button_signs_in",),
    ),
)
