"""How sessions end, for whom, and who may end them."""

from collections.abc import Iterator

from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.utils.module_loading import import_string
from rest_framework.authentication import BasicAuthentication
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication

from auth_sessions.audit.findings import Finding, Verdict, duty, met, not_applicable, not_met
from auth_sessions.audit.judges.common import asks_no_session, by_checks, own_classes
from auth_sessions.audit.judges.cookies import has_other_engine, is_signed_cookie
from auth_sessions.audit.judges.timeouts import ORDER, WRONG_ORDER, sessions_of_others
from auth_sessions.audit.project import Project, setting, spell
from auth_sessions.authentication import CachedSessionJWTAuthentication
from auth_sessions.checks.mounted import reached_attributes
from auth_sessions.conf import conf
from auth_sessions.pages.revocation_delay import get_revocation_delay
from auth_sessions.pages.views import DevicesView
from auth_sessions.permissions import RecentlyAuthenticated
from auth_sessions.supabase.views import LogoutView, UserView
from auth_sessions.tokens.keys import simple_jwt
from auth_sessions.views import SessionDetailView, SignOutView


def by_signature(project: Project) -> Finding | None:
    """Access tokens that are accepted although their session has ended."""
    if found := list(project.authenticates(asks_no_session)):
        lifetime = spell(simple_jwt("ACCESS_TOKEN_LIFETIME"))
        return not_met(
            f"{', '.join(found)} asks no session: a signed-out access token is accepted for up to {lifetime}.",
            "Use auth_sessions.authentication.SessionJWTAuthentication.",
        )
    delay = get_revocation_delay()
    if delay is not None and not str(simple_jwt("ALGORITHM")).startswith("HS"):
        return duty(
            "This project refuses a signed-out access token; whoever has the public key may accept it for "
            f"{spell(delay)}.",
            "See that other services ask this project, or make ACCESS_TOKEN_LIFETIME short.",
        )
    return None


def end_at_sign_out(project: Project) -> Finding:
    if project.has_cookies and not project.has_browser_sessions and is_signed_cookie():
        return not_met(
            "A copy of a signed cookie is accepted after a sign-out, until it expires.",
            "Add auth_sessions.middleware.BrowserSessionMiddleware to MIDDLEWARE.",
        )
    accepted = by_checks(project, "auth_sessions.W030") or by_checks(project, *WRONG_ORDER, change=ORDER)
    unknown = has_other_engine(project) if project.has_cookies and not project.has_browser_sessions else None
    if found := accepted or by_signature(project) or unknown:
        return found
    if project.has_sockets:
        return duty(
            "Requests are refused at once; an open WebSocket is closed where its consumer knows its session.",
            "Derive each consumer from auth_sessions.channels.consumers.SessionConsumerMixin.",
        )
    return own_classes(project) or met(_when_refused(project))


def _when_refused(project: Project) -> str:
    at_once = "A session that has ended is refused at the next request"
    if not any(issubclass(each, CachedSessionJWTAuthentication) for each in project.authentication_classes):
        return f"{at_once}."
    return f"{at_once}; where the cache has lost the sign-out, within {spell(conf.AUTH_SESSIONS_CACHE_TTL)}."


def end_with_the_user(project: Project) -> Finding:
    if found := list(project.authenticates(lambda each: issubclass(each, JWTStatelessUserAuthentication))):
        return not_met(
            f"{', '.join(found)} reads no user: whoever is switched off has access until the token expires.",
            "Use auth_sessions.authentication.SessionJWTAuthentication.",
        )
    if not simple_jwt("CHECK_USER_IS_ACTIVE") and (found := list(project.authenticates(asks_no_session))):
        return not_met(
            f"{', '.join(found)} does not ask whether somebody is active: CHECK_USER_IS_ACTIVE is off.",
            "Use auth_sessions.authentication.SessionJWTAuthentication.",
        )
    for path in setting("AUTHENTICATION_BACKENDS"):
        if not _refuses_inactive(import_string(path)):
            return duty(
                f"{path} may let inactive users in.", "See that it does not, or that whoever leaves is deleted."
            )
    outside = sessions_of_others(project) if project.first_message("auth_sessions.W030") else None
    delayed = by_signature(project)
    if delayed is not None and delayed.verdict == Verdict.DUTY:  # services elsewhere
        outside = outside or delayed
    return outside or own_classes(project) or met("Whoever is switched off or deleted is refused at the next request.")


def _refuses_inactive(backend: type) -> bool:
    """Whether a backend asks whether users are active as Django's own does; or knows no user at all."""
    if getattr(backend, "get_user", BaseBackend.get_user) is BaseBackend.get_user:
        return True
    names = ("get_user", "user_can_authenticate")
    return issubclass(backend, ModelBackend) and all(
        getattr(backend, name) is getattr(ModelBackend, name) for name in names
    )


def end_with_the_password(project: Project) -> Finding:
    if "token" not in conf.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS:
        return not_met(
            "AUTH_SESSIONS_PASSWORD_CHANGE_ENDS leaves token sessions alone.",
            "Remove the setting, or offer a sign-out of the others after each change of the password.",
        )
    return duty(
        "A new password, however it is written, ends the sessions but one that is kept expressly. The app does not see "
        "a change of another factor.",
        'If you have others, offer api.sign_out(session, "others") where somebody changes one.',
    )


def end_with_the_password_or_sign_out(project: Project) -> Finding:
    if "token" not in conf.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS:
        return end_with_the_password(project)
    return met("Refresh tokens end with a sign-out and with a new password.")


def people_end_their_sessions(project: Project) -> Finding:
    """They see them, and end each after another proof of identity."""
    if not _devices(project) and not project.mounted(SignOutView):
        return not_met("Nobody sees their sessions.", "Mount auth_sessions.pages.urls or auth_sessions.urls.")
    age, lifetime = conf.AUTH_SESSIONS_REAUTHENTICATION_AGE, conf.AUTH_SESSIONS_LIFETIME
    if age is None or (lifetime is not None and age >= lifetime):
        asked = "no proof of identity is asked for" if age is None else "no session is old enough to be asked"
        return not_met(
            f"AUTH_SESSIONS_REAUTHENTICATION_AGE is {spell(age)}: {asked}.", "Set it, to 10 minutes for example."
        )
    if unasked := list(dict.fromkeys(_ending_unasked())):
        return not_met(
            f"The pages ask for the password; {', '.join(unasked)} of the API ends other devices without.",
            "Put subclasses with RecentlyAuthenticated among permission_classes before the include.",
        )
    return met("People see their sessions, and end them after a recent proof of identity.")


def _ending_unasked() -> Iterator[str]:
    """The views of the APIs that end other devices, and ask for no proof."""
    for base in (SessionDetailView, SignOutView, LogoutView):
        for view, permissions in reached_attributes(base, "permission_classes"):
            if not _asks_for_proof(permissions):
                yield view.__name__


def _asks_for_proof(permissions: object) -> bool:
    """Whether the permission is among these, or in a combination of them."""
    if isinstance(permissions, (list, tuple)):
        return any(_asks_for_proof(each) for each in permissions)
    if isinstance(permissions, type):
        return issubclass(permissions, RecentlyAuthenticated)
    parts = (getattr(permissions, name, None) for name in ("op1_class", "op2_class"))
    is_and = getattr(getattr(permissions, "operator_class", None), "__name__", "") == "AND"
    return is_and and any(_asks_for_proof(part) for part in parts)


def _devices(project: Project) -> list[type]:
    """The views that show people their devices, and end each."""
    return [*project.mounted(DevicesView), *project.mounted(SessionDetailView)]


def people_revoke_tokens(project: Project) -> Finding:
    if _devices(project):
        return met("People see their devices, and end each.")
    return not_met("Nobody sees their devices.", "Mount auth_sessions.pages.urls or auth_sessions.urls.")


def sensitive_changes_need_proof(project: Project) -> Finding:
    demand = conf.AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD
    is_never_asked = not demand or (demand == "unless_recent" and conf.AUTH_SESSIONS_REAUTHENTICATION_AGE is None)
    if project.mounted(UserView) and is_never_asked:
        return not_met(
            "PUT user of the Supabase API takes a new password without the current one.",
            "AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD = True",
        )
    return duty(
        "The app has no view for addresses, numbers or second factors.",
        "Protect yours by RecentlyAuthenticated or recently_authenticated() (docs/step-up.md).",
    )


def proofs_renew_tokens(project: Project) -> Finding:
    return not_met(
        "A sign-in makes a new session, and a login a new key. A later proof of identity goes on with the same "
        "session: its cookie and its refresh token stay as they were.",
        "No setting. Lead people to a new sign-in instead where that matters.",
    )


def passwords_at_each_request(project: Project) -> Finding | None:
    """Who sends a password with each request has no session."""
    found = list(project.authenticates(lambda each: issubclass(each, BasicAuthentication)))
    if not found:
        return None
    return not_met(f"{', '.join(found)} takes a password with each request.", "Remove it.")


def hand_over_asks(project: Project) -> Finding:
    return duty(
        "The app's own sign-ins are requests of the person, and a hand-over from an app asks first.",
        "See that a single sign-on of yours begins no session unasked.",
    )


def no_page(project: Project) -> Finding | None:
    return None if project.mounted(DevicesView) else not_applicable("auth_sessions.pages is not mounted.")
