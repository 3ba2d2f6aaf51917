"""What must happen to sessions and tokens: a small model, written from the rules and not from the code.

Nothing of the package is imported. Times are whole milliseconds.
"""

from dataclasses import dataclass, field

SECOND = 1000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

TOKEN, BROWSER = "token", "browser"

# What a refresh answers.
ROTATED, HELD, SAME_CHILD = "rotated", "held", "same child"
ACCEPTED = {ROTATED, HELD, SAME_CHILD}

# Refusals, by their codes.
NOT_VALID = "token_not_valid"
NOT_FOUND = "session_not_found"
EXPIRED = "session_expired"
INACTIVE = "user_inactive"
PASSWORD = "password_changed"
NO_USER = "user_not_found"
REUSED = "refresh_token_already_used"
LIMIT = "session_limit_reached"
NO_ACCOUNT = "no_active_account"


@dataclass(kw_only=True)
class Rules:
    """What a project has set."""

    policy: str = "confirmed"
    interval: int = 10 * SECOND
    leeway: int = 0
    access_lifetime: int = 5 * MINUTE
    lifetime: int | None = 30 * DAY
    idle: int | None = 14 * DAY
    last_seen_interval: int = 5 * MINUTE
    cache_bound: int = MINUTE
    limit: int | None = None
    refuses_at_limit: bool = False


@dataclass(eq=False)
class User:
    name: str
    exists: bool = True
    is_active: bool = True
    password: int = 0
    """Counts the passwords; a session has the number of that with which it began."""
    unsaid_at: int | None = None
    """When something was last changed of the user that no Python code was told."""


@dataclass(eq=False)
class Session:
    user: User
    kind: str
    password: int
    expires_at: int | None
    last_seen: int
    rotated_at: int | None
    """None for a browser's."""
    generation: int = 0
    confirmed: int = 0
    has_ended: bool = False
    ended_at: int = 0
    accepted_until: int = 0
    """Until when the cached check may still accept a session that has ended."""
    is_told: bool = True
    """False if it was ended by something that no Python code was told of."""
    key: str = ""
    """What the database calls it. The model does not read it."""

    @property
    def last_used(self):
        return max(self.last_seen, self.rotated_at or 0)


@dataclass(frozen=True, kw_only=True)
class Access:
    """An access token, as its claims are."""

    session: Session
    generation: int
    issued_at: int
    rotated_at: int
    expires_at: int


@dataclass
class Model:
    rules: Rules
    sessions: list[Session] = field(default_factory=list)
    is_cache_sound: bool = True
    """Whether the cache keeps what it is told. Otherwise an end may take as long as ``cache_bound``."""

    # Sign-ins

    def sign_in(self, user, kind, now):
        """The new session, or the code of the refusal."""
        if not user.exists or not user.is_active:
            return NO_ACCOUNT
        surplus = self._surplus(user, now)
        if surplus and self.rules.refuses_at_limit and kind == TOKEN:
            return LIMIT
        self.end(surplus, now)
        lifetime = self.rules.lifetime
        session = Session(
            user,
            kind,
            password=user.password,
            expires_at=None if lifetime is None else now + lifetime,
            last_seen=now,
            rotated_at=now if kind == TOKEN else None,
        )
        self.sessions.append(session)
        return session

    def _surplus(self, user, now):
        """The least recently used, which have no place beside a new one."""
        if self.rules.limit is None:
            return []
        counted = [each for each in self.of(user) if self.why_not_live(each, now) is None]
        recent_first = sorted(counted, key=lambda each: (each.last_used, self.sessions.index(each)), reverse=True)
        return recent_first[self.rules.limit - 1 :]

    def of(self, user):
        return [each for each in self.sessions if each.user is user and not each.has_ended]

    # Whether a session is live

    def why_not_live(self, session, now, *, last_used=None):
        """None if it is. Its row may be there nevertheless."""
        rules, user = self.rules, session.user
        last_used = session.last_used if last_used is None else last_used
        if session.has_ended:
            return NOT_FOUND
        if session.expires_at is not None and now >= session.expires_at:
            return EXPIRED
        if rules.idle is not None and now - last_used >= rules.idle:
            return EXPIRED
        if not user.is_active:
            return INACTIVE
        if session.password != user.password:
            return PASSWORD
        return None

    # Ends

    def end(self, sessions, now, *, is_told=True):
        """Every door. ``is_told`` is False where no Python code was told."""
        for session in sessions:
            if not session.has_ended:
                session.has_ended, session.ended_at, session.is_told = True, now, is_told
                if not is_told or not self.is_cache_sound:
                    session.accepted_until = now + self.rules.cache_bound

    def in_scope(self, session, scope):
        if scope == "local":
            return [session]
        return [each for each in self.of(session.user) if scope == "global" or each is not session]

    def clean_up(self, now):
        """Tokens of whatever is not live; of browsers Django judges the password."""
        gone = {TOKEN: {EXPIRED, INACTIVE, PASSWORD}, BROWSER: {EXPIRED, INACTIVE}}
        self.end([each for each in self.sessions if self.why_not_live(each, now) in gone[each.kind]], now)

    # Refresh tokens

    def verify(self, session, generation, now):
        """The refusal of a refresh token, whose session then ends; None if it is good."""
        refusal = self.why_not_live(session, now)
        if refusal is None and self._is_theft(session, generation, now):
            refusal = REUSED
        if refusal is not None:
            self.end([session], now)
        return refusal

    def refresh(self, session, generation, now):
        """Rotated, held, the same child; or the code of the refusal."""
        if refusal := self.verify(session, generation, now):
            return refusal
        if generation < session.generation:
            if now - session.last_seen >= self.rules.last_seen_interval:
                session.last_seen = now
            return SAME_CHILD
        if generation > 0 and self._is_recent(session, now):
            session.confirmed = generation
            return HELD
        session.generation += 1
        session.rotated_at = now
        return ROTATED

    def _is_theft(self, session, generation, now):
        behind = session.generation - generation
        if behind == 0:
            return False
        if behind > 1:
            return True
        if self._is_recent(session, now):
            return False
        is_seen = session.confirmed == session.generation
        return {"strict": True, "lenient": False, "confirmed": is_seen}[self.rules.policy]

    def _is_recent(self, session, now):
        return now - session.rotated_at <= self.rules.interval

    # Access tokens

    def issue(self, session, now):
        ends = [now + self.rules.access_lifetime]
        if session.expires_at is not None:
            ends.append(session.expires_at)
        return Access(
            session=session,
            generation=session.generation,
            issued_at=_whole_seconds(now),
            rotated_at=session.rotated_at,
            expires_at=_whole_seconds(min(ends)),
        )

    def is_expired(self, access, now):
        return now - self.rules.leeway >= access.expires_at

    def authenticate(self, access, now):
        """The refusal of an access token by the check of the database; None if it is good, and its use is recorded."""
        session = access.session
        if self.is_expired(access, now):
            return NOT_VALID
        if refusal := self.refusal_of_row(session, now, last_used=max(session.last_seen, min(access.rotated_at, now))):
            return refusal
        confirms_at = access.issued_at + self.rules.interval + SECOND + self.rules.leeway
        if access.generation > session.confirmed and now > confirms_at:
            session.confirmed, session.last_seen = access.generation, now
        elif now - session.last_seen >= self.rules.last_seen_interval:
            session.last_seen = now
        return None

    def refusal_of_row(self, session, now, *, last_used=None):
        refusal = self.why_not_live(session, now, last_used=last_used)
        if refusal != NOT_FOUND:
            return refusal
        if not session.user.exists:
            return NO_USER
        return NOT_FOUND if session.user.is_active else INACTIVE

    def may_be_cached(self, access, now):
        """Whether the cached check may accept what the database refuses: for a stated time."""
        session, unsaid_at = access.session, access.session.user.unsaid_at
        is_within = unsaid_at is not None and now < unsaid_at + self.rules.cache_bound
        return not self.is_expired(access, now) and (now < session.accepted_until or is_within)

    def may_refuse_by_cache(self, session, now):
        """Whether the cached check may call a session ended whose person the database would name: for a stated time."""
        return session.has_ended and session.is_told and now <= session.ended_at + 2 * self.rules.cache_bound

    # Browsers

    def use_browser(self, session, now):
        """Whether a browser is signed in. If not, its row may go."""
        if self.why_not_live(session, now) is not None:
            return False
        if now - session.last_seen >= self.rules.last_seen_interval:
            session.last_seen = now
        return True


def _whole_seconds(milliseconds):
    return milliseconds // SECOND * SECOND
