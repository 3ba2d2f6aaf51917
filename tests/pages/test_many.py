"""The list of a person who is signed in on very many devices: the first hundred, and all on request."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.many import multiply
from tests.support.pages import LIST, headings, text

SHOWN = 100


@pytest.fixture
def make_many(ada, office_browser):
    """So many devices in all: this browser, and the rest by app."""

    def make_many(count):
        multiply(create_session(ada, name="app"), count - 2)
        assert Session.objects.filter(user=ada).count() == count

    return make_many


def all_link(page):
    found = re.findall(r'<a href="([^"]*)">\s*([^<]*?)\s*</a>', page.content.decode())
    return [(url, label) for url, label in found if url.startswith(f"{LIST}?")]


def test_a_hundred_devices_are_all_shown(office_browser, make_many):
    make_many(SHOWN)
    page = office_browser.page(LIST)
    assert len(headings(page)) == SHOWN
    assert "on 100 devices" in text(page)
    assert all_link(page) == []


def test_of_more_the_ones_used_last_are_shown_and_all_on_request(office_browser, make_many):
    make_many(SHOWN + 5)
    page = office_browser.page(LIST)
    shown = headings(page)
    assert len(shown) == SHOWN
    assert "This device" in shown[0]
    assert "on 105 devices" in text(page)
    assert "Sign out of 104 other devices" in text(page)
    assert "The list shows the 100 devices used last." in text(page)
    [(url, label)] = all_link(page)
    assert label == "Show all 105 devices"
    everything = office_browser.page(url)
    assert len(headings(everything)) == SHOWN + 5
    assert "This device" in headings(everything)[0]
    assert all_link(everything) == []
    assert everything.content.decode().count("/name/") == SHOWN + 5
    assert everything.content.decode().count("/sign-out/") == SHOWN + 5 + 2


@pytest.mark.slow
def test_the_page_of_thousands_is_no_larger_and_costs_no_more_statements(office_browser, make_many):
    sizes, costs = [], []
    for count in (SHOWN + 1, 5000):
        make_many(count)
        office_browser.page(LIST)
        with CaptureQueriesContext(connection) as queries:
            page = office_browser.page(LIST)
        assert len(headings(page)) == SHOWN
        sizes.append(len(page.content))
        costs.append(len(queries))
        Session.objects.exclude(pk=office_browser.session_id).delete()
    assert max(sizes) < 300_000
    assert abs(sizes[0] - sizes[1]) < 2000, sizes
    assert costs[0] == costs[1]


def test_a_short_list_shows_everything_of_each_also_where_all_are_asked_for(office_browser, make_many):
    make_many(3)
    for path in (LIST, f"{LIST}?all", f"{LIST}?all=1"):
        assert office_browser.page(path).content.decode().count("<details>") == 6
