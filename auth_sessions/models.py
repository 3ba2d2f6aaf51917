"""The models: a :class:`Session` for each sign-in, and the one :class:`RefreshToken` of a token session."""

import hmac
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auth_sessions import moments
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.db.ended_session import find_sign_in
from auth_sessions.db.user_deletion import cascade_to_sessions
from auth_sessions.db.uuid7 import uuid7
from auth_sessions.devices import places
from auth_sessions.devices.device import USER_AGENT_LENGTH, Device, describe
from auth_sessions.masking import SecretBytes
from auth_sessions.querysets import SessionQuerySet

if TYPE_CHECKING:

    class SessionManager(SessionQuerySet, models.Manager["Session"]):  # type: ignore[misc]
        """``Session.objects`` as type checkers without a plugin see it: they do not know ``from_queryset()``."""


def _new_secret() -> bytes:
    """256 random bits."""
    return SecretBytes(secrets.token_bytes(32))


class Session(models.Model):
    """One sign-in of one person on one device.

    Rows are created and changed in ``auth_sessions.core``. They end in one way: by ``db.ending.end``, which
    :meth:`SessionQuerySet.end` and ``core.sign_out`` call.
    """

    id = models.UUIDField(_("id"), primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=cascade_to_sessions,
        related_name="auth_sessions",
        verbose_name=_("user"),
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("acting person"),
        help_text=_("Who really acts, in the user’s name; empty where the user does."),
    )
    # What depends on a session ends with it, by `db.ending.end`: neither Django nor the database may delete or
    # protect it, and one DELETE of both must not depend on the order of the rows (InnoDB).
    depends_on = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,  # they are found by `user` and `actor`
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("depends on"),
        help_text=_("The session that this one ends with: of the app, or the acting person’s own."),
    )
    has_dependents = models.BooleanField(
        _("has dependents"),
        default=False,
        editable=False,
        help_text=_("Whether there may be sessions that end with this one."),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=SessionKind.choices, default=SessionKind.TOKEN)
    created_at = models.DateTimeField(_("signed in"), default=timezone.now, editable=False)
    authenticated_at = models.DateTimeField(
        _("authenticated"),
        default=timezone.now,
        null=True,
        blank=True,
        help_text=_("Last proof of identity; empty where it is not known."),
    )
    last_seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    confirmed_generation = models.PositiveIntegerField(
        _("confirmed generation"),
        default=0,
        help_text=_("Highest generation of the refresh token that was seen in use."),
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    name = models.CharField(
        _("name"), max_length=100, blank=True, help_text=_("The person’s own label for the device.")
    )
    user_agent = models.CharField(_("user agent"), max_length=USER_AGENT_LENGTH, blank=True)
    ip_address = models.GenericIPAddressField(_("address"), null=True, blank=True, unpack_ipv4=True)
    tag = models.CharField(
        _("tag"), max_length=100, blank=True, help_text=_("Set by the project; groups clients for limits.")
    )
    amr = models.JSONField(
        _("authentication methods"),
        default=list,
        blank=True,
        help_text=_("How the person signed in: authentication method references (RFC 8176)."),
    )
    earlier_proofs = models.JSONField(
        _("earlier proofs"),
        default=dict,
        blank=True,
        editable=False,
        help_text=_(
            "When the methods were last used that the last proof of identity did not include: Unix time, or null."
        ),
    )
    auth_backend = models.CharField(
        _("authentication backend"),
        max_length=255,
        blank=True,
        editable=False,
        help_text=_("The authentication backend that accepted the person; empty where it is not known."),
    )
    password_fingerprint = models.CharField(_("password fingerprint"), max_length=64, editable=False)
    django_session_key = models.CharField(  # noqa: DJ001 - unique, where there is one
        _("key of Django’s session"),
        max_length=128,
        null=True,
        editable=False,
        help_text=_("The key of Django’s session in its store, or the digest of a signed cookie."),
    )
    # The SESSION_ENGINE of the Django session whose data hold this row's id, or whose store entry was imported. NULL as
    # long as there is none.
    django_session_engine = models.CharField(  # noqa: DJ001
        _("engine of Django’s session"), max_length=200, null=True, editable=False
    )

    refresh_token: "RefreshToken"

    if TYPE_CHECKING:
        objects: ClassVar[SessionManager]
    else:
        objects = models.Manager.from_queryset(SessionQuerySet)()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        # unique=True would add a second index on PostgreSQL, for LIKE.
        constraints = [models.UniqueConstraint(fields=["django_session_key"], name="auth_sessions_django_session_key")]

    def __str__(self) -> str:
        return self.name or self.device.label

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, but never inserts a row that has ended meanwhile: raises ``DatabaseError`` instead."""
        if not self._state.adding:
            kwargs.setdefault("force_update", True)
        super().save(*args, **kwargs)

    @property
    def is_staff_help(self) -> bool:
        """Whether somebody else acts in the user's name, as ``actor``."""
        return self.actor_id is not None

    def proved_at(self, method: str) -> datetime | None:
        """When the person last proved their identity by this method of ``amr``; None if they did not, or not known."""
        if method not in self.amr or self.authenticated_at is None:
            return None
        if method not in self.earlier_proofs:
            return self.authenticated_at
        seconds = self.earlier_proofs[method]
        return None if seconds is None else moments.from_seconds(seconds)

    @property
    def sign_in_id(self) -> UUID:
        """The key of the session that all sessions of one sign-in depend on: the app's, or this one."""
        return find_sign_in(self)

    @property
    def device(self) -> Device:
        """The device, parsed from the stored user agent at each read, so that a better parser helps old rows."""
        return describe(self.user_agent)

    @property
    def place(self) -> str:
        """The place of the address, such as "near Zurich, Switzerland"; "" if no GeoIP database contains it."""
        return places.near(self.ip_address)

    @property
    def last_used_at(self) -> datetime:
        """The later of ``last_seen_at`` and the last refresh. Reads ``refresh_token``: use ``select_related()``."""
        token = getattr(self, "refresh_token", None) if self.kind == SessionKind.TOKEN else None
        return self.last_seen_at if token is None else moments.latest(self.last_seen_at, token.rotated_at)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """End this session (``EndReason.DELETED``). Returns what Django's ``delete()`` returns, for the session."""
        ended = Session.objects.using(using).filter(pk=self.pk).end(reason=EndReason.DELETED)
        return ended, {self._meta.label: ended} if ended else {}

    delete.alters_data = True  # type: ignore[attr-defined]


class RefreshToken(models.Model):
    """The refresh token of one session: a single row, updated in place at each rotation.

    There is no history of used tokens. A token contains its generation; ``generation`` here is the one issued last, and
    comparing the two detects reuse.
    """

    session = models.OneToOneField(
        Session,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="refresh_token",
        verbose_name=_("session"),
    )
    secret = models.BinaryField(_("secret"), max_length=32, default=_new_secret, editable=False)
    generation = models.PositiveIntegerField(_("generation"), default=0, editable=False)
    rotated_at = models.DateTimeField(_("rotated"), default=timezone.now, editable=False)
    reused_at = models.DateTimeField(
        _("first reused"),
        null=True,
        editable=False,
        help_text=_("When a token was first reused, under the policy that does not refuse it."),
    )
    hand_over_digest = models.CharField(  # noqa: DJ001 - NULL as long as there is none, as of `reused_at`
        _("code of a hand-over"),
        max_length=64,
        null=True,
        editable=False,
        help_text=_("SHA-256 of the code that hands the session over to a browser, until it is used."),
    )

    class Meta:
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")

    def __str__(self) -> str:
        return str(self.session_id)

    def jti_of(self, generation: int) -> str:
        """The ``jti`` of a generation: HMAC-SHA256 of session and generation under this row's secret, 64 hex digits."""
        message = f"{self.session_id}.{generation}".encode()
        return hmac.digest(bytes(self.secret), message, "sha256").hex()
