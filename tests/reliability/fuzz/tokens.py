"""Tokens and codes of devices that are signed in, bent: refused with a code, and without one statement."""

from functools import partial

from hypothesis import strategies as st

from auth_sessions import api
from tests.reliability.fuzz.asking import Attempt, is_refusal
from tests.reliability.fuzz.budget import explore, until
from tests.reliability.fuzz.host import endpoints, make_user, places_of, project
from tests.reliability.fuzz.strategies import authorization, bent, may_be_whole
from tests.support.simplejwt import old_refresh_token, old_sliding_token

PART = "bent tokens"


class Victim:
    """Somebody who is signed in, and every kind of token of theirs."""

    def __init__(self):
        self.user = make_user(is_superuser=True)
        first = api.sign_in_user(self.user)
        pair = api.refresh(first.refresh)
        old = old_refresh_token(self.user)
        self.places = places_of(pair.session.pk, self.user)
        self.tokens = [
            *(first.access, first.refresh, pair.access, pair.refresh),
            *(str(old), str(old.access_token), str(old_sliding_token(self.user))),
            api.create_hand_over(pair.session),
        ]


def attempts(tokens):
    raw = bent(tokens).filter(lambda raw: not may_be_whole(raw, tokens))
    ask = partial(st.builds, Attempt, endpoint=st.sampled_from(endpoints()))
    return st.one_of(
        ask(header=raw.map("Bearer {}".format)),
        ask(header=authorization(raw)),
        ask(body=raw, is_form=st.booleans()),
        ask(query=raw),
        ask(code_cookie=raw),
    )


def run(application, *, seed):
    with project():
        victim = Victim()

        def check(attempt):
            answer = attempt.send(application, victim.places)
            assert answer.sql == [], answer
            assert attempt.endpoint.is_open or is_refusal(attempt.endpoint, answer), answer

        explored = partial(explore, check, attempts(victim.tokens))
        until(application.tally, explored, seed=seed)
