"""Devices that were signed out, by each way to end a session: whatever they still hold gets them nothing.

Nothing: no answer but a refusal, no statement that changes a row of the app's or of a person, and everybody else is
still signed in.
"""

import itertools
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO

from hypothesis import strategies as st

from auth_sessions import api
from tests.reliability.fuzz.asking import Attempt, is_refusal
from tests.reliability.fuzz.budget import ROUND, explore
from tests.reliability.fuzz.host import endpoints, make_user, places_of, project
from tests.reliability.fuzz.strategies import authorization, bent
from tests.support.admin import session_of
from tests.support.browser import Browser
from tests.support.device import IPHONE, Device
from tests.support.simplejwt import Client, old_refresh_token
from tests.support.ways_to_end import OF_DEVICES, WAYS_TO_END

PART = "signed out"

ROUNDS = 4
"""With the same devices."""

HAND_OVER = "/account/hand-over/"

MEMBERS = st.sampled_from(
    [
        (),
        (("scope", "global"),),
        (("scope", "others"),),
        (("password", "hostile-1906"),),
        (("username", "ada"), ("password", "hostile-1906"), ("email", "ada@example.org")),
        (("next", "https://example.org/"),),
    ]
)


@dataclass
class Ended:
    """What a device holds whose session has ended, oldest first."""

    way: str
    places: dict
    access: list
    refresh: list
    codes: list
    cookies: list

    @property
    def tokens(self):
        return [*self.access, *self.refresh, *self.codes]

    @property
    def held(self):
        return self.access, self.refresh, self.codes, self.cookies

    @property
    def name(self):
        return f"{self.way} ({'cookie' if self.cookies else 'tokens'})"


def sign_out(way, device_class):
    """A new person with a device of either kind, which is signed out in this way."""
    user = make_user()
    device = device_class(IPHONE).sign_in(user)
    ended = Ended(way, places_of(device.session_id, user), [], [], [], [])
    if device_class is Browser:
        ended.cookies = [device.cookie]
    else:
        held = [(device.access, device.refresh_token)]
        if way != "theft":  # which refreshes by itself
            device.refresh()
            held.append((device.access, device.refresh_token))
        ended.access, ended.refresh = map(list, zip(*held, strict=True))
        ended.codes = [api.create_hand_over(session_of(device))]
        assert device.fast().status_code == 200  # the cache knows the session
    call, _ = WAYS_TO_END[way]
    call(device, user, make_user)
    assert not device.is_signed_in()  # a browser whose person has a new password is told now, and its row goes
    return ended


def exchange_and_sign_out():
    """A client that came with a token of simplejwt's, which was exchanged for a session."""
    user = make_user()
    old = old_refresh_token(user)
    client = Client().holding(old)
    before = client.refresh_token
    client.refresh()
    session = user.auth_sessions.get()
    ended = Ended("exchanged", places_of(session.pk, user), [client.access], [client.refresh_token, before], [], [])
    api.sign_out(session)
    return ended


def everybody():
    """A device for each way to end its session, just after it: the code of a hand-over is good for a minute."""
    for way, device_class in OF_DEVICES:
        with redirect_stdout(StringIO()):  # of commands
            device = sign_out(way, device_class)
        yield device
    yield exchange_and_sign_out()


@st.composite
def attempts(draw, devices):
    device = draw(st.sampled_from(devices))

    def any_of(held):
        """One as it is, or bent; None at times."""
        if not held:
            return None
        return draw(st.none() | st.sampled_from(held) | bent(held))

    token = any_of(device.access) or any_of(device.tokens)
    header = token and draw(st.just(f"Bearer {token}") | authorization(st.just(token)))
    attempt = Attempt(
        endpoint=draw(st.sampled_from(endpoints())),
        header=header,
        body=any_of(device.refresh) or any_of(device.tokens),
        query=any_of(device.codes) or any_of(device.tokens),
        code_cookie=any_of(device.codes),
        session_cookie=any_of(device.cookies),
        is_form=draw(st.booleans()),
        members=draw(MEMBERS),
    )
    return device, attempt


def as_they_are(device):
    """Each endpoint, by what the device held last: in the header, or elsewhere."""
    access, refresh, code, cookie = (held[-1] if held else None for held in device.held)
    for endpoint in endpoints():
        if access is not None:
            yield Attempt(endpoint=endpoint, header=f"Bearer {access}")
            yield Attempt(endpoint=endpoint, body=refresh, query=code, code_cookie=code)
        else:
            yield Attempt(endpoint=endpoint, session_cookie=cookie)


def is_expected(attempt, answer):
    """Beside refusals: what anybody may ask for, and two answers that give nothing.

    ``local`` again is answered as the first time. The page of a hand-over moves a code into a cookie before it reads
    what it stands for.
    """
    endpoint = attempt.endpoint
    if endpoint.is_open or is_refusal(endpoint, answer):
        return True
    if endpoint.route == HAND_OVER:
        return answer.status == 302 and answer.headers["Location"] == HAND_OVER
    return endpoint.route == "/api/auth/sign-out/" and answer.status == 204 and answer.body == b""


def run(application, *, seed):
    with project():
        bystander = Device().sign_in(make_user())
        for number in itertools.count():
            if application.tally.is_spent:
                break
            _hear_out(application, seed=seed + number)
        assert bystander.is_signed_in()


def _hear_out(application, *, seed):
    """All that a device of each kind holds, as it is; then some of it, bent."""

    def check(drawn):
        device, attempt = drawn
        answer = attempt.send(application, device.places)
        application.tally.devices[device.name] += 1
        assert answer.writes == [], answer
        assert is_expected(attempt, answer), answer

    devices = []
    for device in everybody():
        devices.append(device)
        for attempt in as_they_are(device):
            check((device, attempt))
    for number in range(ROUNDS):
        if application.tally.is_spent:
            return
        explore(check, attempts(devices), examples=ROUND, seed=seed * ROUNDS + number)
