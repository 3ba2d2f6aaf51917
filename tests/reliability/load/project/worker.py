"""A process of the project that serves no requests, as one of a task queue: an order a line, and an answer a line.

``python -m tests.reliability.load.project.worker``
"""

import json
import sys
from io import StringIO


def create_user(name, *, is_superuser=False):
    user = User.objects.create_user(name, f"{name}@example.org", f"password of {name}")
    User.objects.filter(pk=user.pk).update(is_staff=is_superuser, is_superuser=is_superuser)
    return user.pk


def sign_out(session):
    return api.sign_out(Session.objects.get(pk=session), Scope.LOCAL)


def end(session):
    return Session.objects.filter(pk=session).end(reason=EndReason.REVOKED)


def delete(session):
    return Session.objects.get(pk=session).delete()[0]


def delete_queryset(session):
    return Session.objects.filter(pk=session).delete()[0]


def expire(session):
    Session.objects.filter(pk=session).update(expires_at=timezone.now() - timedelta(days=1))
    call_command("clearauthsessions", stdout=StringIO())
    return not Session.objects.filter(pk=session).exists()


def change_password(user, password):
    return api.change_password(User.objects.get(pk=user), password)


def save_password(user, password):
    found = User.objects.get(pk=user)
    found.set_password(password)
    found.save()
    return True


def deactivate(user):
    found = User.objects.get(pk=user)
    found.is_active = False
    found.save()
    return True


def activate(user):
    return User.objects.filter(pk=user).update(is_active=True)


def delete_user(user):
    return User.objects.get(pk=user).delete()[0]


def revoke(user):
    call_command("revokeauthsessions", "--user", User.objects.get(pk=user).username, stdout=StringIO())
    return True


def main():
    orders = globals()
    for line in sys.stdin:
        order, arguments = json.loads(line)
        try:
            answer = {"answer": orders[order](**arguments)}
        except Session.DoesNotExist:  # somebody else has ended it
            answer = {"answer": 0}
        except Exception as error:  # noqa: BLE001 - the parent says it
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    import django

    django.setup()

    from datetime import timedelta

    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.utils import timezone

    from auth_sessions import api
    from auth_sessions.choices import EndReason, Scope
    from auth_sessions.models import Session

    main()
