"""RFC 8725, JSON Web Token Best Current Practices, section 3."""

from auth_sessions.audit.findings import met, not_applicable, not_met
from auth_sessions.audit.judges import tokens
from auth_sessions.audit.judges.common import always, first, own_classes
from auth_sessions.audit.requirement import Requirement

JUNK = "tests/rest/junk/test_tokens.py"

REQUIREMENTS = (
    Requirement(
        id="rfc8725-3.1",
        level=1,
        text="The verifier names the algorithm, and each key has one",
        settings=("SIMPLE_JWT", "AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS"),
        judge=tokens.sign_and_verify,
        tests=(
            f"{JUNK}::TestTokens::test_another_algorithm",
            f"{JUNK}::test_the_public_key_is_no_secret",
            "tests/supabase/test_key_fallbacks.py::test_what_is_left_of_a_public_key_is_no_secret",
        ),
    ),
    Requirement(
        id="rfc8725-3.2",
        level=1,
        text="The algorithms are good ones, and none is not among them",
        settings=("SIMPLE_JWT",),
        judge=tokens.algorithm_is_known,
        tests=(f"{JUNK}::TestTokens::test_no_algorithm",),
    ),
    Requirement(
        id="rfc8725-3.3",
        level=1,
        text="A token of which any part cannot be verified is refused as a whole",
        judge=tokens.sign_and_verify,
        tests=(f"{JUNK}::TestTokens::test_a_genuine_one_bent", f"{JUNK}::TestTokens::test_headers"),
    ),
    Requirement(
        id="rfc8725-3.4",
        level=1,
        text="What goes into encryption is validated",
        judge=always(not_applicable("Tokens are signed, and not encrypted.")),
    ),
    Requirement(
        id="rfc8725-3.5",
        level=1,
        text="Keys are random and long enough; no password is a key",
        settings=("SECRET_KEY", "SIMPLE_JWT"),
        judge=tokens.keys_are_strong,
        tests=("tests/core/test_checks.py::test_w007_an_hmac_key_that_is_too_short",),
    ),
    Requirement(
        id="rfc8725-3.6",
        level=2,
        text="Nothing is compressed before it is encrypted",
        judge=always(not_applicable("Tokens are signed, and not encrypted.")),
    ),
    Requirement(
        id="rfc8725-3.7",
        level=1,
        text="Tokens are JSON in UTF-8",
        judge=always(met("They are written in UTF-8, and anything else is refused.")),
        tests=(f"{JUNK}::TestTokens::test_payloads_under_the_right_key",),
    ),
    Requirement(
        id="rfc8725-3.8",
        level=1,
        text="Issuer and subject are verified",
        settings=("SIMPLE_JWT",),
        judge=tokens.issuer_is_verified,
        tests=(
            "tests/supabase/test_keys.py::TestPublicKeys::test_an_issuer_and_an_audience",
            "tests/rest/test_authentication.py::TestRefusals::test_a_session_of_another_person",
        ),
    ),
    Requirement(
        id="rfc8725-3.9",
        level=1,
        text="Where tokens are for several services, the audience is verified",
        settings=("SIMPLE_JWT",),
        judge=tokens.audience_is_verified,
        tests=("tests/core/test_tokens.py::test_settings_of_simplejwt_are_read_when_used",),
    ),
    Requirement(
        id="rfc8725-3.10",
        level=1,
        text="What a token says leads to no file, query or address",
        settings=("SIMPLE_JWT",),
        judge=tokens.keys_come_from_settings,
        tests=(f"{JUNK}::TestTokens::test_headers_that_bring_a_key", f"{JUNK}::test_user_of_no_session"),
    ),
    Requirement(
        id="rfc8725-3.11",
        level=2,
        text="The header typ says which kind of token it is",
        judge=always(
            not_met(
                "The header says JWT. The claim token_type tells the kinds apart, and each has its own key.",
                "No setting. Let other services compare token_type.",
            )
        ),
        tests=(f"{JUNK}::TestTokens::test_the_other_kind",),
    ),
    Requirement(
        id="rfc8725-3.12",
        level=1,
        text="What verifies one kind of token refuses all others",
        judge=first(own_classes, otherwise=met("Keys, types and claims of access and refresh tokens differ.")),
        tests=(
            f"{JUNK}::TestTokens::test_the_other_kind",
            f"{JUNK}::TestTokens::test_simplejwts_own",
            "tests/supabase/test_keys.py::TestPublicKeys::test_the_refresh_token_is_nobody_elses",
        ),
    ),
)
