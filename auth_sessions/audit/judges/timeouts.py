"""When sessions end: absolutely, and unused."""

from datetime import timedelta
from importlib import import_module

from auth_sessions.audit.findings import Finding, duty, met, not_met
from auth_sessions.audit.judges.common import Judge, asks_no_session, by_checks, other_tokens, own_classes
from auth_sessions.audit.project import Project, spell
from auth_sessions.conf import conf
from auth_sessions.moments import LONGEST
from auth_sessions.pages.revocation_delay import get_longest_acceptance, get_revocation_delay
from auth_sessions.presets import PRESETS

SIMPLE_JWT = "auth_sessions.contrib.simplejwt"

WRONG_ORDER = ("auth_sessions.E014", "auth_sessions.W021")
ORDER = "Correct MIDDLEWARE."
"""The checks of the place of BrowserSessionMiddleware, and what to change where they have no hint."""


def sessions_of_others(project: Project) -> Finding | None:
    """What signs people in, and does not end by the settings of this app."""
    if found := other_tokens(project, "tokens that never expire"):
        return found
    if project.has_cookies and not project.has_browser_sessions:
        return not_met(
            "Logins by Django's cookie, such as the admin's, do not end by the settings of this app.",
            "Add auth_sessions.middleware.BrowserSessionMiddleware to MIDDLEWARE.",
        )
    if found := by_checks(project, *WRONG_ORDER, change=ORDER):
        return found
    return _old_tokens(project) or own_classes(project)


def _old_tokens(project: Project) -> Finding | None:
    if not project.is_installed(SIMPLE_JWT) or import_module(f"{SIMPLE_JWT}.old_tokens").is_over():
        return None
    return duty(
        "Tokens of simplejwt's are accepted: how long ago those people have proved their identity is not known.",
        "Set AUTH_SESSIONS_SIMPLEJWT_UNTIL to a moment that comes soon.",
    )


def _longer_than(project: Project, longest: timedelta, change: str) -> Finding | None:
    """What ends too late although the setting is right."""
    if conf.AUTH_SESSIONS_PRESET is None:
        return duty(
            f"AUTH_SESSIONS_LIFETIME is {spell(conf.AUTH_SESSIONS_LIFETIME)}; a sign-in of your own may ask for more "
            "(lifetime, get_lifetime()).",
            f"{change}, which no sign-in exceeds; or see that none asks for more.",
        )
    if project.longest_session is None:
        return duty(
            "No sign-in exceeds the preset. Whether a session is stored that began under a longer setting could not be "
            "read.",
            "Run the command where the database is.",
        )
    if project.longest_session > longest:
        return not_met(
            "No sign-in exceeds the preset, but sessions are stored that began under a longer setting.",
            "End them: revokeauthsessions --all",
        )
    return None


def overall(level: str) -> Judge:
    """The absolute end, at a level of NIST SP 800-63B-4."""
    limit = PRESETS[level]["AUTH_SESSIONS_LIFETIME"]
    change = f'AUTH_SESSIONS_PRESET = "{level}"'

    def judge(project: Project) -> Finding:
        lifetime = conf.AUTH_SESSIONS_LIFETIME
        if lifetime is None or lifetime > limit:
            return not_met(f"AUTH_SESSIONS_LIFETIME is {spell(lifetime)}; the limit is {spell(limit)}.", change)
        found = sessions_of_others(project) or _longer_than(project, limit, change)
        return found or met(f"Every session ends {spell(lifetime)} after its sign-in at the latest.")

    return judge


def has_overall(project: Project) -> Finding:
    """An absolute end of any length."""
    lifetime, change = conf.AUTH_SESSIONS_LIFETIME, "Set AUTH_SESSIONS_PRESET"
    if lifetime is None:
        return not_met("AUTH_SESSIONS_LIFETIME is None: a session that is used never ends.", change)
    found = sessions_of_others(project) or _longer_than(project, LONGEST, change)
    return found or met(f"Every session ends {spell(lifetime)} after its sign-in at the latest.")


def inactivity(level: str) -> Judge:
    """The end of an unused session, at a level of NIST SP 800-63B-4."""
    limit = PRESETS[level]["AUTH_SESSIONS_IDLE_TIMEOUT"]

    def judge(project: Project) -> Finding:
        timeout = conf.AUTH_SESSIONS_IDLE_TIMEOUT
        if timeout is None or timeout > limit:
            return not_met(
                f"AUTH_SESSIONS_IDLE_TIMEOUT is {spell(timeout)}; the limit is {spell(limit)}.",
                f'AUTH_SESSIONS_PRESET = "{level}"',
            )
        found = _unused_for_longer(project, limit) or sessions_of_others(project)
        return found or met(f"A session that is not used for {spell(timeout)} has ended.")

    return judge


def _unused_for_longer(project: Project, limit: timedelta) -> Finding | None:
    """Access tokens that are accepted for longer than this without anybody asking their session."""
    asked_nowhere = list(project.authenticates(asks_no_session))
    delay = get_longest_acceptance() if asked_nowhere else get_revocation_delay()
    if delay is None or delay <= limit:
        return None
    who = ", ".join(asked_nowhere) or "Who verifies the signature alone"
    return not_met(
        f"{who} accepts an access token for {spell(delay)}, used or not.",
        f'SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"], with LEEWAY, of {spell(limit)} at most.',
    )


def has_inactivity(project: Project) -> Finding:
    timeout = conf.AUTH_SESSIONS_IDLE_TIMEOUT
    found = None if timeout is None else _unused_for_longer(project, timeout)
    return found or refresh_tokens_have_inactivity(project)


def refresh_tokens_have_inactivity(project: Project) -> Finding:
    timeout = conf.AUTH_SESSIONS_IDLE_TIMEOUT
    if timeout is None:
        return not_met("AUTH_SESSIONS_IDLE_TIMEOUT is None: an unused session does not end.", "Set it.")
    return sessions_of_others(project) or met(f"A session that is not used for {spell(timeout)} has ended.")


def are_documented(project: Project) -> Finding:
    lifetime, timeout = spell(conf.AUTH_SESSIONS_LIFETIME), spell(conf.AUTH_SESSIONS_IDLE_TIMEOUT)
    return duty(
        f"Here they are {lifetime} (absolute) and {timeout} (unused).",
        "Write down why, and where they deviate from NIST SP 800-63B; of Django's sessions as well, where the app does "
        "not know them.",
    )


def limit_is_documented(project: Project) -> Finding:
    number, policy = conf.AUTH_SESSIONS_MAX_PER_USER, conf.AUTH_SESSIONS_LIMIT_POLICY
    limit = "no limit" if number is None else f"{number} for each {conf.AUTH_SESSIONS_LIMIT_BY}, then {policy!r}"
    return duty(f"Here there is {limit}.", "Write down how many sessions a person may have, and what happens then.")
