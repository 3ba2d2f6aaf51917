from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from auth_sessions.audit.findings import Verdict
from auth_sessions.audit.formats import as_json, sarif, text
from auth_sessions.audit.project import HIGHEST_LEVEL
from auth_sessions.audit.run import REQUIREMENTS, STANDARDS, CannotJudgeError, audit
from auth_sessions.checks import check_project

FORMATS = {"text": text.render, "json": as_json.render, "sarif": sarif.render}


class Command(BaseCommand):
    """``auditauthsessions``: prints what :func:`auth_sessions.audit.run.audit` finds."""

    help = (
        "Judges this project by the requirements of OWASP ASVS 5.0, RFC 9700, RFC 8725 and NIST SP 800-63B-4 that are "
        "about sessions: met, not met, the project's duty, or not applicable. Reads settings and URLs, and asks the "
        "database once whether a session is stored that lasts too long. Run it with the settings of production."
    )
    requires_system_checks: list[str] = []  # what they find is judged

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=tuple(FORMATS), default="text", help="text by default")
        parser.add_argument(
            "--level",
            type=int,
            choices=range(1, HIGHEST_LEVEL + 1),
            default=HIGHEST_LEVEL,
            help="only requirements up to this level: of ASVS; the AAL of NIST; of an RFC 1 for MUST, 2 for SHOULD, "
            "3 for MAY",
        )
        parser.add_argument(
            "--standard",
            action="append",
            choices=tuple(STANDARDS),
            help="only this standard; may be given several times",
        )
        parser.add_argument("--fail-on", choices=("not-met",), help="exit with 1 if a requirement is not met")
        parser.add_argument(
            "--except",
            action="append",
            default=[],
            dest="excepted",
            metavar="ID",
            help="with --fail-on: a requirement that you do without; may be given several times",
        )
        parser.add_argument("--database", choices=tuple(connections), help="the database to read")

    def handle(self, *args: object, format: str, **options: Any) -> None:  # noqa: A002
        if unknown := set(options["excepted"]) - {one.id for one in REQUIREMENTS}:
            raise CommandError(f"There is no requirement {', '.join(sorted(unknown))}.", returncode=2)
        if wrong := _invalid_settings():
            raise CommandError(f"Correct the settings first: {' '.join(wrong)}", returncode=2)
        try:
            results = audit(
                level=options["level"], standards=options["standard"] or tuple(STANDARDS), using=options["database"]
            )
        except CannotJudgeError as error:
            raise _cannot_judge(error) from error
        self.stdout.write(FORMATS[format](results))
        failed = [each.requirement.id for each in results if each.finding.verdict == Verdict.NOT_MET]
        failed = [id_ for id_ in failed if id_ not in options["excepted"]]
        if failed and options["fail_on"]:
            raise CommandError(f"Not met: {', '.join(failed)}", returncode=1)


def _invalid_settings() -> list[str]:
    """What is wrong with settings whose value cannot be read. A check raises for modules that cannot be imported."""
    try:
        return [message.msg for message in check_project() if message.id == "auth_sessions.E001"]
    except Exception as error:
        raise _cannot_judge(f"{type(error).__name__}: {error}") from error


def _cannot_judge(why: object) -> CommandError:
    return CommandError(f"With these settings it cannot be judged. {why}", returncode=2)
