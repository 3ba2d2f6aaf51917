"""A device of somebody who acts in another person's name."""

from django.test import RequestFactory

from auth_sessions import api
from tests.support.device import Device


def act(actor, user, *, from_device=None):
    """A device with tokens of the user, which the actor has got, perhaps from a device of their own."""
    headers = {"Authorization": f"Bearer {from_device.access}"} if from_device else {}
    pair = api.sign_in_user(user, request=RequestFactory(headers=headers).get("/"), actor=actor)
    return Device().take(pair.access, pair.refresh)
