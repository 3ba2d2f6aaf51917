"""Django's private API is used in ``auth_sessions/db/`` and nowhere else; ARCHITECTURE.md lists what it buys."""

import re
from pathlib import Path

import auth_sessions

PACKAGE = Path(auth_sessions.__file__).parent

PRIVATE = re.compile(
    r"""\b(
        Collector | get_candidate_relations_to_delete | _raw_delete | can_fast_delete | private_fields    # deletion
        | InsertQuery | UpdateQuery | get_compiler | klass_info | get_converters | \.query\b              # SQL
        | set_cached_value | get_cached_value | is_cached | _prefetched_objects_cache | _result_cache      # relations
        | quote_name | has_select_for_update\w* | sql_flush                                               # backends
        | _password | _cached_user | _messages | _post | _files | _wrapped | _setupfunc | MiddlewareMixin  # the rest
        | _live_receivers | _db | _for_write | _fields | _has_been_logged | log_response
    )\b|import[ ]empty""",
    re.VERBOSE,
)

EXCEPTIONS = {
    "conf.py": {"_wrapped"},
    "core/candidates.py": {"_fields"},  # as of a named tuple
    "core/browser_validation.py": {"_cached_user"},
    "supabase/views/base.py": {"log_response"},
}
"""They have nothing to do with the database."""


def test_it_stands_in_one_place():
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(("db/", "migrations/")) and (uses := set(PRIVATE.findall(path.read_text()))):
            found[name] = {use if isinstance(use, str) else use[0] for use in uses}
    assert found == EXCEPTIONS


def test_the_search_finds_it():
    assert PRIVATE.search((PACKAGE / "db" / "deletion.py").read_text())
    assert PRIVATE.search((PACKAGE / "db" / "compiled.py").read_text())
