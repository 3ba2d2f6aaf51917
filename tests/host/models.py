"""What a project relates to a session."""

from django.db import models

from auth_sessions.models import Session


class PushDevice(models.Model):
    """Receives notifications while its session lives: related to it by foreign key."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="push_devices")
    token = models.CharField(max_length=100)


class Draft(models.Model):
    """Remembers its session by key only: destroyed by a receiver of ``sessions_ending``."""

    session_key = models.UUIDField()
