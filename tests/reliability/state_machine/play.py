"""What people, thieves and administrators do: each is done to the app, asked of the model, and compared."""

import base64
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from types import SimpleNamespace

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

from auth_sessions import api
from auth_sessions.models import Session
from tests.reliability.state_machine import doors, faces, model
from tests.reliability.state_machine.cache import FaultyCache
from tests.reliability.state_machine.world import World
from tests.support.device import PASSWORD

REST, SUPABASE, PYTHON = faces.Rest(), faces.Supabase(), faces.Python()
BY_NAME = {"rest": REST, "supabase": SUPABASE, "python": PYTHON}
USES = {
    "python": PYTHON.use,
    "rest": REST.use,
    "list": REST.use_list,
    "cached": REST.use_cached,
    "supabase": SUPABASE.use,
}


COUNTS = Counter()
"""What has happened in this process."""


class RuleBrokenError(AssertionError):
    """What must hold does not. The first word is the name of what is broken."""


def require(holds, what, *details):
    if not holds:
        raise RuleBrokenError(f"{what}: {', '.join(map(str, details))}")


@dataclass(frozen=True)
class Pair:
    """What a client gets."""

    raw: str
    raw_access: str
    access: model.Access

    @property
    def session(self):
        return self.access.session

    @property
    def generation(self):
        return self.access.generation


class Play:
    def __init__(self, rules):
        self.rules = rules
        self.world, self.model = World(rules), model.Model(rules)
        self.users, self.passwords = {}, {}
        self.last = {}
        """The pair that each session got last."""
        self.issued = {}
        """The one refresh token of each session and generation."""
        self.replaced_at = {}
        """When each generation ceased to be the current one, by a clock that is right."""
        self.blemishes = defaultdict(set)
        """What was done in each session that no honest client does."""
        self.doubtful = set()
        """The sessions of browsers that were refused: their rows may go."""
        self.seen_before = {}
        """When a session was seen before the cached check was asked, which need not record what the database has."""
        self.checked = set()
        self.related_to = set()
        """The sessions whose related objects were compared."""
        for name in ("ada", "bob"):
            self.create_user(name)

    def close(self):
        self.world.close()

    @property
    def now(self):
        return self.world.now

    def pause(self, milliseconds):
        self.world.advance(milliseconds)

    # Sign-ins and tokens

    def sign_in(self, name, face="rest"):
        """The pair; None if it is refused."""
        self.pause(1)  # so that no two sessions are of the same age
        expected = self.model.sign_in(self.users[name], model.TOKEN, self.now)
        answer = BY_NAME[face].sign_in(name, self.passwords[name])
        self._same(answer, expected, face, "sign_in_codes")
        if isinstance(expected, str):
            return None
        expected.key = claims(answer.access)["session_id"]
        self.world.add_related(expected.key)
        return self._pair(answer, expected, self.now)

    def refresh(self, pair, face="rest", *, skew=0):
        """The new pair; None if it is refused."""
        session, generation = pair.session, pair.generation
        if skew:
            self.blemishes[session].add("clock")
        was_honest = not self.blemishes[session]
        with self.world.skewed(skew) as now:
            expected = self.model.refresh(session, generation, now)
            answer = BY_NAME[face].refresh(pair.raw)
        COUNTS["refresh", expected] += 1
        if answer == model.REUSED:
            self._may_be_theft(pair, was_honest=was_honest)
        self._same(answer, None if expected in model.ACCEPTED else expected, face, "refresh_codes")
        if expected == model.ROTATED:
            self.replaced_at[session, generation] = self.now
        return self._pair(answer, session, now) if expected in model.ACCEPTED else None

    def _pair(self, answer, session, now):
        access, refresh = claims(answer.access), claims(answer.refresh)
        first = self.issued.setdefault((session, session.generation), answer.refresh)
        require(first == answer.refresh, "one generation per rotation", "two refresh tokens of one generation")
        for each in (access, refresh):
            require(
                (each["session_id"], each["generation"]) == (session.key, session.generation),
                "one generation per rotation",
                each["generation"],
                session.generation,
            )
        issued = self.model.issue(session, now)
        times = (access["iat"] - EPOCH) * 1000, (access["exp"] - EPOCH) * 1000
        require(times == (issued.issued_at, issued.expires_at), "access token", times, issued)
        self.last[session] = Pair(answer.refresh, answer.access, issued)
        return self.last[session]

    def _may_be_theft(self, pair, *, was_honest):
        """What is independent of the rule that the model has."""
        session = pair.session
        replaced_at = self.replaced_at.get((session, pair.generation))
        is_skewed = "clock" in self.blemishes[session]
        was_current = replaced_at is None or self.now - replaced_at <= self.rules.interval
        require(is_skewed or not was_current, "current within the interval", "held against somebody")
        is_excused = self.rules.policy == "strict"  # signs out whoever lost the answer, as documented
        require(is_excused or not was_honest, "honest", "taken for a thief", pair.generation, session.generation)

    def use(self, pair, door="rest", *, skew=0):
        """The refusal of the access token; None if it is accepted."""
        session = pair.session
        with self.world.skewed(skew) as now:
            is_within_bound = self.model.may_be_cached(pair.access, now)
            seen_before = session.last_seen
            expected = self.model.authenticate(pair.access, now)
            answer = USES[door](pair.raw_access)
        COUNTS["request", expected or "accepted"] += 1
        if door == "cached":
            self.seen_before[session] = seen_before
            if answer is None and is_within_bound:
                COUNTS["request", "accepted within the bound of the cached check" if expected else "accepted"] += 1
                return None
        if door == "cached" and answer == model.NOT_FOUND and self.model.may_refuse_by_cache(session, now):
            expected = answer
        if expected in {model.NOT_FOUND, model.NO_USER} and answer is None:
            require(False, "what ended never lives again", door)
        if door == "supabase":
            expected = _as_supabase(session, expected)
        self._same(answer, expected, "supabase" if door == "supabase" else "rest", "bearer_codes")
        return answer

    def forge(self, pair, face, *, ahead):
        """A thief of ``SECRET_KEY`` writes a token of a later generation, or of this one."""
        forged = doors.forge(pair.raw, generation=pair.session.generation + ahead)
        expected = model.NOT_FOUND if pair.session.has_ended else model.NOT_VALID
        answer = BY_NAME[face].refresh(forged)
        forged_codes = {model.NOT_FOUND: "refresh_token_not_found", model.NOT_VALID: "validation_failed"}
        require(answer == (forged_codes[expected] if face == "supabase" else expected), "forged", answer)

    def _same(self, answer, expected, face, codes):
        if expected is not None and not isinstance(expected, str):
            expected = None
        expected = getattr(BY_NAME[face], codes, {}).get(expected, expected)
        code = answer if isinstance(answer, (str, int)) else None
        require(code == expected, "answer", f"{code} instead of {expected}", face)

    # Sign-outs

    def sign_out(self, pair, scope, by="access"):
        session, now = pair.session, self.now
        if by == "refresh":
            expected = self.model.verify(session, pair.generation, now)
            answer = REST.sign_out(scope, refresh=pair.raw)
        elif by == "access":
            expected = self.model.authenticate(pair.access, now)
            answer = REST.sign_out(scope, access=pair.raw_access)
        else:
            expected = self._authenticate_at_logout(pair, now)
            answer = SUPABASE.sign_out(scope, access=pair.raw_access)
        COUNTS[f"sign-out by {by}", expected or scope] += 1
        is_reused = expected == model.REUSED
        if scope == "local" and expected not in {None, model.NOT_VALID, model.REUSED}:
            expected = None
        if expected is None:
            if by == "refresh" and not session.has_ended:
                session.confirmed = max(session.confirmed, pair.generation)
            self.model.end(self.model.in_scope(session, scope), now)
        if by == "supabase":
            expected = _as_supabase(session, expected)
        if answer == model.REUSED and not is_reused:
            self._may_be_theft(pair, was_honest=False)
        self._same(answer, expected, "supabase" if by == "supabase" else "rest", "bearer_codes")

    def _authenticate_at_logout(self, pair, now):
        """Supabase's logout accepts an expired access token of the present or the previous generation."""
        session = pair.session
        if not self.model.is_expired(pair.access, now):
            return self.model.authenticate(pair.access, now)
        if not session.has_ended and pair.generation < session.generation - 1:
            return model.NOT_VALID
        return self.model.refusal_of_row(session, now)

    def delete(self, pair, target):
        """By ``DELETE sessions/<id>/``."""
        expected = self.model.authenticate(pair.access, self.now)
        if expected is None:
            is_theirs = target.user is pair.session.user and self.model.why_not_live(target, self.now) is None
            expected = None if is_theirs else 404
            if is_theirs:
                self.model.end([target], self.now)
        answer = REST.delete(pair.raw_access, target.key)
        require(answer == expected, "answer", f"{answer} instead of {expected}")

    def end_by(self, door, session):
        """What staff, commands and a project's own code do to a session whose row is there."""
        COUNTS["end by", door] += 1
        self.world.forget_staff()
        user = self.world.user(session.user.name)
        ended = self.model.of(session.user) if door in doors.OF_A_PERSON else [session]
        self.model.end(ended, self.now, is_told=door not in doors.UNTOLD)
        doors.DOORS[door](SimpleNamespace(session_id=session.key), user, self._make_user)

    def _make_user(self, name, **fields):
        return self.world.user(name)

    def clean_up(self):
        self.model.clean_up(self.now)
        doors.clean_up()

    # People

    def create_user(self, name):
        self.world.add_user(name)
        self.users[name], self.passwords[name] = model.User(name), PASSWORD

    def delete_user(self, name, by):
        user = self.users[name]
        self.model.end(self.model.of(user), self.now)
        user.exists = False
        doors.delete_user(self.world.user(name), by)

    def set_active(self, name, is_active, by):
        user = self.users[name]
        user.is_active = is_active
        if by == "update":
            user.unsaid_at = self.now
            get_user_model().objects.filter(username=name).update(is_active=is_active)
            return
        if not is_active:
            self.model.end(self.model.of(user), self.now)
        stored = self.world.user(name)
        stored.is_active = is_active
        stored.save()

    def change_password(self, name, by, keep=None):
        """``keep`` is the pair of a session of theirs that is live, where the door keeps one."""
        user, password, kept = self.users[name], f"another {self.users[name].password} of 1815", []
        if by == "supabase":
            if self.model.authenticate(keep.access, self.now) is not None:
                return
            require(SUPABASE.change_password(keep.raw_access, password) is None, "answer", "PUT user")
        elif by == "python":
            row = None if keep is None else Session.objects.get(pk=keep.session.key)
            api.change_password(self.world.user(name), password, keep=row)
        elif by == "save":
            stored = self.world.user(name)
            stored.set_password(password)
            stored.save()
        else:
            get_user_model().objects.filter(username=name).update(password=make_password(password))
            user.unsaid_at = self.now
        user.password += 1
        self.passwords[name] = password
        if by in {"supabase", "python"}:
            kept = [] if keep is None else [keep.session]
            for session in kept:
                session.password = user.password
        if by != "update":
            ends = {model.TOKEN} if by == "save" and user.is_active else {model.TOKEN, model.BROWSER}
            kept = kept if user.is_active else []
            self.model.end([each for each in self.model.of(user) if each.kind in ends and each not in kept], self.now)

    # Browsers

    def open_browser(self, name):
        """The browser and its session; None if the sign-in is refused."""
        self.pause(1)
        expected = self.model.sign_in(self.users[name], model.BROWSER, self.now)
        browser = faces.Browser()
        is_signed_in = browser.sign_in(name, self.passwords[name])
        require(is_signed_in == (not isinstance(expected, str)), "answer", "browser", expected)
        if not is_signed_in:
            return None
        expected.key = browser.which()
        self.world.add_related(expected.key)
        return SimpleNamespace(browser=browser, session=expected, cookie=browser.cookie)

    def use_browser(self, opened):
        expected = self._judge_browser(opened)
        require(opened.browser.is_signed_in() == expected, "answer", "browser", expected)

    def log_out(self, opened):
        """Django's ``logout()``."""
        if self._judge_browser(opened):
            self.model.end([opened.session], self.now)
        opened.browser.submit("/logout/")

    def sign_out_by_cookie(self, opened, scope):
        """By the REST API, from a page of the same site."""
        if self._judge_browser(opened):
            self.model.end(self.model.in_scope(opened.session, scope), self.now)
        opened.browser.submit("/api/auth/sign-out/", scope=scope)

    def sign_out_on_page(self, opened, what, target=None):
        """On "Your devices": one device, the others, or all."""
        user, is_signed_in = opened.session.user, self._judge_browser(opened)
        COUNTS["page", what if is_signed_in else "signed out"] += 1
        live = [each for each in self.model.of(user) if self.model.why_not_live(each, self.now) is None]
        if is_signed_in:
            others = [each for each in live if each is not opened.session]
            if what == "everywhere" or (what == "others" and others):
                scope = "global" if what == "everywhere" else "others"
                self.model.end(self.model.in_scope(opened.session, scope), self.now)
            elif what == "device" and target in live:
                self.model.end([target], self.now)
        part = target.key if what == "device" else what
        opened.browser.submit(f"/account/devices/{part}/sign-out/", password=self.passwords[user.name])

    def _judge_browser(self, opened):
        is_signed_in = self.model.use_browser(opened.session, self.now)
        if not is_signed_in:
            self.doubtful.add(opened.session)
        return is_signed_in

    # The cache

    def break_cache(self, *, failing=(), losing=()):
        FaultyCache.failing, FaultyCache.losing = frozenset(failing), frozenset(losing)
        self.model.is_cache_sound = not (failing or losing)

    # What must hold after every step

    def check(self):
        rows = self.world.rows()
        for session in self.doubtful:
            if session.key not in rows and not session.has_ended:
                self.model.end([session], self.now)
        self._compare_rows(rows)
        self._nothing_is_left(rows)

    def _compare_rows(self, rows):
        for session in self.model.sessions:
            if session.has_ended:
                continue
            require(session.key in rows, "a session ended that must not", session.kind, session.user.name)
            confirmed, seen, generation, rotated_at = rows[session.key]
            if seen == self.seen_before.get(session):
                session.last_seen = seen
            stored = (confirmed, seen)
            require(stored == (session.confirmed, session.last_seen), "seen", stored, session)
            if session.kind == model.TOKEN:
                stored = (generation, rotated_at)
                kept = (session.generation, session.rotated_at)
                require(stored == kept, "one generation per rotation", stored, kept)
        self.seen_before.clear()

    def _nothing_is_left(self, rows):
        living = {session.key for session in self.model.sessions if not session.has_ended}
        require(rows.keys() == living, "what ended never lives again", rows.keys() - living)
        if living == self.related_to:
            return
        self.related_to = living
        untold = {session.key for session in self.model.sessions if not session.is_told}
        devices, drafts = self.world.related()
        require(devices == living, "nothing is left", "related objects", devices ^ living)
        require(drafts - untold == living, "nothing is left", "what a receiver destroys", drafts - untold - living)
        for session in self.model.sessions:
            if not session.has_ended or session in self.checked:
                continue
            self.checked.add(session)
            if session in self.last:
                self.use(self.last[session], "cached")
            if session.is_told:
                require(session.key in self.world.announced, "nothing is left", "sessions_ended was not sent")
                if session.kind == model.TOKEN and self.model.is_cache_sound:
                    entry = self.world.cache_entry(session.key)
                    is_gone = entry is None or entry.startswith("ended")
                    require(is_gone, "nothing is left", "the entry of the cache")

    def no_store_entry(self, opened):
        """Nothing of a browser whose session has ended is left in the store of Django's sessions."""
        if opened.session.has_ended and opened.session.is_told:
            require(not self.world.store_has(opened.cookie), "nothing is left", "the entry of the store")


EPOCH = 1795521600
"""``world.START`` in Unix time."""


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def _as_supabase(session, expected):
    """A missing session is reported before an inactive user."""
    return model.NOT_FOUND if expected == model.INACTIVE and session.has_ended else expected
