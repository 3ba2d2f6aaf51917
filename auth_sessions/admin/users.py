"""An inline and an action that a project may add to its user admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from auth_sessions.admin.actions import revoke
from auth_sessions.admin.change_list import MAX_LISTED
from auth_sessions.admin.columns import SessionColumns
from auth_sessions.core.database import write_alias
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet

MAX_IN_INLINE = 10
"""How many sessions the page of a user shows; the list of sessions shows all."""

if TYPE_CHECKING:
    FormSet = BaseInlineFormSet[Session, Any, Any]
    TabularInline = admin.TabularInline[Session, Any]
else:
    FormSet = BaseInlineFormSet
    TabularInline = admin.TabularInline


@admin.action(description=_("Sign out everywhere"))
def sign_out_everywhere(
    modeladmin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """End every session of the selected users: an action for ``UserAdmin.actions``.

    Needs the permission ``auth_sessions.delete_session``.
    """
    if not request.user.has_perm("auth_sessions.delete_session"):
        raise PermissionDenied
    users = queryset.values("pk")
    sessions = Session.objects.filter(Q(user__in=users) | Q(actor__in=users))
    return revoke(modeladmin, request, queryset, sessions=sessions, action=sign_out_everywhere)


class ShownSessions(FormSet):
    """The sessions used last. Submitted data is not read: they may have ended since the page was shown."""

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def get_queryset(self) -> QuerySet[Session]:
        return self._listed

    @cached_property
    def _listed(self) -> QuerySet[Session]:
        return super().get_queryset().filter(pk__in=self._latest)[:MAX_IN_INLINE]

    @cached_property
    def _latest(self) -> list[Any]:
        """The keys of the person's sessions, the newest if there are many: they are counted, and sorted by last use."""
        found = super().get_queryset().order_by("-pk").values_list("pk", flat=True)
        return list(found[: MAX_LISTED + 1])

    @property
    def total(self) -> int:
        return min(len(self._latest), MAX_LISTED)

    @property
    def is_cut(self) -> bool:
        """Whether the person has more sessions than are counted."""
        return len(self._latest) > MAX_LISTED

    def is_valid(self) -> bool:
        return True

    def save(self, commit: bool = True) -> list[Session]:
        self.new_objects, self.changed_objects, self.deleted_objects = [], [], []
        return []


class SessionInline(SessionColumns, TabularInline):
    """The sessions that a user used last, with a link to the list of all: an inline for ``UserAdmin.inlines``.

    Needs the permission ``auth_sessions.view_session``.
    """

    model = Session
    fk_name = "user"
    formset = ShownSessions
    template = "admin/auth_sessions/session_inline.html"
    fields = readonly_fields = ("state", "actor", "last_used", "kind", "address", "created_at", "expires_at")
    extra = max_num = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted here. With this permission alone Django would show the inline, and no session in it."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        sessions = cast("SessionQuerySet", super().get_queryset(request))
        sessions = sessions.using(write_alias()).with_user_visibility()
        return sessions.last_used_first().select_related("user", "refresh_token", "actor")
