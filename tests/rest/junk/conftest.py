"""Whatever comes in: junk is answered 4xx in the promised shape, with a stable code, and changes nothing."""

import pytest

from auth_sessions import models
from auth_sessions.models import Session
from tests.support.device import Device


@pytest.fixture
def ada(make_user):
    """She may see and end what others have."""
    return make_user("ada", is_superuser=True)


@pytest.fixture
def nobody(db):
    return Device()


@pytest.fixture
def laptop(laptop):
    """Whatever a test sends, this session and its token are left as they were."""
    before = rows()
    yield laptop
    assert rows() >= before


def rows():
    sessions = Session.objects.values_list("pk", "name", "confirmed_generation", "last_seen_at")
    return {*sessions, *models.RefreshToken.objects.values_list("pk", "generation", "rotated_at")}
