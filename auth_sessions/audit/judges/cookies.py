"""Cookies: Django's session, its CSRF token, and what a browser may do with them."""

from collections.abc import Iterator
from datetime import timedelta
from functools import wraps

from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.utils.module_loading import import_string

from auth_sessions.audit.findings import Finding, Verdict, duty, met, not_applicable, not_met
from auth_sessions.audit.judges.common import Judge, own_classes
from auth_sessions.audit.project import Project, setting, spell
from auth_sessions.checks.mounted import gives_only_pages
from auth_sessions.conf import conf

CSRF = "django.middleware.csrf.CsrfViewMiddleware"
ENGINES = "django.contrib.sessions.backends."


def of_cookies(judge: Judge) -> Judge:
    """Not applicable without cookies. What is right of Django's cookies may be wrong of the project's own."""

    @wraps(judge)
    def judge_cookies(project: Project) -> Finding:
        unused = not_applicable("SessionMiddleware is not installed: nobody is signed in by a cookie of Django's.")
        finding = judge(project) if project.has_cookies else unused
        may_be_wrong = finding.verdict in {Verdict.MET, Verdict.NOT_APPLICABLE}
        return (own_classes(project) if may_be_wrong else None) or finding

    return judge_cookies


def _cookies(project: Project) -> Iterator[str]:
    """What the names of the settings of each cookie begin with."""
    yield "SESSION_COOKIE"
    if project.has_middleware(CSRF) and not setting("CSRF_USE_SESSIONS"):
        yield "CSRF_COOKIE"


def is_signed_cookie() -> bool:
    """Whether the cookie of Django's session holds its data."""
    return issubclass(import_string(f"{setting('SESSION_ENGINE')}.SessionStore"), SignedCookies)


@of_cookies
def are_secure(project: Project) -> Finding:
    for each in _cookies(project):
        if not setting(f"{each}_SECURE"):
            return not_met(f"{each}_SECURE is off: the cookie is sent without TLS.", f"{each}_SECURE = True")
    return met("The cookies of Django's session and of its CSRF token are sent over TLS alone.")


@of_cookies
def are_secure_by_name(project: Project) -> Finding:
    finding = are_secure(project)
    for each in _cookies(project):
        name = setting(f"{each}_NAME")
        if finding.verdict == Verdict.MET and not name.startswith(("__Host-", "__Secure-")):
            return not_met(f"{each}_NAME is {name!r}, without a prefix.", f'{each}_NAME = "__Host-{name}"')
    return finding


@of_cookies
def are_of_this_host(project: Project) -> Finding:
    for each in _cookies(project):
        name, domain, path = (setting(f"{each}_{part}") for part in ("NAME", "DOMAIN", "PATH"))
        if not name.startswith("__Host-"):
            change = f'{each}_NAME = "__Host-{name.removeprefix("__Secure-")}", unless other hosts need the cookie.'
            return not_met(f"{each}_NAME is {name!r}: another host of the domain may set it.", change)
        if domain or path != "/" or not setting(f"{each}_SECURE"):
            change = f'{each}_DOMAIN = None, {each}_PATH = "/", {each}_SECURE = True'
            return not_met(f"Browsers refuse {name!r}: __Host- needs no domain, the path / and TLS.", change)
    return met("The names begin with __Host-, and domain, path and Secure fit.")


@of_cookies
def have_no_domain(project: Project) -> Finding:
    for each in _cookies(project):
        if domain := setting(f"{each}_DOMAIN"):
            return not_met(f"{each}_DOMAIN is {domain!r}: all its hosts get the cookie.", f"{each}_DOMAIN = None")
    return met("The cookies are sent to the host that has set them, and to no other.")


@of_cookies
def are_same_site(project: Project) -> Finding:
    for each in _cookies(project):
        value = setting(f"{each}_SAMESITE")
        if str(value).lower() not in {"lax", "strict"}:
            return not_met(f"{each}_SAMESITE is {value!r}.", f'{each}_SAMESITE = "Lax"')
    return met("SameSite is Lax or Strict.")


@of_cookies
def are_hidden_from_scripts(project: Project) -> Finding:
    if not setting("SESSION_COOKIE_HTTPONLY"):
        return not_met("SESSION_COOKIE_HTTPONLY is off.", "SESSION_COOKIE_HTTPONLY = True")
    return met("No script reads the session cookie, and no answer of the app has its value elsewhere.")


def has_other_engine(project: Project) -> Finding | None:
    engine = setting("SESSION_ENGINE")
    if engine.startswith(ENGINES):
        return None
    return duty(f"SESSION_ENGINE is {engine!r}.", "See what it writes into the cookie, and how its keys are made.")


def _is_no_key(project: Project, flaw: str) -> Finding | None:
    """The finding where the session cookie is no key of an entry in a store of Django's. Signed data have this flaw."""
    if is_signed_cookie():
        return not_met(f"SESSION_ENGINE is signed_cookies: {flaw}.", f'SESSION_ENGINE = "{ENGINES}db"')
    return has_other_engine(project)


@of_cookies
def are_opaque(project: Project) -> Finding:
    found = _is_no_key(project, "the cookie holds the data, signed and readable")
    return found or met("The session cookie is a random key.")


@of_cookies
def are_short(project: Project) -> Finding:
    found = _is_no_key(project, "nothing limits how long the cookie becomes")
    return found or met("The session cookie is a key of 32 characters.")


@of_cookies
def expire_with_the_session(project: Project) -> Finding:
    if setting("SESSION_EXPIRE_AT_BROWSER_CLOSE"):
        return met("The session cookie ends with the browser.")
    age = timedelta(seconds=setting("SESSION_COOKIE_AGE"))
    lifetime = conf.AUTH_SESSIONS_LIFETIME
    if setting("SESSION_SAVE_EVERY_REQUEST") and project.has_browser_sessions and lifetime is not None:
        return duty(
            f"SESSION_SAVE_EVERY_REQUEST moves the end of the cookie: it may outlive its session by {spell(age)}.",
            "SESSION_EXPIRE_AT_BROWSER_CLOSE = True, or see that SESSION_COOKIE_AGE is short.",
        )
    if not project.has_browser_sessions or lifetime is None or age <= lifetime:
        return met(f"By the settings the session cookie ends after {spell(age)}, no later than its session.")
    return not_met(
        f"SESSION_COOKIE_AGE is {spell(age)}, and the session ends after {spell(lifetime)}.",
        f"SESSION_COOKIE_AGE = {int(lifetime.total_seconds())}",
    )


def secrets_end_with_the_browser(project: Project) -> Finding:
    if project.has_cookies and not setting("SESSION_EXPIRE_AT_BROWSER_CLOSE"):
        return not_met("The session cookie outlives the browser.", "SESSION_EXPIRE_AT_BROWSER_CLOSE = True")
    if gives_only_pages():
        return met("The session cookie ends with the browser.")
    return duty("No cookie of Django's outlives the browser. Tokens are where clients keep them.", "Ask each client.")
