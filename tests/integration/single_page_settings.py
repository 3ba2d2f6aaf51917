"""The example, which tells a browser that signs out to delete what the page has stored."""

from tests.integration.demo_settings import *  # noqa: F403

AUTH_SESSIONS_CLEAR_SITE_DATA = ["storage"]
