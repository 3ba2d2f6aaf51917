"""Tables of an old database, whose columns hold no character above U+FFFF.

A name and a tag are stored without emoji, and a text with emoji is found nowhere.
"""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection

from auth_sessions import api
from auth_sessions.models import Session
from tests.support.admin import AdminClient
from tests.support.device import PASSWORD, Device, code
from tests.support.single_page_app import SinglePageApp
from tests.support.supabase import SupabaseDevice, needs_email

pytestmark = [
    pytest.mark.skipif(connection.vendor != "mysql", reason="Only MariaDB and MySQL have such columns."),
    pytest.mark.usefixtures("any_transaction_mode"),
]


COLUMNS = {
    "auth_sessions_session": {"name": 100, "tag": 100, "kind": 10},
    get_user_model()._meta.db_table: {
        name: get_user_model()._meta.get_field(name).max_length
        for name in {get_user_model().USERNAME_FIELD, get_user_model().get_email_field_name()}
        & {field.name for field in get_user_model()._meta.concrete_fields}
    },
}


@pytest.fixture
def three_byte_columns(db):
    def change(charset):
        with connection.cursor() as cursor:
            for table, columns in COLUMNS.items():
                for name, length in columns.items():
                    kind = f"varchar({length}) CHARACTER SET {charset} NOT NULL"
                    cursor.execute(f"ALTER TABLE {table} MODIFY {name} {kind}")

    change("utf8mb3")
    yield
    Session.objects.all().delete()
    change("utf8mb4")


@pytest.mark.usefixtures("three_byte_columns")
@pytest.mark.parametrize("limit", [None, 3])
@pytest.mark.parametrize(("name", "stored"), [("Ada 🦀", "Ada"), ("🦀", ""), ("\U0001d49c é", "é"), ("Zoë", "Zoë")])
def test_a_name_with_emoji(ada, laptop, settings, name, stored, limit):  # noqa: PLR0917
    settings.AUTH_SESSIONS_MAX_PER_USER = limit
    device = Device().sign_in(ada, device_name=name)
    assert device.get("sessions/current/").json()["name"] == stored
    answer = laptop.patch(f"sessions/{laptop.session_id}/", {"name": name})
    assert (answer.status_code, answer.json()["name"]) == (200, stored)
    assert laptop.get("sessions/current/").json()["name"] == stored


@pytest.mark.usefixtures("three_byte_columns")
def test_a_tag_with_emoji(ada):
    assert api.sign_in_user(ada, tag="till 🦀").session.tag == "till"


@pytest.mark.usefixtures("three_byte_columns")
def test_the_tag_of_a_browser_that_signs_in_again(ada, settings):
    settings.ROOT_URLCONF = "tests.host.single_page_urls"
    page = SinglePageApp().sign_in(ada)
    Session.objects.update(tag="")
    for _ in range(2):
        assert page.ask_for_token().try_sign_in(ada, tag="till 🦀").status_code == 200
        assert Session.objects.get().tag == "till"


@pytest.mark.usefixtures("three_byte_columns")
def test_what_is_searched_for_with_emoji_is_found_nowhere(ada, grace, laptop):
    for parameters in ({"q": "🦀"}, {"q": "ada 🦀"}, {"tag": "🦀"}, {"kind__exact": "🦀"}):
        answer = AdminClient(grace).get(**parameters)
        assert answer.status_code == 200
        assert list(answer.context["cl"].result_list) == []
    with pytest.raises(CommandError, match="no user"):
        call_command("revokeauthsessions", user=["🦀"])


@pytest.mark.usefixtures("three_byte_columns")
@pytest.mark.parametrize("path", ["token/", "sign-in/"])
def test_a_user_name_with_emoji_is_that_of_nobody(ada, login_failures, path):
    answer = Device().post(path, {ada.USERNAME_FIELD: "🦀@example.org", "password": PASSWORD})
    assert code(answer) == (401, "no_active_account")
    assert len(login_failures) == 1


@needs_email
@pytest.mark.usefixtures("three_byte_columns")
def test_an_address_with_emoji_is_that_of_nobody(ada):
    assert SupabaseDevice().try_sign_in("🦀@example.org").status_code == 400
