import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import auth_sessions.supabase.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Profile",
            fields=[
                (
                    "uuid",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        help_text="The user’s own primary key where that is a UUID.",
                        primary_key=True,
                        serialize=False,
                        verbose_name="id",
                    ),
                ),
                (
                    "user_metadata",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Written by the person’s client.",
                        verbose_name="user metadata",
                    ),
                ),
                (
                    "app_metadata",
                    models.JSONField(
                        blank=True,
                        default=auth_sessions.supabase.models.email_provider,
                        help_text="Written by the project.",
                        verbose_name="app metadata",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="supabase_profile",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "profile",
                "verbose_name_plural": "profiles",
            },
        ),
    ]
