"""What must hold after two operations, in whatever order their statements were executed."""

import uuid
from functools import cached_property

from django.contrib.auth import get_user_model

from auth_sessions.activity.models import Activity
from auth_sessions.choices import SessionKind
from auth_sessions.contrib.simplejwt.models import RefusedTokens
from auth_sessions.db.transactions import is_conflict
from auth_sessions.models import RefreshToken, Session
from auth_sessions.supabase.models import Profile
from tests.host.models import Draft, PushDevice
from tests.reliability.races.operations import DONE, NOBODY
from tests.reliability.races.world import OLD

CONFLICT = "conflict"
"""The database has chosen a transaction of the project's to fail, which only the project can try again."""


def answer_of(operation, result, error, *, may_conflict):
    """The answer of an operation, as its table has it. Anything else that was raised is raised here."""
    if error is not None:
        if may_conflict and is_conflict(error):
            return CONFLICT
        if type(error).__name__ in operation.refused:
            return type(error).__name__
        raise error
    return getattr(result, "status_code", result)


class Verdict:
    """The answers of two operations in a world, and what is wrong with what they have left."""

    def __init__(self, world, operations, calls, answers, *, generation):
        self.world, self.operations, self.calls, self.answers = world, operations, calls, answers
        self.generation = generation
        took_effect = [call for operation, call, answer in self.each() if answer in operation.succeeds]
        self.must_end = NOBODY.union(*(call.ends for call in took_effect))
        if {operation.name for operation in operations} == {"new password, one kept", "new password saved"}:
            self.must_end -= {
                "laptop"
            }  # a save, which ends sessions after it, meets a later password that keeps this one
        self.may_end = NOBODY.union(*(call.ends | call.may_end for call in calls))

    def each(self):
        return zip(self.operations, self.calls, self.answers, strict=True)

    def problems(self):
        checks = (
            self.answers_are_allowed,
            self.sessions_ended,
            self.signed_in,
            self.rotations,
            self.limit,
            self.told_once,
            self.no_orphans,
        )
        return [f"{check.__name__}: {problem}" for check in checks for problem in check()]

    def answers_are_allowed(self):
        for operation, _, answer in self.each():
            if answer not in operation.succeeds | operation.refused | {CONFLICT}:
                yield f"{operation.name} answered {answer}"

    def sessions_ended(self):
        """Whoever was answered as ended is gone, and nobody else."""
        # Django's own check refuses a browser after a save() of the user: its row ends when it is next seen.
        is_djangos = any(operation.name == "new password saved" for operation in self.operations)
        for name in sorted(OLD):
            device, is_left = self.world.copy(name), self.is_left(name)
            if name in self.must_end and is_left:
                if not (name == "desk" and is_djangos):
                    yield f"{name} is left"
                if device.is_signed_in():
                    yield f"{name} is still signed in"
            if name not in self.may_end and not (is_left and device.is_signed_in()):
                yield f"{name} is signed out"

    def signed_in(self):
        """Who has just signed in is signed in, unless the other operation ends that one."""
        for operation, call, answer in self.each():
            if call.signed_in is None or answer not in operation.succeeds:
                continue
            name, device = call.signed_in
            is_signed_in = device.me().status_code == 200
            if name in self.must_end and is_signed_in:
                yield f"{name} is signed in"
            if name not in self.may_end and "laptop" not in self.may_end and not is_signed_in:
                yield f"{name} is not signed in"
            if name == "website" and is_signed_in and not self.is_left("laptop"):
                yield "the website outlives its app"
        websites = [call.signed_in[0] for _, call, answer in self.each() if call.signed_in and answer == 302]
        if websites.count("website") > 1:
            yield "one code has signed in two browsers"

    def rotations(self):
        """One step, whoever asks, and the same token for all."""
        rotated = [call.rotates for _, call, answer in self.each() if call.rotates and answer == 200]
        now = self.tokens.get(uuid.UUID(self.world.laptop.session_id))
        if now is not None and now - self.generation != bool(rotated):
            yield f"generation {self.generation} became {now} for {len(rotated)} refreshes"
        if len({device.refresh_token for device in rotated}) > 1:
            yield "two refresh tokens were issued"
        for key, generation in self.tokens.items():
            session = self.sessions.get(key)
            if session is not None and session.confirmed_generation > generation:
                yield f"generation {session.confirmed_generation} is confirmed, of {generation}"

    def limit(self):
        for operation, _, answer in self.each():
            most = operation.settings.get("AUTH_SESSIONS_MAX_PER_USER")
            if most and answer in operation.succeeds:
                live = Session.objects.live(user=self.world.user).filter(actor=None, depends_on=None).count()
                if live > most:
                    yield f"{live} sessions are live, of {most}"

    def told_once(self):
        """Each end is told by one signal, and stands once in the history."""
        ended = self.world.ended
        if len(set(ended)) < len(ended):
            yield "a session has ended twice"
        gone = {self.world.session_id(name) for name in OLD if not self.is_left(name)}
        if untold := gone - set(ended):
            yield f"{len(untold)} ends were not told"
        if self.has_user:
            rows = Activity.objects.filter(user_id=self.world.user.pk, kind="signed_out", session_id__in=ended)
            noted = sorted(map(str, rows.values_list("session_id", flat=True)))
            if noted != sorted(ended):
                yield f"{len(noted)} of {len(ended)} ends stand in the history"

    def no_orphans(self):
        keys = self.sessions.keys()
        has_token = {key for key, session in self.sessions.items() if session.kind == SessionKind.TOKEN}
        depended_on = {session.depends_on_id for session in self.sessions.values()} - {None}
        wrong = {
            "refresh tokens": self.tokens.keys() ^ has_token,
            "related objects": set(PushDevice.objects.values_list("session_id", flat=True)) - keys,
            "drafts": set(Draft.objects.values_list("session_key", flat=True)) - keys,
            "sessions on which others depend": depended_on - keys,
        }
        if not self.has_user:
            for model in (Session, Activity, RefusedTokens, Profile):
                wrong[f"{model.__name__} of a deleted user"] = model.objects.filter(user_id=self.world.user.pk)
        for what, found in wrong.items():
            if found:
                yield f"{what}: {len(found)}"
        deleted = any(operation.name == "user deleted" and answer == DONE for operation, _, answer in self.each())
        if deleted == self.has_user:
            yield "the user is left" if deleted else "the user is gone"
        if not self.world.staff.is_untouched():
            yield "other people's rows have changed"

    def is_left(self, name):
        return uuid.UUID(self.world.session_id(name)) in self.sessions

    @cached_property
    def sessions(self):
        return {session.pk: session for session in Session.objects.filter(pk__gt=self.world.staff.last_key)}

    @cached_property
    def tokens(self):
        rows = RefreshToken.objects.filter(pk__gt=self.world.staff.last_key)
        return dict(rows.values_list("pk", "generation"))

    @cached_property
    def has_user(self):
        return get_user_model().objects.filter(pk=self.world.user.pk).exists()
