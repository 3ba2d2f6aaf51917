import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import auth_sessions.supabase.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Profile",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="supabase_profile",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "uuid",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        help_text="The user's own primary key where that is a UUID.",
                        unique=True,
                        verbose_name="id",
                    ),
                ),
                (
                    "user_metadata",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Written by the person's client.",
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
            ],
            options={
                "verbose_name": "profile",
                "verbose_name_plural": "profiles",
            },
        ),
    ]
