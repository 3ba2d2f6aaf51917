import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import auth_sessions.db.uuid7


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Activity",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=auth_sessions.db.uuid7.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="id",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("signed_in", "signed in"),
                            ("new_device", "new device"),
                            ("signed_out", "signed out"),
                            ("password_changed", "password changed"),
                            ("refresh_token_reused", "refresh token reused"),
                            ("session_moved", "session moved"),
                            ("session_limit_reached", "sign-in refused by the limit"),
                        ],
                        editable=False,
                        max_length=30,
                        verbose_name="event",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="date and time"
                    ),
                ),
                (
                    "session_id",
                    models.UUIDField(
                        editable=False,
                        help_text="The key of the session; empty where there was none.",
                        null=True,
                        verbose_name="session",
                    ),
                ),
                (
                    "depends_on_id",
                    models.UUIDField(
                        editable=False,
                        help_text="The session that this one ends with: of the app, or the acting person’s own.",
                        null=True,
                        verbose_name="depends on",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("signed_out", "signed out"),
                            ("revoked", "revoked by staff"),
                            ("deleted", "deleted"),
                            ("password_changed", "password changed"),
                            ("user_inactive", "user inactive"),
                            ("user_deleted", "user deleted"),
                            ("refresh_token_reused", "refresh token reused"),
                            ("limit", "too many sessions"),
                            ("expired", "expired"),
                            ("idle", "unused for too long"),
                        ],
                        editable=False,
                        max_length=30,
                        verbose_name="reason",
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("global", "every device"),
                            ("local", "this device"),
                            ("others", "every other device"),
                        ],
                        editable=False,
                        max_length=10,
                        verbose_name="scope",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="The person’s own label for the device.",
                        max_length=100,
                        verbose_name="name",
                    ),
                ),
                ("user_agent", models.CharField(blank=True, editable=False, max_length=512, verbose_name="user agent")),
                (
                    "ip_address",
                    models.GenericIPAddressField(editable=False, null=True, unpack_ipv4=True, verbose_name="address"),
                ),
                (
                    "last_used_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="When the session was last used, before a reuse.",
                        null=True,
                        verbose_name="last used",
                    ),
                ),
                (
                    "presented_user_agent",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="Who presented a reused refresh token, or where a session has moved to.",
                        max_length=512,
                        verbose_name="user agent of the other device",
                    ),
                ),
                (
                    "presented_ip_address",
                    models.GenericIPAddressField(
                        editable=False, null=True, unpack_ipv4=True, verbose_name="address of the other device"
                    ),
                ),
                (
                    "device_key",
                    models.CharField(
                        editable=False,
                        help_text="Browser, system and type, by which devices are compared.",
                        max_length=100,
                        verbose_name="compared device",
                    ),
                ),
                (
                    "has_full_address",
                    models.BooleanField(
                        editable=False,
                        help_text="Whether an address has still to be shortened.",
                        verbose_name="full address",
                    ),
                ),
                (
                    "emailed_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="When an e-mail about it was sent, or given up.",
                        null=True,
                        verbose_name="e-mail sent",
                    ),
                ),
                (
                    "reported_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="When the person said that it was not them.",
                        null=True,
                        verbose_name="reported",
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Who did it; empty where nobody did, or where it is not known.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="acting person",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "activity",
                "verbose_name_plural": "activities",
                "indexes": [
                    models.Index(fields=["user", "-id"], name="auth_sessions_activity_user"),
                    models.Index(fields=["session_id"], name="auth_sessions_activity_session"),
                    models.Index(fields=["has_full_address", "id"], name="auth_sessions_activity_address"),
                ],
            },
        ),
    ]
