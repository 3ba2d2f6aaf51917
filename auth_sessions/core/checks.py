"""What the system checks of several apps share."""

from functools import partial

from django.core import checks
from django.db import router
from django.db.models import Model

from auth_sessions.core.database import write_alias
from auth_sessions.models import Session


def check_tables(*models: type[Model], consequence: str) -> list[checks.CheckMessage]:
    """E040: the router keeps a table of an app of ours out of the database of the sessions, with which it is written.

    Not where it lets none of ours be there: they may be migrated by another alias of the same database.
    """
    alias = write_alias()
    may_migrate = partial(router.allow_migrate_model, alias)
    if all(map(may_migrate, models)) or not may_migrate(Session):
        return []
    app = models[0].__module__.removesuffix(".models")
    tables = f"table of {app} is" if len(models) == 1 else f"tables of {app} are"
    return [
        checks.Error(
            f'The {tables} not in the database of the sessions, "{alias}": {consequence}',
            hint=f'Let DATABASE_ROUTERS allow the migrations of {models[0]._meta.app_label} in "{alias}".',
            id="auth_sessions.E040",
        )
    ]
