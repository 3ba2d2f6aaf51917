"""What ``manage.py check`` says about this app."""

from django.core.checks import run_checks
from django.test import override_settings


def messages(**settings):
    """Everything of ours, and nothing else."""
    with override_settings(**settings):
        return [message for message in run_checks() if message.id.startswith("auth_sessions.")]


def findings(**settings):
    """Their numbers, in order."""
    return [message.id for message in messages(**settings)]
