"""Who is honest and who is a thief: each history with the answer that each policy owes it, whatever happens around it.

An honest one returns the pair that the client then holds. A thief's returns whether the thief was found.
"""

from tests.reliability.state_machine.model import DAY, SECOND

HONEST = {}
THIEVES = {}


def honest(story):
    HONEST[story.__name__] = story
    return story


def thief(*found_by):
    def note(story):
        THIEVES[story.__name__] = (story, set(found_by))
        return story

    return note


def _later(play, seconds=1):
    """Later than the interval, and than all that is added to it."""
    play.pause(play.rules.interval + play.rules.leeway + (1 + seconds) * SECOND)


@honest
def keeps_every_answer(play, pair):
    for _ in range(3):
        pair = play.refresh(pair)
        _later(play)
        assert play.use(pair) is None
    return pair


@honest
def refreshes_at_every_call(play, pair):
    for _ in range(8):
        pair = play.refresh(pair)
        play.pause(1800)
    return pair


@honest
def tabs_refresh_at_once(play, pair):
    answers = [play.refresh(pair) for _ in range(5)]
    assert len({answer.raw for answer in answers}) == 1
    assert all(play.use(answer) is None for answer in answers)
    return answers[-1]


@honest
def a_tab_is_late_by_an_interval(play, pair):
    late = pair
    pair = play.refresh(pair)
    assert play.refresh(pair).raw == pair.raw  # so that it is seen
    play.pause(play.rules.interval)
    assert play.refresh(late).raw == pair.raw
    return pair


@honest
def only_refreshes_and_is_cleaned_up_after(play, pair):
    """A refresh is a use: whoever refreshes in time is not idle."""
    ends = [each for each in (play.rules.idle, play.rules.lifetime and play.rules.lifetime // 2) if each]
    for _ in range(2):
        play.pause(min([DAY, *ends]) * 2 // 3)
        pair = play.refresh(pair)
    play.pause(min([DAY, *ends]) // 2)
    play.clean_up()
    return pair


HONEST_UNLESS_STRICT = {}


def honest_unless_strict(story):
    """RFC 9700 to the letter signs these out."""
    HONEST_UNLESS_STRICT[story.__name__] = story
    return story


@honest_unless_strict
def loses_the_answer(play, pair):
    for _ in range(2):
        play.refresh(pair)
        _later(play)
    return play.refresh(pair)


@honest_unless_strict
def a_server_that_never_saves(play, pair):
    for _ in range(4):
        page = play.refresh(pair)
        assert play.use(page) is None
        play.pause(play.rules.interval)
        assert play.use(page) is None
        _later(play)
    return pair


@honest_unless_strict
def an_app_killed_before_it_saved(play, pair):
    killed = play.refresh(pair)
    assert play.use(killed) is None
    _later(play, seconds=200)
    return play.refresh(pair)


@honest_unless_strict
def a_server_ahead_by_the_leeway(play, pair):
    page = play.refresh(pair)
    play.pause(play.rules.interval)
    assert play.use(page, skew=play.rules.leeway) is None
    _later(play)
    return play.refresh(pair)


@thief("confirmed", "strict")
def comes_after_the_victim(play, pair):
    copy = pair
    pair = play.refresh(pair)
    _later(play)
    play.use(pair)
    return _is_found(play, copy)


@thief("confirmed", "strict")
def comes_before_the_victim(play, pair):
    copy = play.refresh(pair)
    _later(play)
    play.use(copy)
    return _is_found(play, pair)


@thief("confirmed", "strict")
def comes_after_the_victim_was_held(play, pair):
    copy = pair
    pair = play.refresh(pair)
    play.refresh(pair)
    _later(play)
    return _is_found(play, copy)


@thief("confirmed", "strict", "lenient")
def has_an_older_token(play, pair):
    copy = pair
    for _ in range(2):
        pair = play.refresh(pair)
        _later(play)
    return _is_found(play, copy)


@thief("strict")
def comes_when_the_child_was_hardly_used(play, pair):
    copy = pair
    pair = play.refresh(pair)
    play.use(pair)
    _later(play)
    return _is_found(play, copy)


@thief()
def keeps_in_step(play, pair):
    """Both refresh within the interval: only a binding to the device finds this thief."""
    copy = pair
    for _ in range(3):
        pair = play.refresh(pair)
        play.pause(play.rules.interval // 2)
        copy = play.refresh(copy)
        if copy is None:
            return True
        _later(play)
    return False


def _is_found(play, pair):
    """Within one life of an access token, since by its end the thief, or the victim, has to refresh."""
    return play.refresh(pair) is None
