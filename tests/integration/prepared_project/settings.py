"""The host of the tests, whose statements PostgreSQL keeps prepared."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["OPTIONS"].update(server_side_binding=True, prepare_threshold=1)
