"""Requests of somebody who should get nothing, and what a refusal is.

With each request comes all that could let it in but a credential: every member that an endpoint reads, and the token
against CSRF.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from tests.reliability.fuzz.host import CSRF, Endpoint, everything
from tests.support.rest import FORM

TOKEN_MEMBERS = ("refresh", "refresh_token", "token", "code")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One endpoint, with the same or another credential in each of several places."""

    endpoint: Endpoint
    header: str | None = None
    """``Authorization``."""
    body: str | None = None
    query: str | None = None
    session_cookie: str | None = None
    code_cookie: str | None = None
    is_form: bool = False
    members: tuple = ()
    """What the body has beside, as pairs."""

    def send(self, application, places):
        is_form = self.is_form or self.endpoint.is_page
        members = everything(**dict(self.members))
        if self.body is not None:
            members |= dict.fromkeys(TOKEN_MEMBERS, self.body)
        return application.call(
            self.endpoint.method,
            self.endpoint.path(**places),
            query=self._query(),
            headers=self._headers(),
            body=_form(members) if is_form else members,
            content_type=FORM if is_form else "application/json",
        )

    def _query(self):
        asked = {"grant_type": "refresh_token"}
        if self.query is not None:
            asked["code"] = self.query
        return urlencode(asked, errors="surrogatepass")

    def _headers(self):
        cookies = {"csrftoken": CSRF, "sessionid": self.session_cookie, "auth_sessions_hand_over": self.code_cookie}
        sent = "; ".join(f"{name}={value}" for name, value in cookies.items() if value is not None)
        headers = {"Cookie": sent, "X-Csrftoken": CSRF}
        return headers if self.header is None else {**headers, "Authorization": self.header}


def _form(members):
    flat = {name: value for name, value in members.items() if isinstance(value, str)}
    return urlencode({**flat, "csrfmiddlewaretoken": CSRF}, quote_via=quote, errors="surrogatepass").encode()


def is_refusal(endpoint, answer):
    """A page sends to the login, or shows nothing of anybody; an API says why, and a 401 by a stable code."""
    if endpoint.is_page and answer.status == 302:
        return answer.headers["Location"].startswith("/accounts/login/")
    if not 400 <= answer.status < 500:
        return False
    if endpoint.is_page:
        return True
    return isinstance(answer.json, dict) and (answer.status != 401 or bool(answer.code) or endpoint.is_codeless)
