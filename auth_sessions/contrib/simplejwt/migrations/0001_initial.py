import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExchangedToken",
            fields=[
                (
                    "digest",
                    models.CharField(
                        editable=False, max_length=64, primary_key=True, serialize=False, verbose_name="digest"
                    ),
                ),
                (
                    "session_id",
                    models.UUIDField(
                        editable=False,
                        help_text="The session it was exchanged for; empty if it was signed out before.",
                        null=True,
                        verbose_name="session",
                    ),
                ),
                ("expires_at", models.DateTimeField(db_index=True, editable=False, verbose_name="expires")),
            ],
            options={
                "verbose_name": "exchanged token",
                "verbose_name_plural": "exchanged tokens",
            },
        ),
        migrations.CreateModel(
            name="RefusedTokens",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                ("issued_until", models.DateTimeField(editable=False, verbose_name="issued until")),
            ],
            options={
                "verbose_name": "refused tokens",
                "verbose_name_plural": "refused tokens",
            },
        ),
    ]
