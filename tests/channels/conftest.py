import pytest

pytest.importorskip("channels", reason="needs channels")


@pytest.fixture(autouse=True)
def _in_memory(settings):
    """A project with the channel layer of one process."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def codes():
    """The codes of the disconnects that consumers saw."""
    from tests.host.consumers import Async

    Async.codes.clear()
    return Async.codes
