"""The search of the list of sessions: the users are found first, then their sessions."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils.text import smart_split, unescape_string_literal

from auth_sessions.core.database import all_users
from auth_sessions.db.encoding import can_compare, find_text

MAX_PEOPLE = 1000
"""How many users one word finds. Those whose name or e-mail is the word itself are always among them."""

MAX_WORDS = 4
"""A longer text is one phrase: each word costs a look at the users."""

_PART_OF_ADDRESS = re.compile(r"\d{1,4}|(?=.*[.:])[0-9a-f.:]+", re.IGNORECASE)


def user_fields() -> list[str]:
    """The fields of the user model that are searched: ``USERNAME_FIELD``, and the e-mail field where it has one."""
    user_model: Any = get_user_model()
    names = {field.name for field in user_model._meta.get_fields()}
    email_field = user_model.get_email_field_name()
    return list(dict.fromkeys([user_model.USERNAME_FIELD, *({email_field} & names)]))


class Search:
    """Finds sessions by a text.

    Each word must be the beginning of the user name, of the user's e-mail address or of the session's address, or a
    part of the person's own name for the device. In place of the words, the whole text may be the beginning of a user
    name. Quotes keep words together.

    ``is_cut`` tells that a word was the beginning of more than :data:`MAX_PEOPLE` user names, of which only so many
    were searched.
    """

    max_people = MAX_PEOPLE

    def __init__(self, sessions: QuerySet[Any], text: str) -> None:
        self.is_cut = False
        self._sessions = sessions
        words = [word for word in map(_unquoted, smart_split(text)) if word]
        if len(words) > MAX_WORDS:
            words = [text.strip()]
        condition = Q()
        for word in words:
            condition &= self._has(word)
        if len(words) > 1:
            condition |= Q(user__in=self._people(text.strip()))
        self.condition = condition

    def _has(self, word: str) -> Q:
        condition = Q(user__in=self._people(word)) | _address_condition(word)
        if can_compare(self._sessions.filter(name=word), word):
            condition |= Q(name__gt="", name__icontains=word)  # most have no name, and this comparison is the cheaper
        return condition

    def _people(self, word: str) -> list[Any]:
        """The keys of the users. A literal list lets the database use the index of ``Session.user``."""
        people = self._read_people("istartswith", word)
        if len(people) > MAX_PEOPLE:
            self.is_cut = True
            people = [*people[:MAX_PEOPLE], *self._read_people("iexact", word)[:MAX_PEOPLE]]
        return people

    def _read_people(self, lookup: str, word: str) -> list[Any]:
        condition = Q()
        for field in user_fields():
            condition |= Q(**{f"{field}__{lookup}": word})
        users = all_users(self._sessions.db).filter(condition)
        found = users.order_by().values_list("pk", flat=True)[: MAX_PEOPLE + 1]
        return find_text(lambda: list(found), default=[])


def _unquoted(word: str) -> str:
    is_quoted = len(word) > 1 and word[0] in "\"'" and word[0] == word[-1]
    return unescape_string_literal(word) if is_quoted else word


def _address_condition(word: str) -> Q:
    """A whole address, or the beginning of one; no condition for what cannot be in an address."""
    try:
        return Q(ip_address=str(ipaddress.ip_address(word)))
    except ValueError:
        pass
    return Q(ip_address__istartswith=word) if _PART_OF_ADDRESS.fullmatch(word) else Q(pk__in=[])
