"""Fields of the models, whose types only mypy knows: by the plugin of django-stubs."""

import uuid
from datetime import datetime
from typing import assert_type

from auth_sessions.models import Session
from auth_sessions.supabase.models import Profile


def read(session: Session, profile: Profile) -> None:
    assert_type(session.id, uuid.UUID)
    assert_type(session.name, str)
    assert_type(session.created_at, datetime)
    assert_type(session.expires_at, datetime | None)
    assert_type(session.ip_address, str | None)
    assert_type(session.refresh_token.generation, int)
    assert_type(profile.uuid, uuid.UUID)
    assert_type(profile.user.pk, int)
