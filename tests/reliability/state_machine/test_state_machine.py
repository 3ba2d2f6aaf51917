"""A small, fixed budget of the state machine, and that its parts tell what they should."""

from functools import partial

import pytest
from django.contrib.auth import get_user_model

from tests.reliability.state_machine import stories
from tests.reliability.state_machine.machine import POLICIES, machine_of
from tests.reliability.state_machine.model import TOKEN, Rules
from tests.reliability.state_machine.play import Play, RuleBrokenError
from tests.reliability.state_machine.replay import as_code, replay, shorten
from tests.reliability.state_machine.runs import run
from tests.support.host import has_admin, has_browsers, has_supabase

pytestmark = [
    has_admin,
    has_browsers,
    has_supabase,
    pytest.mark.skipif(get_user_model()._meta.label != "auth.User", reason="the clients sign in by user name"),
    pytest.mark.any_database,
    pytest.mark.django_db(transaction=True),
]

BEGIN = {"leeway": 0, "lifetime": None, "idle": None, "limit": None, "refuses": False, "few": False}


@pytest.fixture
def play():
    played = []

    def begin(policy):
        played.append(Play(Rules(policy=policy)))
        return played[-1]

    yield begin
    for each in played:
        each.close()


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_steps_in_any_order(policy):
    assert run(policy, steps=1000, number=0) > 500


OWED = [(policy, story) for policy in POLICIES for story in stories.HONEST.values()]
OWED += [(policy, story) for policy in ("confirmed", "lenient") for story in stories.HONEST_UNLESS_STRICT.values()]


@pytest.mark.slow
@pytest.mark.parametrize(("policy", "story"), OWED)
def test_the_honest_stay_signed_in(play, policy, story):
    played = play(policy)
    assert played.refresh(story(played, played.sign_in("ada")))


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("story", stories.THIEVES)
def test_the_thieves_are_found_that_each_policy_finds(play, policy, story):
    played, (call, found_by) = play(policy), stories.THIEVES[story]
    pair = played.sign_in("ada")
    played.blemishes[pair.session].add("stolen")
    assert call(played, pair) == (policy in found_by)


@pytest.mark.slow
def test_a_sequence_that_fails_becomes_short(monkeypatch):
    """The app keeps its rules here; it is the model that is wrong."""
    machine = machine_of("confirmed")
    steps = [
        ("begin", {"policy": "confirmed", **BEGIN}),
        ("clean_up", {"number": 0, "minutes": 0}),
        ("refresh", {"number": 1, "face": "rest"}),
        ("steal", {"number": 1}),
        ("pause", {"milliseconds": 12_000}),
        ("use", {"number": 1, "door": "rest"}),
        ("refresh", {"number": 1, "face": "rest"}),
    ]
    monkeypatch.setattr("tests.reliability.state_machine.machine.Rules", partial(Rules, interval=20_000))
    error, _ = replay(machine, steps)
    assert isinstance(error, RuleBrokenError)
    short = shorten(machine, steps, error)
    assert [name for name, _ in short] == ["begin", "refresh", "pause", "use"]
    assert as_code(short).startswith("play(\n    ('begin', {'policy': 'confirmed'")


def test_what_is_left_is_noticed(play):
    played = play("confirmed")
    pair = played.sign_in("ada")
    played.check()
    played.model.end([pair.session], played.now)
    with pytest.raises(RuleBrokenError, match="what ended never lives again"):
        played.check()


def test_what_is_gone_is_noticed(play):
    played = play("confirmed")
    pair = played.sign_in("ada")
    played.world.user("ada").auth_sessions.all().delete()
    assert pair.session.kind == TOKEN
    with pytest.raises(RuleBrokenError, match="a session ended that must not"):
        played.check()
