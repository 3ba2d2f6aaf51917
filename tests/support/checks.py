"""What ``manage.py check`` says about this app."""

from django.core.checks import run_checks
from django.test import override_settings


def messages(**settings):
    """Everything of ours that is not silenced, and nothing else."""
    with override_settings(**settings):
        ours = [message for message in run_checks() if message.id.startswith("auth_sessions.")]
        return [message for message in ours if not message.is_silenced()]


def findings(**settings):
    """Their numbers, in order."""
    return [message.id for message in messages(**settings)]
