"""System checks: every invalid setting and every other error that can be found before the first request.

There is one module for each concern and one generator for each check. Numbers are stable; the Supabase API and
what comes from simplejwt use the same sequence (``auth_sessions.supabase.checks``,
``auth_sessions.contrib.simplejwt.checks``).
"""

from django.core import checks

from auth_sessions.checks import (
    cache,
    from_simplejwt,
    installation,
    models,
    other_packages,
    second_factors,
    settings,
    signing,
)


def register() -> None:
    checks.register(check_project, checks.Tags.security)
    checks.register(check_deployment, checks.Tags.security, deploy=True)


def check_project(**kwargs: object) -> list[checks.CheckMessage]:
    """The checks of every run."""
    concerns = (settings, signing, models, cache, installation, second_factors, other_packages, from_simplejwt)
    return [message for concern in concerns for message in concern.check()]


def check_deployment(**kwargs: object) -> list[checks.CheckMessage]:
    """The checks of ``check --deploy``: what is acceptable in development, but not in production."""
    return list(cache.check_deployment())
