"""Any request at all, of somebody who is signed in or not: no server error, and JSON where an API answers."""

from dataclasses import dataclass, field
from functools import partial

from hypothesis import strategies as st

from auth_sessions import api
from tests.reliability.fuzz.budget import explore, until
from tests.reliability.fuzz.host import endpoints, is_live, make_user, places_of, project
from tests.reliability.fuzz.strategies import ANY_TEXT, BODIES, HEADERS, QUERIES, TYPES, authorization
from tests.support.browser import Browser

PART = "any request"

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW", "get"]


@dataclass
class Person:
    """Signed in by token and by cookie, anew whenever a request has ended the session."""

    user: object
    held: dict = field(default_factory=dict)

    def credentials(self):
        if not self.held or not (is_live(self.held["session"]) and is_live(self.held["browser"])):
            pair, browser = api.sign_in_user(self.user), Browser().sign_in(self.user)
            self.held = {
                "session": pair.session.pk,
                "access": pair.access,
                "refresh": pair.refresh,
                "browser": browser.session_id,
                "cookie": browser.cookie,
            }
        return self.held


@st.composite
def drawn_requests(draw):
    endpoint = draw(st.sampled_from(endpoints()))
    method = draw(st.just(endpoint.method) | st.sampled_from(METHODS))
    route = endpoint.route + draw(st.just("") | ANY_TEXT)
    headers = draw(HEADERS)
    if draw(st.booleans()):
        headers["Authorization"] = draw(authorization(st.just("{access}") | ANY_TEXT))
    elif draw(st.booleans()):
        headers["Cookie"] = "sessionid={cookie}; csrftoken=" + "c" * 32
    return method, route, draw(QUERIES), headers, draw(BODIES), draw(TYPES)


def run(application, *, seed):
    with project(AUTH_SESSIONS_SUPABASE_SIGNUP=True):
        person = Person(make_user(is_superuser=True))

        def check(drawn):
            method, route, query, headers, body, content_type = drawn
            held = person.credentials()
            for name, value in places_of(held["session"], person.user).items():
                route = route.replace(f"{{{name}}}", str(value))
            for name in ("access", "cookie"):
                headers = {key: text.replace(f"{{{name}}}", held[name]) for key, text in headers.items()}
            body = body.replace(b"{refresh}", held["refresh"].encode())
            application.call(method, route, query=query, headers=headers, body=body, content_type=content_type)

        explored = partial(explore, check, drawn_requests())
        until(application.tally, explored, seed=seed)
