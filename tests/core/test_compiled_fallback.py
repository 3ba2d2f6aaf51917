"""Where Django's private API has changed, the ORM does what the compiled statements did, with one warning for each."""

import sys

import pytest
from django.db.models.sql import InsertQuery, Query

from auth_sessions.core.statements import reading, scopes, writing
from auth_sessions.models import RefreshToken, Session
from tests.support.browser import Browser
from tests.support.device import Device


class ChangedCompiler:
    """Django's SQL compiler, with one thing as another Django might have it."""

    def __init__(self, compiler):
        self.compiler = compiler

    def __getattr__(self, name):
        return getattr(self.compiler, name)


class NoConverters(ChangedCompiler):
    get_converters = None


class OtherConverters(ChangedCompiler):
    def get_converters(self, expressions):
        return {0: ([lambda value: value], expressions[0])}  # called with fewer arguments


class OtherParameters(ChangedCompiler):
    def as_sql(self):
        sql, parameters = self.compiler.as_sql()
        return sql, (*parameters, True)


class OtherColumns(ChangedCompiler):
    @property
    def klass_info(self):
        return {**self.compiler.klass_info, "select_fields": [0, 1]}


class OtherSetters(ChangedCompiler):
    @property
    def klass_info(self):
        info = self.compiler.klass_info
        setters = {"local_setter": lambda *args: None, "remote_setter": lambda *args: None}
        return {**info, "related_klass_infos": [{**each, **setters} for each in info["related_klass_infos"]]}


class ManyStatements(ChangedCompiler):
    def as_sql(self):
        return [*self.compiler.as_sql(), ("", ())]


def forget_compiled():
    reading._compiled_select.cache_clear()
    writing._compiled_insert.cache_clear()
    scopes._compiled_locks.clear()
    reading._compiled_lists.clear()


@pytest.fixture
def change(monkeypatch):
    """Change what ``db.compiled`` sees of Django, and nobody else does."""

    def install(changed, query_class):
        original = query_class.get_compiler

        def get_compiler(self, *args, **options):
            compiler = original(self, *args, **options)
            is_ours = sys._getframe(1).f_globals["__name__"] == "auth_sessions.db.compiled"
            return changed(compiler) if is_ours and type(self) is query_class else compiler

        monkeypatch.setattr(query_class, "get_compiler", get_compiler)
        forget_compiled()

    yield install
    monkeypatch.undo()
    forget_compiled()


def use_everything(user):
    """Each scope of a sign-out, with all that comes before it; every answer is as ever."""
    for scope in ("global", "local", "others"):
        laptop, phone = Device().sign_in(user), Device().sign_in(user)
        office = Browser().sign_in(user)
        tab = laptop.copy()
        for device in (laptop, phone):
            assert device.me().status_code == 200
        assert [laptop.refresh().status_code, tab.refresh().status_code] == [200, 200]
        assert laptop.refresh_token == tab.refresh_token
        assert len(laptop.sessions()) == 3
        assert laptop.sign_out(scope).status_code == 204
        signed_in = {"laptop": laptop.me().status_code == 200, "phone": phone.me().status_code == 200}
        assert signed_in == {"laptop": scope == "others", "phone": scope == "local"}
        assert office.is_signed_in() == (scope == "local")
        Session.objects.all().end(reason="revoked")
        assert not RefreshToken.objects.exists()


SELECTS = [NoConverters, OtherConverters, OtherParameters, OtherColumns, OtherSetters]


@pytest.mark.slow
@pytest.mark.parametrize("changed", SELECTS)
def test_another_select(ada, caplog, change, changed):
    change(changed, Query)
    use_everything(ada)
    warnings = [record.getMessage() for record in caplog.records if "the ORM is used" in record.getMessage()]
    assert warnings
    assert all(warning.startswith("SELECT auth_sessions.Session cannot be compiled once") for warning in warnings)
    caplog.clear()
    use_everything(ada)
    assert "the ORM is used" not in caplog.text  # once for each statement


def test_another_insert(ada, caplog, change):
    change(ManyStatements, InsertQuery)
    use_everything(ada)
    warnings = [
        record.getMessage().partition(" cannot")[0] for record in caplog.records if "ORM" in record.getMessage()
    ]
    assert warnings == ["INSERT auth_sessions.Session", "INSERT auth_sessions.RefreshToken"]


def test_nothing_is_changed(ada, caplog):
    forget_compiled()
    use_everything(ada)
    assert "the ORM is used" not in caplog.text
