"""A plain body of a sign-in or a refresh is read without DRF's fields: what is read, and every error, is as by them."""

import pytest
from django.contrib.auth import get_user_model
from django.http import QueryDict

from auth_sessions.masking import Secret
from auth_sessions.serializers import RefreshSerializer, SignInSerializer
from tests.support.inputs import each

USERNAME = get_user_model().USERNAME_FIELD

TEXTS = ["ada", " ada ", "", " ", "ada\0", "\ud800", "a\tb", "é🖥", "a\u200db", "7" * 300]
OTHERS = [None, 7, True, 1.5, ["ada"], {}, Secret("ada"), Secret(" x ")]
BODIES = [
    *({USERNAME: name, "password": "x"} for name in [*TEXTS, *OTHERS]),
    *({USERNAME: "ada", "password": password} for password in [*TEXTS, *OTHERS]),
    {},
    {USERNAME: "ada"},
    {"password": "x"},
    {USERNAME: "ada", "password": "x", "otp": "1"},
    {USERNAME: "ada", "password": "x", "device_name": " Phone "},
    {USERNAME: "ada", "password": "x", "unknown": "x"},
    QueryDict(f"{USERNAME}=ada&password=x"),
    QueryDict(f"{USERNAME}=ada&{USERNAME}=eve&password=x"),
    None,
    [],
    "ada",
]


class Same(SignInSerializer):
    """Read by DRF's own code."""


class SameRefresh(RefreshSerializer):
    """As above."""


TOKENS = [
    *({"refresh": token} for token in [*TEXTS, *OTHERS]),
    {},
    {"refresh": "x", "unknown": "x"},
    QueryDict("refresh=x"),
    None,
    [],
    "x",
]


def read(serializer):
    is_valid = serializer.is_valid()
    data = serializer.validated_data
    return is_valid, data, [type(value) for value in data.values()], serializer.errors


@pytest.mark.django_db
@each("body", BODIES)
def test_each_is_read_as_by_drf(body):
    assert read(SignInSerializer(data=body)) == read(Same(data=body))


@each("body", TOKENS)
def test_each_token_is_read_as_by_drf(body):
    assert read(RefreshSerializer(data=body)) == read(SameRefresh(data=body))


def test_changed_fields_are_heard():
    serializer = SignInSerializer(data={USERNAME: "ada", "password": "x"})
    del serializer.fields["password"]
    assert serializer.is_valid()
    assert serializer.validated_data == {USERNAME: "ada"}
