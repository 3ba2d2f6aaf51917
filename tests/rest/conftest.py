import pytest

from auth_sessions import signals
from auth_sessions.models import Session


@pytest.fixture
def end_signals():
    """What the signals of ending carry, in order."""
    events = []

    def ending(**event):
        assert Session.objects.filter(pk__in=[session.pk for session in event["sessions"]]).exists()
        events.append(("ending", event))

    def ended(**event):
        assert not Session.objects.filter(pk__in=[session.pk for session in event["sessions"]]).exists()
        events.append(("ended", event))

    signals.sessions_ending.connect(ending)
    signals.sessions_ended.connect(ended)
    yield events
    signals.sessions_ending.disconnect(ending)
    signals.sessions_ended.disconnect(ended)
