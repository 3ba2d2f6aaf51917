"""The steps, which Hypothesis puts in any order. A step that nobody can take at the moment is not offered."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial, wraps

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.reliability.state_machine import doors, stories
from tests.reliability.state_machine.cache import OPERATIONS
from tests.reliability.state_machine.model import DAY, MINUTE, SECOND, Rules
from tests.reliability.state_machine.play import COUNTS, USES, Pair, Play, require

POLICIES = ("confirmed", "strict", "lenient")

NUMBER = st.integers(0, 5)
NAME = st.sampled_from(["ada", "bob"])
FACE = st.sampled_from(["rest", "supabase"])
ANY_FACE = st.sampled_from(["python", "rest", "supabase"])
USE = st.sampled_from(sorted(USES))
SCOPE = st.sampled_from(["local", "others", "global"])
SHORT = st.sampled_from([1, 900, 1000, 5000, 9000, 9_999, 10_000, 10_001, 11_000, 11_001, 12_000, 30_000, 41_001])
LONG = st.sampled_from([MINUTE, 5 * MINUTE, 5 * MINUTE + SECOND, 31 * MINUTE, 121 * MINUTE, DAY, 14 * DAY, 30 * DAY])


@dataclass
class Client:
    store: Pair | None = None
    unsaved: Pair | None = None
    """What it got and could not keep."""
    tab: Pair | None = None
    """What another tab has read of the store."""
    stolen: Pair | None = None
    past: list[Pair] = field(default_factory=list)
    """What it had, as a backup has it."""

    def __post_init__(self):
        self.keep(self.store)

    def keep(self, pair):
        if pair is not None:
            self.past = [*self.past[-3:], pair]
            self.store = pair


def some(what):
    """The step is offered if there is one."""
    return precondition(lambda machine: bool(getattr(machine, what)))


def step(*, takes=rule, **arguments):
    """A rule whose calls are remembered, so that they can be taken again."""

    def decorate(call):
        @wraps(call)
        def taken(machine, **values):
            machine.taken.append((call.__name__, values))
            COUNTS["step", call.__name__] += 1
            with machine.noted():
                call(machine, **values)

        return takes(**arguments)(taken)

    return decorate


first_step = partial(step, takes=initialize)


class Everything:
    """In the place of Hypothesis' choice of a few steps for each run, by which some hardly ever meet."""

    def is_enabled(self, name):
        return True


class SessionMachine(RuleBasedStateMachine):
    policy = None
    """None: any."""
    steps = 0
    """Of all runs in this process."""
    last = ()
    """The steps of the last run."""
    failed_at = None
    """After how many steps something went wrong for the first time, and what."""

    def __init__(self):
        super().__init__()
        self.play, self.taken = None, []

    @first_step(
        policy=st.sampled_from(POLICIES),
        leeway=st.sampled_from([0, 30 * SECOND]),
        lifetime=st.sampled_from([30 * DAY, 2 * 60 * MINUTE, None]),
        idle=st.sampled_from([14 * DAY, 30 * MINUTE, None]),
        limit=st.sampled_from([None, None, 2, 3]),
        refuses=st.booleans(),
        few=st.sampled_from([False, False, False, True]),
    )
    def begin(self, *, policy, leeway, lifetime, idle, limit, refuses, few):
        if not few:
            self._rules_strategy.enabled_rules_strategy = st.just(Everything())
        policy = self.policy or policy
        self.play = Play(
            Rules(policy=policy, leeway=leeway, lifetime=lifetime, idle=idle, limit=limit, refuses_at_limit=refuses)
        )
        self.clients = [Client(self.play.sign_in(name)) for name in ("ada", "ada", "bob")] + [Client()]
        self.browsers = []

    def teardown(self):
        type(self).last = self.taken
        if self.play is not None:
            self.play.close()

    @invariant()
    def what_must_hold(self):
        if self.play is None:
            return
        type(self).steps += 1
        with self.noted():
            self.play.check()
            for opened in self.browsers:
                self.play.no_store_entry(opened)

    @contextmanager
    def noted(self):
        """The first failure, before Hypothesis takes the same steps again."""
        try:
            yield
        except Exception as error:
            kind = type(self)
            kind.failed_at = kind.failed_at or (kind.steps, f"{type(error).__name__}: {error}")
            raise

    # Who there is

    @property
    def stores(self):
        return [client for client in self.clients if client.store]

    @property
    def tabs(self):
        return [client for client in self.clients if client.tab]

    @property
    def thieves(self):
        return [client for client in self.clients if client.stolen]

    @property
    def killed(self):
        return [client for client in self.clients if client.unsaved]

    @property
    def rows(self):
        return [each for each in self.play.model.sessions if not each.has_ended]

    @property
    def live(self):
        """The stores whose session is live."""
        return [client for client in self.stores if self._is_live(client.store.session)]

    def client(self, number):
        """Mostly one whose session is live."""
        return pick(self.live if self.live and number else self.stores, number)

    def _is_live(self, session):
        return self.play.model.why_not_live(session, self.play.now) is None

    @property
    def missing_users(self):
        return [user for user in self.play.users.values() if not user.exists]

    @property
    def existing_users(self):
        return [user for user in self.play.users.values() if user.exists]

    # Clients

    @step(number=st.integers(0, 3), name=NAME, face=FACE)
    def sign_in(self, number, name, face):
        self._sign_in(number, name, face)

    def _sign_in(self, number, name, face):
        client = self.clients[number]
        client.keep(self.play.sign_in(name, face))
        client.tab = client.unsaved = None

    @precondition(lambda self: not self.live)
    @step(number=st.integers(0, 3), name=NAME, face=FACE)
    def sign_in_where_nobody_is(self, number, name, face):
        self._sign_in(number, name, face)

    @some("stores")
    @step()
    def go_on(self):
        """What clients do most of the time; Hypothesis chooses first what has no arguments."""
        client = self.client(1)
        client.keep(self.play.refresh(client.store, "python"))
        self.play.use(client.store, "cached")

    @some("stores")
    @step(number=NUMBER, face=ANY_FACE)
    def refresh(self, number, face):
        client = self.client(number)
        client.keep(self.play.refresh(client.store, face))

    @some("stores")
    @step(number=NUMBER, face=ANY_FACE)
    def refresh_and_lose_the_answer(self, number, face):
        self.play.refresh(self.client(number).store, face)

    @some("stores")
    @step(number=NUMBER, face=ANY_FACE, door=USE)
    def render_a_page(self, number, face, door):
        """A server refreshes, uses the answer at once, and cannot save it."""
        client = self.client(number)
        pair = self.play.refresh(client.store, face)
        if pair is not None:
            require(self.play.use(pair, door) is None, "answer", "a new access token was refused")
            client.unsaved = pair

    @some("killed")
    @step(number=NUMBER, door=USE)
    def use_what_was_not_saved(self, number, door):
        pair = pick(self.killed, number).unsaved
        self.play.blemishes[pair.session].add("used and not saved")
        self.play.use(pair, door)

    @some("stores")
    @step(number=NUMBER, face=ANY_FACE, count=st.integers(2, 4))
    def storm(self, number, face, count):
        """Tabs that read the same store present its token at once."""
        client = self.client(number)
        answers = [self.play.refresh(client.store, face) for _ in range(count)]
        client.keep(answers[-1])

    @some("stores")
    @step(number=NUMBER, door=USE)
    def use(self, number, door):
        self.play.use(self.client(number).store, door)

    @some("stores")
    @step(number=NUMBER, door=st.sampled_from(["rest", "supabase"]), ahead=st.sampled_from([SECOND, 30 * SECOND]))
    def use_where_the_clock_is_ahead(self, number, door, ahead):
        client = self.client(number)
        if ahead > self.play.rules.leeway:
            self.play.blemishes[client.store.session].add("clock")
        self.play.use(client.store, door, skew=ahead)

    @some("stores")
    @step(number=NUMBER, face=ANY_FACE, skew=st.sampled_from([-30 * SECOND, -SECOND, SECOND, 30 * SECOND]))
    def refresh_where_the_clock_is_wrong(self, number, face, skew):
        client = self.client(number)
        client.keep(self.play.refresh(client.store, face, skew=skew))

    # Tabs and copies

    @some("stores")
    @step(number=NUMBER)
    def open_a_tab(self, number):
        client = self.client(number)
        client.tab = client.store

    @some("tabs")
    @step(number=NUMBER, face=ANY_FACE, is_kept=st.booleans())
    def refresh_in_the_tab(self, number, face, is_kept):
        """With what it has in memory, which may be old."""
        client = pick(self.tabs, number)
        pair = client.tab
        replaced_at = self.play.replaced_at.get((pair.session, pair.generation), self.play.now)
        if self.play.now - replaced_at > self.play.rules.interval:
            self.play.blemishes[pair.session].add("slept")
        answer = self.play.refresh(pair, face)
        client.tab = answer or pair
        if is_kept:
            client.keep(answer)

    @some("tabs")
    @step(number=NUMBER, door=USE)
    def use_in_the_tab(self, number, door):
        pair = pick(self.tabs, number).tab
        self.play.blemishes[pair.session].add("used and not saved")
        self.play.use(pair, door)

    @some("stores")
    @step(number=NUMBER, back=st.integers(1, 3))
    def restore_a_backup(self, number, back):
        client = self.client(number)
        client.store = client.past[-min(back + 1, len(client.past))]
        self.play.blemishes[client.store.session].add("restored")

    @some("stores")
    @step(number=NUMBER)
    def steal(self, number):
        client = self.client(number)
        client.stolen = client.store

    @some("thieves")
    @step(number=NUMBER, face=ANY_FACE)
    def thief_refreshes(self, number, face):
        client = pick(self.thieves, number)
        self.play.blemishes[client.stolen.session].add("stolen")
        client.stolen = self.play.refresh(client.stolen, face) or client.stolen

    @some("thieves")
    @step(number=NUMBER, door=USE)
    def thief_uses(self, number, door):
        pair = pick(self.thieves, number).stolen
        self.play.blemishes[pair.session].add("stolen")
        self.play.use(pair, door)

    @some("stores")
    @step(number=NUMBER, face=ANY_FACE)
    def forge(self, number, face):
        for ahead in range(3):
            self.play.forge(self.client(number).store, face, ahead=ahead)

    # Histories

    @some("existing_users")
    @step(name=NAME, story=st.sampled_from(sorted({**stories.HONEST, **stories.HONEST_UNLESS_STRICT})))
    def honest(self, name, story):
        if story in stories.HONEST:
            self._live_on(stories.HONEST[story], name)
        elif self.play.rules.policy != "strict":
            self._live_on(stories.HONEST_UNLESS_STRICT[story], name)

    def _live_on(self, story, name):
        pair = self._new_pair(name)
        if pair is not None:
            pair = story(self.play, pair)
            require(self._is_live(pair.session), "honest", story.__name__)
            require(self.play.use(pair) in {None, "token_not_valid"}, "honest", story.__name__)
            require(self.play.refresh(pair), "honest", story.__name__)

    @some("existing_users")
    @step(name=NAME, story=st.sampled_from(sorted(stories.THIEVES)))
    def thief(self, name, story):
        pair = self._new_pair(name)
        if pair is not None:
            self.play.blemishes[pair.session].add("stolen")
            call, found_by = stories.THIEVES[story]
            began, is_expected = self.play.now, self.play.rules.policy in found_by
            is_found = call(self.play, pair)
            require(is_found == is_expected, "thief", story, self.play.rules.policy, is_found)
            is_in_time = self.play.now - began <= self.play.rules.access_lifetime
            require(is_in_time, "thief", "later than a life of an access token")

    def _new_pair(self, name):
        return self.play.sign_in(name)

    # The clock

    @step(milliseconds=SHORT)
    def pause(self, milliseconds):
        self.play.pause(milliseconds)

    @step(milliseconds=LONG)
    def wait(self, milliseconds):
        self.play.pause(milliseconds)

    # Ends

    @some("stores")
    @step(number=NUMBER, scope=SCOPE, by=st.sampled_from(["access", "refresh", "supabase"]))
    def sign_out(self, number, scope, by):
        self.play.sign_out(self.client(number).store, scope, by)

    @some("thieves")
    @step(number=NUMBER, scope=SCOPE, by=st.sampled_from(["access", "refresh", "supabase"]))
    def sign_out_with_a_copy(self, number, scope, by):
        pair = pick(self.thieves, number).stolen
        self.play.blemishes[pair.session].add("stolen")
        self.play.sign_out(pair, scope, by)

    @some("stores")
    @step(number=NUMBER, other=NUMBER)
    def delete_by_id(self, number, other):
        target = pick(self.play.model.sessions, other)
        self.play.delete(self.client(number).store, target)

    @some("rows")
    @step(number=NUMBER, door=st.sampled_from(sorted(doors.DOORS)))
    def end(self, number, door):
        self.play.end_by(door, pick(self.rows, number))

    @some("live")
    @step(number=NUMBER, door=st.sampled_from(sorted(doors.DOORS)), operations=st.sets(st.sampled_from(OPERATIONS)))
    def end_as_the_cache_fails(self, number, door, operations):
        """The cached check may not know of it, for as long as is said."""
        pair = pick(self.live, number).store
        self.play.use(pair, "cached")
        self.play.break_cache(losing=operations)
        self.play.end_by(door, pair.session)
        self.play.break_cache()
        self.play.use(pair, "cached")
        self.play.pause(self.play.rules.cache_bound)
        self.play.use(pair, "cached")

    @some("rows")
    @step(number=NUMBER, minutes=st.sampled_from([0, 20, 120]))
    def clean_up(self, number, minutes):
        """Some time after a refresh, which is a use as well."""
        self.play.pause(minutes * MINUTE)
        if self.live:
            client = self.client(number)
            client.keep(self.play.refresh(client.store, "python"))
        self.play.pause(minutes * MINUTE)
        self.play.clean_up()

    # People

    @some("existing_users")
    @step(number=NUMBER, by=st.sampled_from(["python", "save", "update"]))
    def change_password(self, number, by):
        self.play.change_password(pick(self.existing_users, number).name, by)

    @some("live")
    @step(number=NUMBER, by=st.sampled_from(["python", "supabase"]))
    def change_password_and_stay(self, number, by):
        pair = pick(self.live, number).store
        self.play.change_password(pair.session.user.name, by, keep=pair)

    @some("existing_users")
    @step(number=NUMBER, by=st.sampled_from(["save", "update"]))
    def lock_or_unlock(self, number, by):
        user = pick(self.existing_users, number)
        self.play.set_active(user.name, not user.is_active, by)

    @some("existing_users")
    @step(number=NUMBER, by=st.sampled_from(["delete()", "queryset"]))
    def delete_user(self, number, by):
        self.play.delete_user(pick(self.existing_users, number).name, by)

    @some("missing_users")
    @step(number=NUMBER)
    def create_user(self, number):
        self.play.create_user(pick(self.missing_users, number).name)

    # Browsers

    @some("existing_users")
    @step(name=NAME)
    def open_browser(self, name):
        opened = self.play.open_browser(name)
        if opened is not None:
            self.browsers = [*self.browsers[-2:], opened]

    @some("browsers")
    @step(number=NUMBER)
    def use_browser(self, number):
        self.play.use_browser(pick(self.browsers, number))

    @some("browsers")
    @step(number=NUMBER)
    def log_out(self, number):
        self.play.log_out(pick(self.browsers, number))

    @some("browsers")
    @step(number=NUMBER, what=st.sampled_from(["device", "others", "everywhere"]), device=NUMBER)
    def sign_out_on_page(self, number, what, device):
        self.play.sign_out_on_page(pick(self.browsers, number), what, pick(self.play.model.sessions, device))

    @some("browsers")
    @step(number=NUMBER, scope=SCOPE)
    def sign_out_by_cookie(self, number, scope):
        self.play.sign_out_by_cookie(pick(self.browsers, number), scope)

    # The cache

    @step(operations=st.sets(st.sampled_from(OPERATIONS)), is_silent=st.booleans())
    def break_or_mend_cache(self, operations, is_silent):
        self.play.break_cache(**{"losing" if is_silent else "failing": operations})


def pick(items, number):
    """The last are the most interesting ones."""
    return items[-1 - number % len(items)]


def machine_of(policy):
    return type(f"{policy.title()}Machine", (SessionMachine,), {"policy": policy})
