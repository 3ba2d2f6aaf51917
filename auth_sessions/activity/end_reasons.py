"""Why a session has ended, in one word for its client."""

from uuid import UUID

from auth_sessions.activity.choices import ActivityKind
from auth_sessions.activity.models import Activity
from auth_sessions.choices import EndReason, Scope
from auth_sessions.core.database import write_alias

WORDS: dict[str, str] = {
    EndReason.REVOKED: "revoked_by_staff",
    EndReason.LIMIT: "session_limit",
    EndReason.SIGNED_OUT: "signed_out_elsewhere",
}
"""The words that are not those of ``EndReason``: a client must understand them without the reference."""


def find_end_reason(session_id: UUID) -> str | None:
    """The word for the end of a session, in one SELECT; None if the history does not know it (any more).

    ``signed_out`` is a sign-out of this device alone (the scope ``local``), ``signed_out_elsewhere`` any other.
    """
    ends = Activity.objects.using(write_alias()).filter(session_id=session_id, kind=ActivityKind.SIGNED_OUT)
    found = ends.order_by("-pk").values_list("reason", "scope").first()
    if found is None:
        return None
    reason, scope = found
    return reason if scope == Scope.LOCAL else WORDS.get(reason, reason)
