"""System checks: every wrong setting and every trap that can be seen before the first request.

One module for each concern, one small generator for each check. Numbers are stable; those of the Supabase API go on
from here (``auth_sessions.supabase.checks``).
"""

from django.core import checks

from auth_sessions.checks import cache, installation, models, settings, signing


def register() -> None:
    checks.register(check_project, checks.Tags.security)
    checks.register(check_deployment, checks.Tags.security, deploy=True)


def check_project(**kwargs: object) -> list[checks.CheckMessage]:
    return [message for concern in (settings, signing, models, cache, installation) for message in concern.check()]


def check_deployment(**kwargs: object) -> list[checks.CheckMessage]:
    """What may be so while a project is developed, but not where it is deployed."""
    return list(cache.check_deployment())
