"""What is kept: by clients, by caches, in the database."""

from auth_sessions.audit.findings import Finding, duty, met, not_met
from auth_sessions.audit.judges.common import by_checks
from auth_sessions.audit.project import Project
from auth_sessions.conf import conf


def clients_are_told_to_forget(project: Project) -> Finding:
    told = conf.AUTH_SESSIONS_CLEAR_SITE_DATA
    header = f"Browsers are told to delete {', '.join(told)}." if told else "AUTH_SESSIONS_CLEAR_SITE_DATA is empty."
    return duty(header, "Let each client delete its tokens and what it shows, also where the server does not answer.")


def answers_are_not_stored(project: Project) -> Finding:
    return duty("The app's own answers say no-store.", "Let your views say it of what they show of a person.")


def events_are_deleted(project: Project) -> Finding:
    days = conf.AUTH_SESSIONS_ACTIVITY_DAYS
    if project.is_installed("auth_sessions.activity") and days is None:
        return not_met("AUTH_SESSIONS_ACTIVITY_DAYS is None: the history is kept for ever.", "Set a number of days.")
    return duty(
        "Sessions that have ended are deleted by clearauthsessions, with what the history has to forget.",
        "Run it daily.",
    )


def goes_on_without_the_cache(project: Project) -> Finding:
    found = by_checks(project, "auth_sessions.W017", "auth_sessions.W019", "auth_sessions.E026")
    return found or met("Sessions are read from the database while the cache fails, and never accepted without.")
