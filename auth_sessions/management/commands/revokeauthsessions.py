from argparse import ArgumentTypeError
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from auth_sessions import security_log
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.core.database import all_sessions, all_users, in_batches, keys_in_batches
from auth_sessions.core.people import find_people
from auth_sessions.core.sign_out import revoke_credentials
from auth_sessions.db.transactions import in_transaction
from auth_sessions.management.progress import ProgressBar
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet
from auth_sessions.signals import credentials_revoked

BATCH = 1000


def moment(text: str) -> datetime:
    """Parse a date or a time in ISO 8601, by default in the project's time zone."""
    try:
        found = datetime.fromisoformat(text)
        aware = timezone.make_aware(found) if timezone.is_naive(found) else found
        return aware.astimezone(UTC) if settings.USE_TZ else timezone.make_naive(aware)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text!r} is not a date or time in ISO 8601, such as 2026-11-24T12:00") from None


class Command(BaseCommand):
    """``revokeauthsessions``: ends sessions with the reason ``revoked``.

    First, of the same users and unless only browsers are meant, it sends ``credentials_revoked``: whatever else keeps
    them signed in is refused from then on, and what was exchanged for a session before is among the sessions. When it
    was issued is not known here, so it is revoked with ``--before`` as well.
    """

    help = (
        "Revokes the sessions of some or all users after a leak, with everything that references them. The reason in "
        "the signals is 'revoked'. Unless --kind is browser, receivers of credentials_revoked end what else the users "
        "have, such as tokens of another package. Access tokens whose signature alone is verified stay valid until "
        "they expire; browser logins older than the installation are revoked once importdjangosessions has listed them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        users = parser.add_mutually_exclusive_group(required=True)
        users.add_argument(
            "--user",
            action="append",
            metavar="NAME",
            help="a user name or an e-mail address; may be given several times",
        )
        users.add_argument("--all", action="store_true", help="the sessions of all users")
        parser.add_argument(
            "--except",
            action="append",
            default=[],
            dest="excepted",
            metavar="NAME",
            help="a user name or an e-mail address to exclude",
        )
        parser.add_argument("--kind", choices=SessionKind.values, help="only sessions of this kind")
        parser.add_argument("--before", type=moment, metavar="TIME", help="only sessions that started before, ISO 8601")
        parser.add_argument("--dry-run", action="store_true", help="only print the number of sessions")

    def handle(self, *args: object, **options: Any) -> None:
        chosen = None if options["all"] else [self._key(name) for name in options["user"]]
        excepted = [self._key(name) for name in options["excepted"]]
        sessions = self._sessions(chosen, excepted, kind=options["kind"], before=options["before"])
        total = sessions.count()
        if options["dry_run"]:
            self.stdout.write(f"{total} sessions would be revoked.")
            return
        if options["kind"] != SessionKind.BROWSER and credentials_revoked.has_listeners(Session):
            self._revoke_credentials(chosen, excepted)
        bar, ended = ProgressBar(self.stdout), 0
        try:
            for batch in in_batches(sessions, size=BATCH):
                ended += batch.end(reason=EndReason.REVOKED)
                if total > BATCH:
                    bar.show(ended / total, f"{ended}/{total}")
        finally:
            reason = str(EndReason.REVOKED)
            security_log.write(security_log.ADMIN_ACTION, command="revokeauthsessions", reason=reason, count=ended)
        bar.close()
        self.stdout.write(self.style.SUCCESS(f"{ended} sessions revoked."))

    def _revoke_credentials(self, chosen: list[Any] | None, excepted: list[Any]) -> None:
        users = all_users() if chosen is None else all_users().filter(pk__in=chosen)
        users = users.exclude(pk__in=excepted)
        for keys in keys_in_batches(users, size=BATCH):
            in_transaction(partial(revoke_credentials, keys, using=users.db), using=users.db)

    def _sessions(
        self, chosen: list[Any] | None, excepted: list[Any], *, kind: str | None, before: datetime | None
    ) -> SessionQuerySet:
        sessions = all_sessions()
        if chosen is not None:
            sessions = sessions.filter(Q(user_id__in=chosen) | Q(actor_id__in=chosen))
        if excepted:
            sessions = sessions.exclude(user_id__in=excepted)
        if kind:
            sessions = sessions.filter(kind=kind)
        if before:
            # The row of a login older than the installation is from its first request; when it started is not known.
            sessions = sessions.filter(Q(created_at__lt=before) | Q(authenticated_at=None, actor=None))
        return sessions

    def _key(self, name: str) -> Any:
        found = find_people(name)
        if not found:
            raise CommandError(f"There is no user {name!r}.")
        if len(found) > 1:
            names = ", ".join(sorted(str(user.get_username()) for user in found))
            raise CommandError(f"The address {name!r} is that of several users; give the user name: {names}.")
        return found[0].pk
