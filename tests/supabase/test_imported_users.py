"""``importsupabaseusers``: users of Supabase Auth sign in here with their password, and are who they were."""

import csv
from datetime import UTC, datetime
from io import StringIO

import bcrypt
import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from auth_sessions.supabase.imports import COLUMNS
from auth_sessions.supabase.models import Profile
from tests.support.inputs import each
from tests.support.supabase import CREDENTIALS, SupabaseDevice, add_user, code

PASSWORD = "lovelace-1815"
ID = "6f9a2f7e-3d0b-4f3e-9d7a-0c1f2e3d4b5a"
OTHER_ID = "00000000-0000-4000-8000-000000000001"
ADA = {
    "id": ID,
    "email": "Ada@example.org",
    "encrypted_password": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, prefix=b"2a")).decode(),
    "email_confirmed_at": "2025-03-01 10:00:00.123456+00",
    "banned_until": "",
    "created_at": "2025-03-01 09:59:00.5+00",
    "last_sign_in_at": "2026-11-01 08:00:00+00",
    "raw_app_meta_data": '{"provider": "email", "providers": ["email"], "role": "editor"}',
    "raw_user_meta_data": f'{{"sub": "{ID}", "email": "ada@example.org", "email_verified": true, "name": "Ada"}}',
}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _hashers(settings):
    settings.PASSWORD_HASHERS = [*settings.PASSWORD_HASHERS, "django.contrib.auth.hashers.BCryptPasswordHasher"]


@pytest.fixture
def load(tmp_path):
    """Import rows; what the command prints."""

    def load(*rows, columns=COLUMNS):
        file, out = tmp_path / "users.csv", StringIO()
        with file.open("w", newline="") as lines:
            writer = csv.DictWriter(lines, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        call_command("importsupabaseusers", str(file), stdout=out, stderr=out)
        return out.getvalue()

    return load


def test_who_they_are(load):
    assert load(ADA) == "Users: 1 imported.\n"
    user = Profile.objects.get(uuid=ID).user
    assert user.last_login == datetime(2026, 11, 1, 8, tzinfo=UTC)
    device = SupabaseDevice()
    answer = device.try_sign_in(password=PASSWORD)
    assert answer.status_code == 200, answer.content
    shown = answer.json()["user"]
    assert shown["id"] == ID
    assert shown["created_at"] == "2025-03-01T09:59:00.500000Z"
    assert shown["app_metadata"]["role"] == "editor"
    assert shown["user_metadata"]["name"] == "Ada"
    assert Profile.objects.get().user_metadata == {"name": "Ada"}
    user.refresh_from_db()
    assert not user.password.startswith("bcrypt")  # the project's own hasher has taken over
    device.keep(answer)
    assert device.user().json()["id"] == ID


def test_a_wrong_password(load):
    load(ADA)
    assert code(SupabaseDevice().try_sign_in(password="wrong"))[:2] == CREDENTIALS[:2]


def test_again(load):
    """Those who are known stay as they are; the others follow."""
    load(ADA)
    changed = {**ADA, "raw_user_meta_data": '{"name": "Another"}'}
    assert load(changed, {**ADA, "id": OTHER_ID, "email": "bob@example.org"}) == "Users: 1 known already, 1 imported.\n"
    assert Profile.objects.get(uuid=ID).user_metadata == {"name": "Ada"}
    assert get_user_model().objects.count() == 2


@each(
    "changes",
    {
        "not confirmed": {"email_confirmed_at": ""},
        "banned": {"banned_until": "2999-01-01 00:00:00+00"},
        "no password": {"encrypted_password": ""},
        "a hash of another kind": {"encrypted_password": "$fbscrypt$v=1,n=14,r=8,p=1$x$y"},
    },
)
def test_who_cannot_sign_in(load, changes):
    get_user_model().objects.all().delete()
    assert load({**ADA, **changes}) == "Users: 1 imported.\n"
    assert code(SupabaseDevice().try_sign_in(password=PASSWORD))[:2] == CREDENTIALS[:2]


def test_a_ban_that_is_over(load):
    load({**ADA, "banned_until": "2025-04-01 00:00:00+00"})
    assert SupabaseDevice().try_sign_in(password=PASSWORD).status_code == 200


def test_who_is_left_out(load, make_user):
    add_user(make_user)
    printed = load(ADA, {**ADA, "id": OTHER_ID, "email": ""})
    assert f"{ID}: with the e-mail address or user name of another user\n" in printed
    assert f"{OTHER_ID}: without an e-mail address\n" in printed
    assert not Profile.objects.exists()


@each(
    ("changes", "message"),
    [
        ({"raw_user_meta_data": "[]"}, "must be an object"),
        ({"created_at": "yesterday"}, "is no time"),
        ({"id": "1"}, "badly formed"),
        ({"email": f"{'a' * 250}@example.org"}, "has more than 254 characters"),
        ({"encrypted_password": "$argon2id$v=19$m=16,t=2,p=1$x$y"}, "Unknown password hashing algorithm"),
    ],
)
def test_a_row_that_cannot_be_read(load, changes, message):
    """Nobody is imported."""
    with pytest.raises(CommandError, match=f"line 3: .*{message}.* No user was imported"):
        load({**ADA, "id": OTHER_ID, "email": "bob@example.org"}, {**ADA, **changes})
    assert not get_user_model().objects.exists()


def test_a_column_that_is_missing(load):
    with pytest.raises(CommandError, match="has no column banned_until"):
        load(ADA, columns=[name for name in COLUMNS if name != "banned_until"])


@each("column", COLUMNS[1:-1])
def test_a_file_that_was_cut_off(tmp_path, column):
    """The last row ends after this column."""
    file = tmp_path / "users.csv"
    cells = [ADA[name] for name in COLUMNS[: COLUMNS.index(column) + 1]]
    with file.open("w", newline="") as lines:
        csv.writer(lines).writerows([COLUMNS, cells])
    with pytest.raises(CommandError, match=r"line 2: The row ends before \w+\. No user was imported"):
        call_command("importsupabaseusers", str(file))
    assert not get_user_model().objects.exists()
