"""The history: one :class:`Activity` for each event. Rows are written in ``recording`` and never changed by people."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auth_sessions.activity.choices import ActivityKind
from auth_sessions.choices import EndReason, Scope
from auth_sessions.db.uuid7 import uuid7
from auth_sessions.devices import places
from auth_sessions.devices.device import USER_AGENT_LENGTH, Device, describe


class Activity(models.Model):
    """One event of a person's history. It contains no token, and no key of Django's session.

    The session has no foreign key: it may have ended. Neither have the people a constraint in the database: a row is
    written while sessions are locked, and would lock the user's row, which everything else locks before the sessions.
    """

    id = models.UUIDField(_("id"), primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,  # the first column of an index
        related_name="+",
        verbose_name=_("user"),
    )
    kind = models.CharField(_("event"), max_length=30, choices=ActivityKind.choices, editable=False)
    created_at = models.DateTimeField(_("date and time"), default=timezone.now, editable=False)
    session_id = models.UUIDField(
        _("session"), null=True, editable=False, help_text=_("The key of the session; empty where there was none.")
    )
    depends_on_id = models.UUIDField(
        _("depends on"),
        null=True,
        editable=False,
        help_text=_("The session that this one ends with: of the app, or the acting person’s own."),
    )
    reason = models.CharField(_("reason"), max_length=30, blank=True, choices=EndReason.choices, editable=False)
    scope = models.CharField(_("scope"), max_length=10, blank=True, choices=Scope.choices, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        db_constraint=False,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("acting person"),
        help_text=_("Who did it; empty where nobody did, or where it is not known."),
    )
    name = models.CharField(
        _("name"), max_length=100, blank=True, editable=False, help_text=_("The person’s own label for the device.")
    )
    user_agent = models.CharField(_("user agent"), max_length=USER_AGENT_LENGTH, blank=True, editable=False)
    ip_address = models.GenericIPAddressField(_("address"), null=True, unpack_ipv4=True, editable=False)
    last_used_at = models.DateTimeField(
        _("last used"), null=True, editable=False, help_text=_("When the session was last used, before a reuse.")
    )
    presented_user_agent = models.CharField(
        _("user agent of the other device"),
        max_length=USER_AGENT_LENGTH,
        blank=True,
        editable=False,
        help_text=_("Who presented a reused refresh token, or where a session has moved to."),
    )
    presented_ip_address = models.GenericIPAddressField(
        _("address of the other device"), null=True, unpack_ipv4=True, editable=False
    )
    device_key = models.CharField(
        _("compared device"),
        max_length=100,
        editable=False,
        help_text=_("Browser, system and type, by which devices are compared."),
    )
    has_full_address = models.BooleanField(
        _("full address"), editable=False, help_text=_("Whether an address has still to be shortened.")
    )

    emailed_at = models.DateTimeField(
        _("e-mail sent"), null=True, editable=False, help_text=_("When an e-mail about it was sent, or given up.")
    )
    reported_at = models.DateTimeField(
        _("reported"), null=True, editable=False, help_text=_("When the person said that it was not them.")
    )

    class Meta:
        app_label = "auth_sessions_activity"
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes = [
            models.Index(fields=["user", "-id"], name="auth_sessions_activity_user"),
            models.Index(fields=["session_id"], name="auth_sessions_activity_session"),
            models.Index(fields=["has_full_address", "id"], name="auth_sessions_activity_address"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.device.label}"

    @property
    def device(self) -> Device:
        """The device of the session, parsed from the user agent at each read, as ``Session.device``."""
        return describe(self.user_agent)

    @property
    def presented_device(self) -> Device | None:
        """The other device, that of ``presented_user_agent``; None where the event has no other one."""
        is_other = self.kind in {ActivityKind.REFRESH_TOKEN_REUSED, ActivityKind.SESSION_MOVED}
        return describe(self.presented_user_agent) if is_other else None

    def find_move(self) -> "Activity | None":
        """Where the session was last refreshed from before this event, if that was neither of the two devices."""
        sessions = type(self).objects.using(self._state.db).filter(session_id=self.session_id)
        moves = sessions.filter(kind=ActivityKind.SESSION_MOVED, pk__lt=self.pk)
        move = moves.order_by("-pk").first()
        presented = self.presented_user_agent, self.presented_ip_address
        if move is None or (move.presented_user_agent, move.presented_ip_address) == presented:
            return None
        return move

    @property
    def place(self) -> str:
        """The place of the address, as ``Session.place``."""
        return places.near(self.ip_address)

    @property
    def label(self) -> str:
        """The person's own name for the device, or else the device."""
        return self.name or self.device.label
