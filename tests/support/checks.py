"""What ``manage.py check`` says about this app."""

from django.core.checks import run_checks
from django.test import override_settings


def messages(**settings):
    """Everything of ours that is not silenced, and nothing else."""
    with override_settings(**settings):
        return of_ours(run_checks())


def of_ours(found):
    return [message for message in found if message.id.startswith("auth_sessions.") and not message.is_silenced()]


def findings(**settings):
    """Their numbers, in order."""
    return [message.id for message in messages(**settings)]
