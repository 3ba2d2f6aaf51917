"""A browser at the admin: ask, confirm, delete, and what its pages show."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from auth_sessions.models import Session
from tests.support.host import has_admin, require

SESSIONS = "/admin/auth_sessions/session/"
USERS = "/admin/{}/{}/".format(*get_user_model()._meta.label_lower.split("."))

# Each action and the list it is offered on.
ACTIONS = {
    "revoke_selected": SESSIONS,
    "revoke_others": SESSIONS,
    "sign_out_everywhere": USERS,
}


needs_permissions = pytest.mark.skipif(
    get_user_model()._meta.label != "auth.User", reason="the user models of the tests know only is_superuser"
)


class AdminClient:
    """A member of the staff at the admin."""

    def __init__(self, user):
        require(has_admin)
        self.user = user
        self.client = Client()
        self.client.force_login(user)

    def get(self, url=SESSIONS, **query):
        return self.client.get(url, query)

    def post(self, url, **data):
        return self.client.post(url, data)

    def ask(self, action, chosen, **extra):
        """Choose rows and an action; the answer is the page that asks."""
        data = {"action": action, "_selected_action": [row.pk for row in chosen], **extra}
        return self.post(ACTIONS.get(action, SESSIONS), **data)

    def confirm(self, action, chosen, **extra):
        return self.ask(action, chosen, confirmed="yes", **extra)

    def delete_one(self, session):
        return self.post(page(session, "delete"), post="yes")

    def delete_selected(self, *sessions):
        return self.ask("delete_selected", sessions, post="yes")


def page(row, name="change"):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])


def rows(response):
    """The text of each cell of a list, by row."""
    cells = r'<t[dh] class="[^"]*field-[^"]*">(.*?)</t[dh]>'
    table = response.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [re.sub("<.*?>", "", cell) for cell in re.findall(cells, row, re.DOTALL)] for row in table.split("</tr>")[:-1]
    ]


def session_of(device):
    return Session.objects.get(pk=device.session_id)


def log_entries():
    """Who did what to which object, in order."""
    from django.contrib.admin.models import LogEntry  # where the admin is installed

    return [
        (entry.user.get_username(), entry.object_id, entry.object_repr, entry.action_flag, entry.change_message)
        for entry in LogEntry.objects.order_by("pk")
    ]
