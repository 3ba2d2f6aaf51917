"""System checks of the e-mails, in one sequence of numbers with those of ``auth_sessions.checks``."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, TextField
from django.template import TemplateDoesNotExist, TemplateSyntaxError

from auth_sessions.activity.alerts import ALERTS
from auth_sessions.activity.emails import links, messages
from auth_sessions.conf import conf
from auth_sessions.paths import path_of


def register() -> None:
    checks.register(check_project, checks.Tags.security)
    checks.register(check_deployment, checks.Tags.security, deploy=True)


def check_project(**kwargs: object) -> list[checks.CheckMessage]:
    """The checks of every run."""
    return [*_addresses(), *_templates()] if conf.AUTH_SESSIONS_ACTIVITY_EMAILS else []


def check_deployment(**kwargs: object) -> list[checks.CheckMessage]:
    """The checks of ``check --deploy``."""
    return list(_links()) if conf.AUTH_SESSIONS_ACTIVITY_EMAILS else []


def _addresses() -> Iterator[checks.CheckMessage]:
    """E043: users have no e-mail address."""
    config: Any = apps.get_app_config("auth_sessions_activity")
    user_model = get_user_model()
    is_overridden = type(config).get_email.__module__ != "auth_sessions.activity.apps"
    if is_overridden or not issubclass(user_model, AbstractBaseUser):
        return  # the project knows better, or E004 reports it
    name = user_model.get_email_field_name()
    try:
        field: Any = user_model._meta.get_field(name)
    except FieldDoesNotExist:
        field = None
    if not isinstance(field, (CharField, TextField)):
        yield checks.Error(
            f"AUTH_SESSIONS_ACTIVITY_EMAILS: {settings.AUTH_USER_MODEL}.{name} must be a text field, to which e-mails "
            "are sent.",
            hint="Set EMAIL_FIELD of the user model, or override get_email() in a subclass of ActivityConfig.",
            id="auth_sessions.E043",
        )


def _templates() -> Iterator[checks.CheckMessage]:
    """E059: e-mails cannot be written."""
    wanted = conf.AUTH_SESSIONS_ACTIVITY_EMAILS
    kinds = [kind for kind in ALERTS if kind in wanted] if isinstance(wanted, (list, tuple)) else []  # else E001
    for kind, part in product(kinds, messages.PARTS):
        try:
            messages.find_template(kind, part)
        except (TemplateDoesNotExist, TemplateSyntaxError) as error:
            yield checks.Error(
                f"AUTH_SESSIONS_ACTIVITY_EMAILS: none about {kind} can be written: {type(error).__name__}: {error}",
                hint='Let TEMPLATES have an engine with "APP_DIRS": True, or a loader that finds templates of apps.',
                id="auth_sessions.E059",
            )
            return


def _links() -> Iterator[checks.CheckMessage]:
    """W043: e-mails lead nowhere."""
    if conf.AUTH_SESSIONS_ACTIVITY_URL is not None:
        return
    if not path_of(links.PAGE, links.EXAMPLE_ID):
        problem = "no page of the project's shows what happened"
    elif apps.is_installed("django.contrib.sites") or not links.trusts_any_host():
        return
    else:
        problem = 'ALLOWED_HOSTS contains "*", so that whoever causes an e-mail would decide where it leads'
    yield checks.Warning(
        f"AUTH_SESSIONS_ACTIVITY_EMAILS: the e-mails have no link, because {problem}.",
        hint="Set AUTH_SESSIONS_ACTIVITY_URL.",
        id="auth_sessions.W043",
    )
