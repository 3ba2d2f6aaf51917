"""Every operation of the OpenAPI schema by Schemathesis: a response is one that the schema describes."""

from copy import deepcopy

import schemathesis
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from auth_sessions import api
from tests.reliability.fuzz.budget import explore
from tests.reliability.fuzz.host import is_live, make_user, project
from tests.support.openapi import document

PART = "OpenAPI"

# Not `positive_data_acceptance`: no schema can say which password is right, and which token was issued.
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.allow_header_conformance,
    checks.negative_data_rejection,
    checks.ignored_auth,
]

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

EXAMPLES = 10
"""Of one operation, in one mode, with or without a token, in one round."""


class Caller:
    """A person who is signed in anew whenever a request has ended the session."""

    def __init__(self):
        self.user, self.pair = make_user(is_superuser=True), None

    def headers(self):
        if self.pair is None or not is_live(self.pair.session.pk):
            self.pair = api.sign_in_user(self.user)
        return {"Authorization": f"Bearer {self.pair.access}"}


def run(application, *, seed):
    with project(AUTH_SESSIONS_SUPABASE_SIGNUP=True):
        caller, operations = Caller(), [*_operations(application)]
        while not application.tally.is_spent:
            seed += 1
            for operation, mode, is_signed_in in operations:
                _explore(operation, mode, caller if is_signed_in else None, seed)
                if application.tally.is_spent:
                    break


def _operations(application):
    """Each with what fits the schema and what does not, signed in and not."""
    for described in (deepcopy(document()), _simplejwt()):
        schema = schemathesis.openapi.from_dict(described)
        schema.app = application
        for found in schema.get_all_operations():
            operation = found.ok()
            for mode in GenerationMode:
                if mode is GenerationMode.NEGATIVE and not _takes_anything(operation):
                    continue
                yield from ((operation, mode, is_signed_in) for is_signed_in in (True, False))


def _simplejwt():
    """What docs/openapi.yaml does not describe, since few projects mount it."""
    patterns = [
        path("api/sliding/", include("auth_sessions.contrib.simplejwt.sliding_urls")),
        path("api/", include("auth_sessions.contrib.simplejwt.urls")),
    ]
    return SchemaGenerator(patterns=patterns).get_schema(public=True)


def _takes_anything(operation):
    """Whether a request can be wrong at all."""
    described = operation.definition.raw
    return "requestBody" in described or any(each["in"] != "header" for each in described.get("parameters", ()))


def _explore(operation, mode, caller, seed):
    def check(case):
        headers = caller.headers() if caller else {}
        if caller is None and case.headers:
            case.headers.pop("Authorization", None)
        case.call_and_validate(headers=headers, checks=[each for each in CHECKS if _applies(each, case)])

    explore(check, operation.as_strategy(generation_mode=mode), examples=EXAMPLES, seed=seed)


def _applies(check, case):
    """A form has no other bodies than objects: what is drawn instead is sent as nothing."""
    is_nothing = case.media_type in FORMS and not isinstance(case.body, dict)
    return not (check is checks.negative_data_rejection and is_nothing)
