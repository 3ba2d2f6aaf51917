"""The search of the list: by user name, e-mail address, the person's own name for the device, and address."""

from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.admin import AdminClient, rows
from tests.support.inputs import each

pytestmark = pytest.mark.usefixtures("tokens_only")

HAS_EMAIL = "email" in {field.name for field in get_user_model()._meta.get_fields()}


@pytest.fixture
def find(grace):
    """The names of the devices that a text finds."""

    def find(text, **query):
        shown = AdminClient(grace).get(q=text, **query)
        assert shown.status_code == 200
        return sorted(unescape(row[1]).split("\u2068")[1].partition("\u2069")[0] for row in rows(shown))

    return find


@pytest.fixture
def devices(ada, bob):
    create_session(ada, name="Ada's phone")
    create_session(ada, name="tablet")
    create_session(bob, name="phone of Bob")


@pytest.mark.skipif(not HAS_EMAIL, reason="the user model has no e-mail field")
def test_by_the_beginning_of_the_email_in_any_case(find, devices, ada):
    get_user_model().objects.filter(pk=ada.pk).update(email="Countess@Lovelace.example")
    for text in ("countess@lovelace.example", "COUNTESS@", "Count", '"countess@lovelace.example"'):
        assert find(text) == ["Ada's phone", "tablet"], text
    assert find("countess@lovelace.example phone") == ["Ada's phone"]
    assert find("countess@lovelace.example bob") == find("lovelace.example") == []


def test_by_the_beginning_of_the_user_name_in_any_case(find, devices, bob):
    assert find("bo") == find("BOB") == find(bob.get_username().upper()) == ["phone of Bob"]
    assert find("bob tablet") == []


def test_each_word_is_found_and_quotes_keep_words_together(find, devices):
    assert find("phone") == ["Ada's phone", "phone of Bob"]
    assert find("phone ada") == ["Ada's phone"]
    assert find('"phone of"') == find("'phone of'") == ["phone of Bob"]
    assert find('"of phone"') == []
    assert find("Ada's phone") == ["Ada's phone"]


def test_many_words_are_one_phrase(find, ada):
    create_session(ada, name="the old phone in the kitchen")
    assert find("the old phone in the kitchen") == ["the old phone in the kitchen"]
    assert find("kitchen the in phone old the") == []
    assert find("kitchen the old phone") == ["the old phone in the kitchen"]


def test_a_user_name_with_spaces(find, devices, ada):
    get_user_model().objects.filter(pk=ada.pk).update(**{ada.USERNAME_FIELD: "Ada King Countess of Lovelace"[:30]})
    assert find("ada king") == find("Ada King Countess of Lovelace") == ["Ada's phone", "tablet"]


def test_an_address_is_found_whole_or_by_its_beginning(find, ada):
    addresses = {"one": "192.0.2.7", "two": "192.0.2.77", "three": "2001:db8::7", "four": "2001:db8:0:1::7"}
    for name, address in addresses.items():
        Session.objects.filter(pk=create_session(ada, name=name).pk).update(ip_address=address)
    assert find("192.0.2.7") == ["one"]
    assert find("192.0.2.") == find("192") == ["one", "two"]
    assert find("2001:0DB8:0:0:0:0:0:7") == find("2001:db8::7") == ["three"]
    assert find("2001:DB8:") == ["four", "three"]


@each("text", ["\\", "%", "_", '"', "'", '"a', "a'b", ".", ":", "1" * 5000, "a " * 5000, "İ", "\ufeff"])
def test_any_text(find, devices, text):
    assert set(find(text)) <= {"Ada's phone"}


@each("text", ['""', "''", " ", "\u2028", '"" ""'])
def test_an_empty_text_narrows_nothing(find, devices, text):
    assert len(find(text)) == 3


def test_a_beginning_of_very_many_names_says_so_and_finds_the_name_itself(grace, make_user):
    whole = make_user("dup").get_username()
    names = [f"{whole}{number:04}" for number in range(1001)]
    get_user_model().objects.bulk_create([get_user_model()(**{grace.USERNAME_FIELD: name}) for name in names])
    users = get_user_model().objects.filter(**{f"{grace.USERNAME_FIELD}__startswith": whole})
    for user in [users.get(**{grace.USERNAME_FIELD: whole}), *users.order_by("-pk")[:1]]:
        create_session(user)
    client = AdminClient(grace)
    with CaptureQueriesContext(connection) as queries:
        shown = client.get(q=whole)
    assert "More than 1000 users match" in shown.content.decode()
    assert whole in [row[0] for row in rows(shown)]
    assert len(queries) < 12
    assert "users match" not in client.get(q=names[7]).content.decode()


def test_a_project_s_own_fields_are_searched_by_django(grace, ada, monkeypatch):
    from django.contrib.admin.sites import site

    create_session(ada, tag="web", name="tagged")
    create_session(ada, name="web")
    monkeypatch.setattr(site.get_model_admin(Session), "search_fields", ("=tag",), raising=False)
    assert [row[1] for row in rows(AdminClient(grace).get(q="web"))] == [
        "&quot;\u2068tagged\u2069&quot; (Unknown device)"
    ]
