"""What ``check`` says of users whom the Supabase API cannot sign in, and of the API without its app."""

import logging
from importlib import import_module

import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import include, path

from auth_sessions.supabase.urls import urlpatterns as of_the_api
from auth_sessions.supabase.views import TokenView, UserView
from tests.support.checks import findings, of_ours
from tests.support.device import PASSWORD
from tests.support.supabase import (
    CREDENTIALS,
    EMAIL,
    SupabaseDevice,
    add_user,
    emails_are_usernames,
    needs_email,
    refusal,
)

pytestmark = pytest.mark.any_database

SHARED = "auth_sessions.W025"
NOT_INSTALLED = "auth_sessions.E025"


def of_the_data(*databases):
    return of_ours(run_checks(databases=databases))


@needs_email
class TestSharedAddresses:
    """W025: an address that several users have signs in none of them."""

    @pytest.fixture
    def share(self, make_user, django_user_model):
        """Users with these addresses."""

        def make(*addresses):
            users = [add_user(make_user, f"user{number}") for number, _ in enumerate(addresses)]
            field = django_user_model.get_email_field_name()
            for user, address in zip(users, addresses, strict=True):
                django_user_model.objects.filter(pk=user.pk).update(**{field: address})
            return users

        return make

    @pytest.mark.parametrize(
        "addresses",
        [
            ["ada@example.org", "Ada@example.org"],
            ["ada@example.org", "ADA@EXAMPLE.ORG", "bob@example.org"],
            ["zo\u00eb@example.org", "zoe\u0308@example.org"],
            ["ZO\u00cb@example.org", "zoe\u0308@example.org"],
        ],
    )
    def test_shared(self, share, addresses):
        users = share(*addresses)
        [message] = of_the_data("default")
        assert message.id == SHARED
        assert all(str(user.pk) in message.msg for user in users[:2])
        assert "example.org" not in f"{message.msg} {message.hint}".lower()

    @pytest.mark.skipif(emails_are_usernames(), reason="an address is unique, byte by byte")
    def test_the_same_bytes(self, share):
        share(EMAIL, EMAIL)
        assert [message.id for message in of_the_data("default")] == [SHARED]

    @pytest.mark.parametrize(
        "addresses",
        [
            [],
            ["ada@example.org", "bob@example.org"],
            ["rené@example.org", "rene@example.org"],  # the same for a database that compares without accents
            ["straße@example.org", "strasse@example.org"],
        ],
    )
    def test_not_shared(self, share, addresses):
        share(*addresses)
        assert of_the_data("default") == []

    @pytest.mark.skipif(emails_are_usernames(), reason="nobody is without an address")
    def test_no_address_is_not_shared(self, share):
        share("", "", "")
        assert of_the_data("default") == []

    def test_the_one_shared_address_behind_many_that_are_not(self, share):
        pairs = [
            address for letter in "áéíóú" for address in (f"{letter}@x.org", f"{'aeiou'['áéíóú'.index(letter)]}@x.org")
        ]
        share(*pairs, EMAIL, EMAIL.upper())
        assert [message.id for message in of_the_data("default")] == [SHARED]

    def test_it_reads_the_database_only_when_asked_to(self, share):
        share(EMAIL, EMAIL.upper())
        with CaptureQueriesContext(connection) as queries:
            assert findings() == []
        assert not [query for query in queries if get_user_model()._meta.db_table in query["sql"]]
        with pytest.raises(SystemCheckError, match=SHARED):
            call_command("check", databases=["default"], fail_level="WARNING")

    def test_it_costs_one_statement_where_all_is_well(self, share):
        share("ada@example.org", "bob@example.org")
        with CaptureQueriesContext(connection) as queries:
            assert of_the_data("default") == []
        assert len([query for query in queries if get_user_model()._meta.db_table in query["sql"]]) == 1

    def test_before_the_first_migration(self, transactional_db, monkeypatch):
        """``migrate`` runs the checks first: there may be no table yet, or not all of its columns."""
        monkeypatch.setattr(get_user_model()._meta, "db_table", "not_there_yet")
        assert of_the_data("default") == []

    def test_the_refused_sign_in_is_logged(self, share, caplog):
        users = share(EMAIL, EMAIL.upper())
        with caplog.at_level(logging.WARNING, "auth_sessions"):
            assert refusal(SupabaseDevice().try_sign_in()) == CREDENTIALS
        [record] = [record for record in caplog.records if record.name == "auth_sessions"]
        assert all(str(user.pk) in record.getMessage() for user in users)
        assert EMAIL not in record.getMessage().lower()
        assert PASSWORD not in record.getMessage()

    def test_another_refusal_is_not(self, share, caplog):
        share(EMAIL)
        with caplog.at_level(logging.WARNING, "auth_sessions"):
            assert refusal(SupabaseDevice().try_sign_in(password="wrong")) == CREDENTIALS
            assert refusal(SupabaseDevice().try_sign_in("nobody@example.org")) == CREDENTIALS
        assert [record for record in caplog.records if record.name == "auth_sessions"] == []


class OwnUserView(UserView):
    pass


inner = ([path("v1/", include("auth_sessions.supabase.urls"))], "project")


@needs_email
@pytest.mark.django_db
class TestNotInstalled:
    """E025: the API is mounted, and has no table."""

    @pytest.fixture(autouse=True)
    def _without_the_app(self, settings):
        import_module("tests.urls")  # which looks at the installed apps once
        settings.INSTALLED_APPS = [name for name in project.INSTALLED_APPS if name != "auth_sessions.supabase"]

    def found(self, *patterns):
        return findings(ROOT_URLCONF=type("urlconf", (), {"urlpatterns": list(patterns)}))

    def test_mounted_as_the_docs_say(self):
        assert findings() == [NOT_INSTALLED]

    @pytest.mark.parametrize(
        "pattern",
        [
            path("", include("auth_sessions.supabase.urls")),
            path("auth/", include(inner)),
            path("<slug:tenant>/auth/v1/", include(of_the_api)),
            path("auth/v1/token", TokenView.as_view()),
            path("auth/v1/user", OwnUserView.as_view()),
        ],
        ids=str,
    )
    def test_mounted_in_any_way(self, pattern):
        assert self.found(pattern) == [NOT_INSTALLED]

    def test_not_mounted(self):
        assert self.found(path("api/auth/", include("auth_sessions.urls"))) == []

    def test_users_are_deleted_all_the_same(self, make_user):
        """The table that is not there belongs to no installed app."""
        make_user("ada").delete()


@needs_email
def test_a_configuration_of_the_project_is_the_app(ada, settings):
    settings.INSTALLED_APPS = [
        "tests.host.configs.OwnSupabaseConfig" if name == "auth_sessions.supabase" else name
        for name in project.INSTALLED_APPS
    ]
    assert findings() == []
    assert SupabaseDevice().sign_in().user().json()["app_metadata"]["plan"] == "free"
