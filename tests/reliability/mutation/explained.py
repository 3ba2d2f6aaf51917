"""Mutants that no test can or should notice, each with the reason why."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Explained:
    module: str
    line: str
    """Of the code, without the spaces around it."""
    mutated: str
    why: str


EXPLAINED = [
    Explained(
        "core/rotation.py",
        "using = session._state.db or write_alias()",
        "using = session._state.db and write_alias()",
        "a session that is refreshed is always read from the database that is written to",
    ),
    Explained(
        "core/validity.py",
        "using = session._state.db or write_alias()",
        "using = session._state.db and write_alias()",
        "a session that is validated is always read from the database that is written to",
    ),
    Explained(
        "db/ending.py",
        'using, is_heard = event["using"], not isinstance(locked[0], EndedSession)',
        'using, is_heard = event["using"], not isinstance(locked[ -1], EndedSession)',
        "all of them are of one class",
    ),
    Explained(
        "db/ending.py",
        "for batch in batches(depended_on, size=KEYS_PER_STATEMENT // 3):  # each is named three times",
        "for batch in batches(depended_on, size=KEYS_PER_STATEMENT // 4):  # each is named three times",
        "one statement has room for them, and for a few less",
    ),
    Explained(
        "db/ending.py",
        "level += lock_rows(dependent, has_read=True, record=record)",
        "level += lock_rows(dependent, has_read=False, record=record)",
        "it matters at REPEATABLE READ of MariaDB and MySQL alone, where tests/reliability/races notices it",
    ),
    *(
        Explained(
            "db/deletion.py",
            'if connections[using].vendor == "postgresql" and collector.can_delete_in_sql(model, relations):',
            f"if {condition} and collector.can_delete_in_sql(model, relations):",
            "the collector deletes the same, in more time",
        )
        for condition in ('connections[using].vendor != "postgresql"', 'not connections[using].vendor == "postgresql"')
    ),
    *(
        Explained(
            "db/deletion.py",
            "if relation.on_delete is not DO_NOTHING and relation.related_model is not collector.without",
            f"if {condition} relation.related_model is not collector.without",
            "the key of a session to another is no cascade: the collector deletes the same, in more time",
        )
        for condition in ("relation.on_delete is DO_NOTHING and", "relation.on_delete is not DO_NOTHING or")
    ),
    Explained("db/deletion.py", "if TYPE_CHECKING:", "if not TYPE_CHECKING:", "it imports what only annotations name"),
    *(
        Explained(
            "db/row_deletion.py",
            "return 0",
            f"return {number}",
            "nobody who passes no keys asks for the number",
        )
        for number in (-1, 1)
    ),
    *(
        Explained(
            "db/row_deletion.py",
            "deleted += counts.get(model._meta.label, 0)",
            f"deleted += counts.get(model._meta.label, {number})",
            "only where somebody else has just deleted all rows of a batch",
        )
        for number in (-1, 1)
    ),
    Explained(
        "db/row_deletion.py",
        "return raw_delete_by_key(self.model, self.keys, using=using or self.db)",
        "return raw_delete_by_key(self.model, self.keys, using=using and self.db)",
        "the collector names the database that its querysets have",
    ),
    Explained(
        "db/row_deletion.py", "if TYPE_CHECKING:", "if not TYPE_CHECKING:", "it imports what only annotations name"
    ),
    Explained(
        "db/row_deletion.py",
        "holds_key = field.db_type(connection) == key.db_type(connection) and field.target_field.primary_key",
        "holds_key = field.db_type(connection) != key.db_type(connection) and field.target_field.primary_key",
        "the collector deletes the same, in more time",
    ),
    Explained(
        "db/row_deletion.py",
        "rows.keys = [getattr(each, related_fields[0].target_field.attname) for each in objs]",
        "rows.keys = [getattr(each, related_fields[ -1].target_field.attname) for each in objs]",
        "a model has one primary key",
    ),
    Explained(
        "db/ending.py",
        "return True",
        "return False",
        "what is deleted already is deleted again: nothing",
    ),
    *(
        Explained(
            "core/session_cache.py",
            "return hashlib.blake2b(repr(values).encode(), digest_size=16).hexdigest()",
            f"return hashlib.blake2b(repr(values).encode(), digest_size= {size}).hexdigest()",
            "a digest of another length tells databases apart as well",
        )
        for size in (15, 17)
    ),
    *(
        Explained(
            "core/session_cache.py",
            "@functools.lru_cache(maxsize=10_000)",
            f"@functools.lru_cache(maxsize= {size})",
            "how many digests are kept changes none of them",
        )
        for size in (9_999, 10_001)
    ),
    Explained(
        "core/session_cache.py",
        "written = zip(FIELDS, WRITTEN_AS_TEXT, values, strict=True)",
        "written = zip(FIELDS, WRITTEN_AS_TEXT, values, strict=False)",
        "the length of an entry is compared before",
    ),
    Explained(
        "core/session_cache.py",
        "values = zip(FIELDS, WRITTEN_AS_TEXT, (getattr(session, name) for name in NAMES), strict=True)",
        "values = zip(FIELDS, WRITTEN_AS_TEXT, (getattr(session, name) for name in NAMES), strict=False)",
        "all three are built from the same fields",
    ),
    Explained(
        "core/session_cache.py",
        "return [field.to_python(value) if is_text and value is not None else value "
        "for field, is_text, value in written]",
        "return [field.to_python(value) if is_text or value is not None else value "
        "for field, is_text, value in written]",
        "of the values that JSON holds, and of None, to_python() makes the same",
    ),
    *(
        Explained(
            "core/session_cache.py",
            "if cache is None or seconds <= 0 or not breaker.allows_call():",
            f"if cache is None or seconds {comparison} or not breaker.allows_call():",
            "Django's caches store nothing for 0 seconds",
        )
        for comparison in ("<= -1", "< 0")
    ),
    *(
        Explained(
            "core/session_cache.py",
            "lost = breaker.call(cache.set_many, tombstones, math.ceil(2 * ttl), may_be_slow=True, "
            "on_error=list(tombstones))",
            f"lost = breaker.call(cache.set_many, tombstones, math.ceil( {bounds} * ttl), may_be_slow=True, "
            "on_error=list(tombstones))",
            "by one clock no entry is added after one bound; the rest is for clocks that differ",
        )
        for bounds in (1, 3)
    ),
    Explained(
        "authentication/session_of_token.py",
        "except (ValueError, TypeError, InvalidValue) as error:",
        "except (ValueError, CosmicRayTestingException, InvalidValue) as error:",
        "the claim is a text, for which Django's own fields raise the other two",
    ),
    Explained(
        "authentication/session_of_token.py",
        "touch(session, confirms=token.generation if is_stored else 0)",
        "touch(session, confirms=token.generation if is_stored else -1)",
        "neither is higher than the generation that was confirmed last, which is 0 at first",
    ),
    Explained(
        "core/usage.py",
        "if is_noted and changes.items() <= as_read.items():",
        "if is_noted and changes.items() < as_read.items():",
        "what was read always has last_seen_at as well",
    ),
    Explained(
        "core/browser_validation.py",
        "return state.is_new and state.session.django_session_key == store.entry_key(request.session)",
        "return state.is_new or state.session.django_session_key == store.entry_key(request.session)",
        "a login in a second session of Django's, in the same request, gets its row at the next one",
    ),
    *(
        Explained(
            "tokens/pair.py",
            f"{name}: str = field(repr=False)",
            f"{name}: str = field(repr=True)",
            "a secret represents itself as stars",
        )
        for name in ("access", "refresh")
    ),
    *(
        Explained(
            "tokens/pair.py",
            "@dataclass(frozen=True, kw_only=True)",
            f"@dataclass({mutated})",
            "nobody changes a pair, or makes one without names",
        )
        for mutated in ("frozen=False, kw_only=True", "frozen=True, kw_only=False")
    ),
    *(
        Explained(
            "middleware.py",
            "return find_actor(request, previous=None if state is None else state.previous)",
            f"return find_actor(request, previous=None if {condition} else state.previous)",
            "tests/integration/test_log_in_as_packages.py notices it, which the command leaves out",
        )
        for condition in ("not state is None", "state is not None")
    ),
    Explained(
        "core/circuit_breaker.py",
        "self.held_until = 0.0",
        "self.held_until = -1.0",
        "either has passed",
    ),
    Explained(
        "authentication/cached.py",
        "if entry is not None and token.current_time.timestamp() < _needs_no_touch_until(",
        "if entry is not None and token.current_time.timestamp() <= _needs_no_touch_until(",
        "the cache drops the entry at that moment",
    ),
    Explained(
        "core/freshness.py",
        "@dataclass(frozen=True)",
        "@dataclass(frozen=False)",
        "nobody changes a requirement",
    ),
    Explained(
        "core/browser_validation.py",
        "if SESSION_KEY not in django_session:",
        "if not SESSION_KEY not in django_session:",
        "of a login that Django has flushed, the response ends no row that may live: a process with another key",
    ),
    Explained(
        "authentication/api_exceptions.py",
        'self.auth_header = f"{AUTH_HEADER_TYPES[0]} {quoted}"',
        'self.auth_header = f"{AUTH_HEADER_TYPES[ -1]} {quoted}"',
        "simplejwt reads the types once, when it is imported, and the tests have one",
    ),
    Explained(
        "authentication/lazy_user.py",
        "self._set_up(session.user_id, Origin(session._state.db or write_alias(), get_database_id=get_database_id))",
        "self._set_up(session.user_id, Origin(session._state.db and write_alias(), get_database_id=get_database_id))",
        "a session that authenticates is always read from the database that is written to",
    ),
    Explained(
        "tokens/keys.py",
        'canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)',
        'canonical = json.dumps(members, separators=(",", ":"), sort_keys=False)',
        "THUMBPRINT_MEMBERS has them in their order",
    ),
    *(
        Explained(
            "tokens/keys.py",
            "@lru_cache(maxsize=32)",
            f"@lru_cache(maxsize= {size})",
            "how many keys and backends are kept changes none of them",
        )
        for size in (31, 33)
    ),
]


def explanation_of(module, diff):
    """Why the mutant of this diff may survive; None if it may not."""
    removed, added = (
        [line[1:].strip() for line in diff.splitlines() if line.startswith(sign) and not line.startswith(3 * sign)]
        for sign in "-+"
    )
    for each in EXPLAINED:
        if (module, [each.line], [each.mutated]) == (each.module, removed, added):
            return each.why
    return None
