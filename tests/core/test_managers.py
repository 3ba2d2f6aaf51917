"""Which managers are known to find every row; of any other the database is asked."""

import pytest
from django.contrib.auth import get_user_model
from django.db import models

from auth_sessions.db.managers import hides_nobody
from auth_sessions.models import Session

pytestmark = pytest.mark.any_database


def manager_of(queryset=models.QuerySet, change=lambda rows: rows, **methods):
    """A manager of users, as a project may write one."""

    def get_queryset(self):
        return change(queryset(self.model, using=self._db))

    manager = type("OfTheProject", (models.Manager,), {"get_queryset": get_queryset, **methods})()
    manager.model = get_user_model()
    return manager


class Helpful(models.QuerySet):
    """Methods of its own, and what a deletion does; it reads as Django does."""

    def staff(self):
        return self.filter(is_staff=True)

    def delete(self):
        return self.update(is_active=False)


class Late(models.QuerySet):
    """Adds its condition when the rows are read."""

    def _fetch_all(self):
        self.query.add_q(models.Q(is_active=True))
        super()._fetch_all()


class Careful(models.QuerySet):
    def filter(self, *args, **kwargs):
        return super().filter(*args, is_active=True, **kwargs)


class SoftQuery(models.sql.Query):
    """As that of django-safedelete, which adds its condition when the SQL is compiled."""


class Soft(models.QuerySet):
    def __init__(self, model=None, query=None, **kwargs):
        super().__init__(model, query or SoftQuery(model), **kwargs)


class Unusual(models.QuerySet):
    """Of its own kind of query from the start."""

    @property
    def query(self):
        return models.QuerySet.query.fget(self).chain(SoftQuery)

    @query.setter
    def query(self, value):
        models.QuerySet.query.fset(self, value)


def made_by_django(queryset):
    """As ``Manager.from_queryset()`` makes it: ``get_queryset()`` is Django's."""
    manager = models.Manager.from_queryset(queryset)()
    manager.model = get_user_model()
    return manager


def hiding_instance():
    manager = made_by_django(models.QuerySet)
    manager.get_queryset = lambda: models.QuerySet(get_user_model()).filter(is_active=True)
    return manager


def test_of_the_user_models_of_django():
    assert hides_nobody(get_user_model()._default_manager)
    assert hides_nobody(get_user_model()._base_manager)


@pytest.mark.parametrize(
    "manager",
    [
        manager_of(),
        manager_of(Helpful),
        manager_of(change=lambda rows: rows.order_by("pk")),
        manager_of(change=lambda rows: rows.only("pk")),
        manager_of(change=lambda rows: rows.defer("password")),
        manager_of(change=lambda rows: rows.prefetch_related("auth_sessions")),
        manager_of(change=lambda rows: rows.select_related("supabase_profile")),
        manager_of(change=lambda rows: rows.annotate(name=models.F(get_user_model().USERNAME_FIELD))),
        manager_of(create_somebody=lambda self: None),
        made_by_django(models.QuerySet),
        made_by_django(Helpful),
    ],
)
def test_nobody(manager):
    assert hides_nobody(manager)


@pytest.mark.parametrize(
    "manager",
    [
        manager_of(Late),
        manager_of(Careful),
        manager_of(Soft),
        manager_of(Unusual),
        made_by_django(Late),
        made_by_django(Careful),
        made_by_django(Soft),
        made_by_django(Unusual),
        hiding_instance(),
        manager_of(get=lambda self, **names: None),
        manager_of(filter=lambda self, **names: None),
        manager_of(change=lambda rows: rows.filter(is_active=True)),
        manager_of(change=lambda rows: rows.exclude(is_active=False)),
        manager_of(change=lambda rows: rows.none()),
        manager_of(change=lambda rows: rows.filter(models.Exists(Session.objects.filter(user=models.OuterRef("pk"))))),
        manager_of(change=lambda rows: rows.annotate(device=models.F("auth_sessions__name"))),
        manager_of(change=lambda rows: rows.extra(where=["1 = 0"])),
        manager_of(change=lambda rows: rows[:10]),
        manager_of(change=lambda rows: rows.distinct()),
        manager_of(change=lambda rows: rows.union(rows)),
        manager_of(change=lambda rows: rows.values("pk")),
    ],
)
def test_perhaps_somebody(manager):
    assert not hides_nobody(manager)


@pytest.mark.parametrize("patched", [models.Manager, models.manager.BaseManager])
def test_a_patched_django(patched, monkeypatch):
    """As packages do that hide rows of every model."""
    manager, original = made_by_django(models.QuerySet), models.Manager.get_queryset
    monkeypatch.setattr(patched, "get_queryset", lambda self: original(self).filter(is_active=True))
    assert not hides_nobody(manager)


def test_the_rows_of_another_manager():
    manager = made_by_django(models.QuerySet)
    manager.get_queryset = made_by_django(Soft).get_queryset
    assert not hides_nobody(manager)


def test_it_is_asked_each_time():
    """A manager may hide people from one tenant, and nobody from another."""
    conditions = [models.Q(), models.Q(is_active=True)]
    manager = manager_of(change=lambda rows: rows.filter(conditions[0]))
    assert hides_nobody(manager)
    conditions.reverse()
    assert not hides_nobody(manager)
