from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from auth_sessions import security_log
from auth_sessions.core.stored_logins import entry_model, import_logins
from auth_sessions.management.progress import ProgressBar


class Command(BaseCommand):
    """``importdjangosessions``: runs :func:`auth_sessions.core.stored_logins.import_logins`."""

    help = (
        "Adds the logins in the table of Django's sessions (also that of django-user-sessions) to the list. Run it "
        "once, after the installation: without it they join at their next request, and a sign-out does not reach them "
        "before. It may be stopped and repeated."
    )

    def handle(self, *args: object, **options: Any) -> None:
        model = entry_model()
        if model is None:
            raise CommandError(f"{settings.SESSION_ENGINE} has no table. Logins join the list at their next request.")
        total = model._default_manager.count()
        bar, read, created = ProgressBar(self.stdout), 0, 0
        for batch_read, batch_created in import_logins():
            read, created = read + batch_read, created + batch_created
            bar.show(read / max(total, 1), f"{read} read, {created} imported")
        bar.close()
        security_log.write(security_log.ADMIN_ACTION, command="importdjangosessions", count=created)
        self.stdout.write(self.style.SUCCESS(f"{created} logins imported."))
