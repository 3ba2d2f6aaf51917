"""TLS, headers, proxies, and requests that another site forges."""

from collections.abc import Iterator, Mapping
from functools import wraps
from typing import Any

from django.core.checks.security.base import REFERRER_POLICY_VALUES
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from auth_sessions.audit.findings import Finding, duty, met, not_met
from auth_sessions.audit.judges.common import Judge
from auth_sessions.audit.judges.cookies import CSRF, of_cookies
from auth_sessions.audit.project import Project, is_known, setting
from auth_sessions.checks.mounted import mounted_attributes, mounted_callbacks
from auth_sessions.conf import conf

FRAMES = "django.middleware.clickjacking.XFrameOptionsMiddleware"
SECURITY = "django.middleware.security.SecurityMiddleware"
LEAKING = ("unsafe-url", "no-referrer-when-downgrade")
"""Policies that give whole addresses to other sites. Of several a browser takes the last that it knows."""

ANYBODY = {"*", "http:", "https:"}
"""What any site is by frame-ancestors."""

OF_REMOTE_USER = "django.contrib.auth.middleware.RemoteUserMiddleware"

ELSEWHERE = ", or let the server in front do it"
YEAR = 365 * 24 * 3600
CSP = {
    "django.middleware.csp.ContentSecurityPolicyMiddleware": "SECURE_CSP",
    "csp.middleware.CSPMiddleware": "CONTENT_SECURITY_POLICY",
}
"""The middleware that sends a Content-Security-Policy, and the setting of its directives."""


def _unless_sent(judge: Judge) -> Judge:
    """What SecurityMiddleware does, where it is installed."""

    @wraps(judge)
    def judge_sent(project: Project) -> Finding:
        if not project.has_middleware(SECURITY):
            return not_met("SecurityMiddleware is not installed.", f"Add {SECURITY}{ELSEWHERE}.")
        return judge(project)

    return judge_sent


@_unless_sent
def hsts(project: Project) -> Finding:
    if (seconds := setting("SECURE_HSTS_SECONDS")) < YEAR:
        change = f"SECURE_HSTS_SECONDS = {YEAR}{ELSEWHERE}."
        return not_met(f"SECURE_HSTS_SECONDS is {seconds}, less than a year.", change)
    if setting("SECURE_HSTS_INCLUDE_SUBDOMAINS"):
        return met("Browsers are told to use TLS alone, for a year and for subdomains.")
    if project.level > 1:
        return not_met("Subdomains are left out, which level 2 asks for.", "SECURE_HSTS_INCLUDE_SUBDOMAINS = True")
    return met("Browsers are told to use TLS alone, for a year. Level 2 asks for subdomains as well.")


@_unless_sent
def no_way_back_to_http(project: Project) -> Finding:
    if not setting("SECURE_SSL_REDIRECT"):
        return not_met("Requests without TLS are answered.", f"SECURE_SSL_REDIRECT = True{ELSEWHERE}.")
    if setting("SECURE_REDIRECT_EXEMPT"):
        return duty(
            "Requests without TLS are redirected, but for the addresses in SECURE_REDIRECT_EXEMPT.",
            "See that none of these is for somebody who is signed in.",
        )
    return met("Requests without TLS are redirected.")


def tls_everywhere(project: Project) -> Finding:
    return duty("Nobody sees here where TLS ends.", "Use TLS between the proxy and the application as well.")


@_unless_sent
def content_types_are_kept(project: Project) -> Finding:
    if not setting("SECURE_CONTENT_TYPE_NOSNIFF"):
        return not_met("SECURE_CONTENT_TYPE_NOSNIFF is off.", f"SECURE_CONTENT_TYPE_NOSNIFF = True{ELSEWHERE}.")
    return met("SecurityMiddleware sends nosniff.")


@_unless_sent
def referrers_are_kept(project: Project) -> Finding:
    policy = setting("SECURE_REFERRER_POLICY")
    named = [each.strip() for each in (policy.split(",") if isinstance(policy, str) else policy or ())]
    if not named or not REFERRER_POLICY_VALUES.issuperset(named) or named[-1] in LEAKING:
        return not_met(f"SECURE_REFERRER_POLICY is {policy!r}.", f'SECURE_REFERRER_POLICY = "same-origin"{ELSEWHERE}.')
    return met("SecurityMiddleware sends a Referrer-Policy.")


def _has_frame_ancestors(project: Project) -> bool:
    policies = [setting(name) or {} for path, name in CSP.items() if project.has_middleware(path)]
    return any(_keeps_others_out(policy.get("DIRECTIVES", policy) or {}) for policy in policies)


def _keeps_others_out(directives: Mapping[str, Any]) -> bool:
    """Whether frame-ancestors is sent, and names less than any site. None and False are not sent."""
    value = directives.get("frame-ancestors")
    if value is None or value is False:
        return False
    return ANYBODY.isdisjoint(value.split() if isinstance(value, str) else map(str, value))


def no_frames(project: Project) -> Finding:
    if _has_frame_ancestors(project):
        return met("The Content-Security-Policy has frame-ancestors.")
    return not_met(
        "No frame-ancestors. The app's own pages send X-Frame-Options, on which ASVS does not rely.",
        f"Send a Content-Security-Policy with frame-ancestors, by Django 6 or django-csp{ELSEWHERE}.",
    )


def origins_are_listed(project: Project) -> Finding:
    if not project.is_installed("corsheaders"):
        return duty("django-cors-headers is not installed.", "See what sends Access-Control-Allow-Origin, if anything.")
    if setting("CORS_ALLOW_ALL_ORIGINS") or setting("CORS_ORIGIN_ALLOW_ALL"):
        return not_met("CORS_ALLOW_ALL_ORIGINS is on.", "List the sites in CORS_ALLOWED_ORIGINS.")
    if "null" in (setting("CORS_ALLOWED_ORIGINS") or setting("CORS_ORIGIN_WHITELIST") or ()):
        return not_met("CORS_ALLOWED_ORIGINS has 'null', which any site can be in a frame.", "Remove it.")
    if setting("CORS_ALLOWED_ORIGIN_REGEXES") or setting("CORS_ORIGIN_REGEX_WHITELIST"):
        return duty("CORS_ALLOWED_ORIGIN_REGEXES is set.", "See that each expression ends with $, and escapes dots.")
    return met("Other sites are those of CORS_ALLOWED_ORIGINS.")


@of_cookies
def forged_requests_are_refused(project: Project) -> Finding:
    if not project.has_middleware(CSRF):
        return not_met("CsrfViewMiddleware is not installed: the app's views alone ask for the token.", f"Add {CSRF}.")
    if own := [each.__name__ for each in project.middleware(CSRF) if not is_known(each)]:
        return duty(
            f"{', '.join(own)} stands in the place of Django's CsrfViewMiddleware.",
            "See that it asks where Django's does.",
        )
    if exempt := list(_exempt_views()):
        return duty(
            f"Without CSRF protection: {', '.join(exempt)}.",
            "See that none of these does anything for who is signed in by a cookie.",
        )
    return met("What is signed in by a cookie asks for the CSRF token, the REST API as well.")


def _exempt_views() -> Iterator[str]:
    """Where views are exempt. Those of Django REST framework are, and ask for the token where they read the cookie."""
    for route, callback in mounted_callbacks():
        if getattr(callback, "csrf_exempt", False) and not hasattr(callback, "cls"):
            yield route


def proxies_are_counted(project: Project) -> Finding:
    number = conf.AUTH_SESSIONS_TRUSTED_PROXIES
    believed = [
        name for name in ("USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT", "SECURE_PROXY_SSL_HEADER") if setting(name)
    ]
    believed += list(_other_headers(project))
    if number or believed:
        named = ", ".join([*believed, *(["AUTH_SESSIONS_TRUSTED_PROXIES"] if number else [])])
        return duty(
            f"Headers of proxies are believed: {named}.",
            "See that the proxies overwrite these headers, and that nobody gets past them (docs/reverse-proxy.md).",
        )
    return met("No header of a proxy is believed.")


def _other_headers(project: Project) -> Iterator[str]:
    """Headers that Django REST framework believes, or a middleware like that of REMOTE_USER."""
    number, throttles = api_settings.NUM_PROXIES, [*(api_settings.DEFAULT_THROTTLE_CLASSES or ())]
    for _, _, classes in mounted_attributes("throttle_classes"):
        throttles += classes or ()
    by_address = any(isinstance(each, type) and issubclass(each, BaseThrottle) for each in throttles)
    if number or (number is None and by_address):
        yield f"NUM_PROXIES of Django REST framework ({number})"
    for middleware in project.middleware(OF_REMOTE_USER):
        if (header := str(getattr(middleware, "header", ""))).startswith("HTTP_"):
            yield f"{header} ({middleware.__name__})"


def reading_changes_nothing(project: Project) -> Finding:
    return duty("The app's own views change nothing by a GET.", "See that yours do not, either.")


def frames_are_refused(project: Project) -> Finding:
    if not project.has_middleware(FRAMES):
        return duty(
            "The app's own pages refuse frames; your sign-in page does not: XFrameOptionsMiddleware is not installed.",
            "Add it to MIDDLEWARE.",
        )
    if str(value := setting("X_FRAME_OPTIONS")).upper() not in {"DENY", "SAMEORIGIN"}:
        return duty(
            f"The app's own pages refuse frames; your sign-in page does not: X_FRAME_OPTIONS is {value!r}.",
            'X_FRAME_OPTIONS = "DENY"',
        )
    return met("XFrameOptionsMiddleware is installed, and the app's own pages refuse frames in any case.")
