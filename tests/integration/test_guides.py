"""The guides to this app from other packages: each is followed, line by line, in a project as it was before.

People's clients know nothing of the change: what they hold, and what they call, is what it was.
"""

import json
import re
import time
import uuid
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from tests.integration.old_projects import PASSWORD
from tests.support.nested_runs import usual_host
from tests.support.old_projects import LINUX, Client, OldProject, blocks
from tests.support.servers import or_skipped, running

pytestmark = [usual_host, pytest.mark.slow]


@pytest.fixture
def project(request, tmp_path):
    """The old project that the class names, running."""
    pytest.importorskip(request.cls.NEEDS, reason=f"needs the package that holds {request.cls.NEEDS}")
    project = OldProject(request.cls.PROJECT, tmp_path)
    yield project
    project.stop()


def bearer(answer):
    """The headers of the access token in an answer."""
    assert answer.status == 200, answer.text
    return {"Authorization": f"Bearer {answer.json['access']}"}


def sign_in(client):
    """Sign in as this app has it."""
    return bearer(client.post("/api/auth/token/", {"username": "ada", "password": PASSWORD}))


def who(client, headers=None):
    """Who is signed in for a view of the project; None if the request is refused."""
    answer = client.get("/api/me/", **(headers or {}))
    assert answer.status in {200, 401, 403}, answer.text
    return answer.json.get("username")


def devices(browser):
    """What the page "Your devices" lists."""
    return re.findall(r"<h2><bdi>(.*?)<", browser.get("/account/devices/").text)


class TestPlainDjangoSessions:
    PROJECT, NEEDS, PAGE = "plain", "django", "from-django-sessions.md"

    def test_the_guide(self, project):
        laptop, stolen, forgotten = (Client(project).log_in() for _ in range(3))
        project.follow(self.PAGE, "Steps")
        project.start()
        assert laptop.is_logged_in()
        assert stolen.is_logged_in()
        assert devices(laptop) == ["Firefox on Windows", "Firefox on Windows", "Unknown device"]
        assert laptop.submit("/account/devices/everywhere/sign-out/", {"password": PASSWORD}).status == 200
        assert not any(browser.is_logged_in() for browser in (laptop, stolen, forgotten))

    def test_back(self, project):
        laptop, other = Client(project).log_in(), Client(project).log_in()
        project.follow(self.PAGE, "Steps")
        project.start()
        assert laptop.submit("/account/devices/others/sign-out/", {"password": PASSWORD}).status == 200
        project.manage("migrate", "auth_sessions", "zero")
        project.go_back(self.PAGE, "Steps")
        project.start()
        assert laptop.is_logged_in()
        assert not other.is_logged_in()


class TestDjangoUserSessions:
    PROJECT, NEEDS, PAGE = "user_sessions", "user_sessions", "from-django-user-sessions.md"

    def test_the_guide(self, project):
        laptop, library, forgotten = Client(project).log_in(), Client(project, LINUX).log_in(), Client(project).log_in()
        project.follow(self.PAGE, "Steps")
        project.start()
        assert devices(laptop) == ["Firefox on Windows", "Firefox on Windows", "Firefox on Linux"]
        assert library.is_logged_in()
        project.follow(self.PAGE, "Then without it")
        project.start()
        assert laptop.is_logged_in()
        assert devices(library) == ["Firefox on Linux", "Firefox on Windows", "Firefox on Windows"]
        assert library.submit("/logout/").status == 200
        project.follow(self.PAGE, "Then without it", only="sql")
        assert not library.is_logged_in()
        assert laptop.submit("/account/devices/everywhere/sign-out/", {"password": PASSWORD}).status == 200
        assert not any(browser.is_logged_in() for browser in (laptop, forgotten))

    def test_back(self, project):
        laptop, other = Client(project).log_in(), Client(project).log_in()
        project.follow(self.PAGE, "Steps")
        project.follow(self.PAGE, "Then without it")
        project.start()
        assert laptop.submit("/account/devices/others/sign-out/", {"password": PASSWORD}).status == 200
        library = Client(project).log_in()
        project.go_back(self.PAGE, "Then without it")
        project.go_back(self.PAGE, "Steps")
        project.follow(self.PAGE, "How to go back")
        project.start()
        assert laptop.is_logged_in()
        assert library.is_logged_in()
        assert not other.is_logged_in()


class TestKnox:
    PROJECT, NEEDS, PAGE = "knox", "knox", "from-knox.md"

    def sign_in(self, client):
        """As knox's documents show it."""
        answer = client.post("/api/login/", Authorization=f"Basic {b64encode(f'ada:{PASSWORD}'.encode()).decode()}")
        return {"Authorization": f"Token {answer.json['token']}"}

    def test_the_guide(self, project):
        phone, tablet = Client(project), Client(project)
        old_phone, old_tablet = self.sign_in(phone), self.sign_in(tablet)
        project.follow(self.PAGE, "Steps")
        project.start()
        assert who(phone, old_phone) == who(tablet, old_tablet) == who(phone, self.sign_in(phone)) == "ada"
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: phone.post("/api/auth/exchange/", **old_phone), range(4)))
        pair, *refused = sorted(answers, key=lambda answer: answer.status)
        assert [answer.status for answer in refused] == [401] * 3
        assert who(phone, old_phone) is None
        new_phone = bearer(phone.post("/api/auth/token/refresh/", {"refresh": pair.json["refresh"]}))
        assert who(phone, new_phone) == "ada"
        ((authenticated_at, created_at),) = project.execute(
            "SELECT authenticated_at, created_at FROM auth_sessions_session"
        )
        assert authenticated_at < created_at
        laptop = Client(project)
        new_laptop = sign_in(laptop)
        assert tablet.post("/api/logout/", **self.sign_in(tablet)).status == 204
        assert who(tablet, old_tablet) == who(laptop, new_laptop) == "ada"
        assert laptop.post("/api/auth/sign-out/", {"scope": "others"}, **new_laptop).status == 204
        assert who(tablet, old_tablet) is who(phone, new_phone) is None
        old_tablet = self.sign_in(tablet)
        assert laptop.post("/api/auth/sign-out/", {"scope": "others"}, **new_laptop).status == 204
        assert who(tablet, old_tablet) is None
        assert who(laptop, new_laptop) == "ada"
        old_tablet = self.sign_in(tablet)
        project.manage("revokeauthsessions", "--user", "ada")
        assert who(tablet, old_tablet) is who(laptop, new_laptop) is None

    def test_the_old_way_out_and_back(self, project):
        phone, tablet = Client(project), Client(project)
        old_phone = self.sign_in(phone)
        project.follow(self.PAGE, "Steps")
        project.start()
        new_tablet = sign_in(tablet)
        assert phone.post("/api/logoutall/", **old_phone).status == 204
        assert who(phone, old_phone) is who(tablet, new_tablet) is None
        old_phone = self.sign_in(phone)
        project.go_back(self.PAGE, "Steps")
        project.start()
        assert who(phone, old_phone) == "ada"


SUPABASE_TABLES = """
CREATE SCHEMA auth;
CREATE TABLE auth.users (
    instance_id uuid, id uuid PRIMARY KEY, aud varchar(255), role varchar(255), email varchar(255),
    encrypted_password varchar(255), email_confirmed_at timestamptz, last_sign_in_at timestamptz,
    raw_app_meta_data jsonb, raw_user_meta_data jsonb, is_super_admin bool, created_at timestamptz,
    updated_at timestamptz, phone text, banned_until timestamptz, deleted_at timestamptz,
    is_sso_user bool NOT NULL DEFAULT false, is_anonymous bool NOT NULL DEFAULT false
);
CREATE TABLE auth.sessions (id uuid PRIMARY KEY, user_id uuid REFERENCES auth.users, not_after timestamptz);
CREATE TABLE auth.refresh_tokens (
    instance_id uuid, id bigserial PRIMARY KEY, token varchar(255) UNIQUE, user_id varchar(255), revoked bool,
    parent varchar(255), session_id uuid REFERENCES auth.sessions
);
"""


class TestSupabase:
    PROJECT, NEEDS, PAGE = "supabase", "supabase_auth", "from-supabase.md"
    ID, EMAIL = "6f9a2f7e-3d0b-4f3e-9d7a-0c1f2e3d4b5a", "grace@example.org"

    @pytest.fixture
    def exported(self, project):
        """Grace at Supabase Auth: she is signed in on a phone, a tablet and a laptop."""
        bcrypt = pytest.importorskip("bcrypt", reason="needs bcrypt")
        password = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, prefix=b"2a")).decode()
        user = (self.ID, self.EMAIL, password, json.dumps({"sub": self.ID, "name": "Grace"}))
        with or_skipped(), running("postgresql") as server:
            psycopg = pytest.importorskip("psycopg", reason="needs psycopg")
            address = f"host={server['PGHOST']} port={server['PGPORT']} user={server['PGUSER']} dbname=postgres"
            with psycopg.connect(address, password=server.get("PGPASSWORD")) as connection:
                connection.execute(SUPABASE_TABLES)
                connection.execute(
                    "INSERT INTO auth.users (id, email, encrypted_password, email_confirmed_at, created_at,"
                    " raw_app_meta_data, raw_user_meta_data)"
                    """ VALUES (%s, %s, %s, now(), now(), '{"provider": "email"}', %s)""",
                    user,
                )
                for token, revoked in [("phone", False), ("tablet", False), ("laptop", False), ("spent", True)]:
                    connection.execute(
                        "WITH s AS (INSERT INTO auth.sessions VALUES (gen_random_uuid(), %s, NULL) RETURNING id)"
                        " INSERT INTO auth.refresh_tokens (token, user_id, revoked, session_id)"
                        " SELECT %s, %s, %s, id FROM s",
                        (self.ID, token, self.ID, revoked),
                    )
                ((_, block),) = blocks(self.PAGE, "Export")
                for select, name in re.findall(r"copy \((.*)\) TO '(.*)' CSV HEADER", block):
                    with connection.cursor().copy(f"COPY ({select}) TO STDOUT CSV HEADER") as copy:
                        (project.folder / name).write_bytes(b"".join(copy))
                connection.rollback()

    def client(self, project, token=None):
        """Supabase's own client, with a session of Supabase Auth in its storage whose access token has expired."""
        from supabase_auth import SyncGoTrueClient, SyncMemoryStorage

        storage = SyncMemoryStorage()
        user = {"id": self.ID, "aud": "authenticated", "created_at": "2026-01-01T00:00:00Z"}
        user |= {"app_metadata": {}, "user_metadata": {}}
        times = {"token_type": "bearer", "expires_in": 3600, "expires_at": 1}
        session = {"access_token": self.access_token(exp=1), "refresh_token": token, "user": user, **times}
        if token is not None:
            storage.set_item("supabase.auth.token", json.dumps(session))
        return SyncGoTrueClient(url=f"{project.address}/auth/v1", storage=storage, auto_refresh_token=False)

    def access_token(self, *, exp):
        secret = "the-legacy-secret-of-the-supabase-project-as-in-its-settings"
        claims = {"sub": self.ID, "aud": "authenticated", "role": "authenticated", "email": self.EMAIL, "exp": exp}
        return jwt.encode({**claims, "session_id": str(uuid.uuid4())}, secret, "HS256")

    def refresh(self, project, token):
        return Client(project).post("/auth/v1/token?grant_type=refresh_token", {"refresh_token": token})

    @pytest.mark.usefixtures("exported")
    def test_the_guide(self, project):
        old = {"Authorization": f"Bearer {self.access_token(exp=int(time.time()) + 300)}"}
        assert who(Client(project), old) == self.EMAIL
        project.follow(self.PAGE, "Steps")
        project.follow(self.PAGE, "Refresh tokens")
        project.start()

        phone = self.client(project, "phone").get_session()
        assert phone.user.id == self.ID
        assert phone.user.user_metadata["name"] == "Grace"
        new = {"Authorization": f"Bearer {phone.access_token}"}
        assert who(Client(project), new) == self.EMAIL
        assert who(Client(project), old) is None
        assert Client(project).get("/auth/v1/user", **old).json["error_code"] == "bad_jwt"
        for headers in (old, new):
            assert Client(project).get("/api/edge/", **headers).json == {"username": self.EMAIL}

        tabs = [self.refresh(project, "tablet") for _ in range(2)]
        assert len({tab.json["refresh_token"] for tab in tabs}) == 1
        assert self.refresh(project, "spent").json["error_code"] == "refresh_token_not_found"

        laptop = self.client(project)
        laptop.sign_in_with_password({"email": self.EMAIL, "password": PASSWORD})
        laptop.sign_out({"scope": "others"})
        for token in ("phone", "tablet", "laptop", phone.refresh_token, tabs[0].json["refresh_token"]):
            assert self.refresh(project, token).status == 400
        assert who(Client(project), new) is None


CREDENTIALS = {"username": "ada", "password": PASSWORD}
NEW_PASSWORD = {"new_password1": "hopper 1906!", "new_password2": "hopper 1906!"}


class TestDjRestAuthWithJWT:
    PROJECT, NEEDS, PAGE = "dj_rest_auth_jwt", "dj_rest_auth", "from-dj-rest-auth.md"

    def sign_in(self, project, password=PASSWORD):
        client = Client(project)
        answer = client.post("/api/auth/login/", {**CREDENTIALS, "password": password})
        assert answer.status == 200, answer.text
        assert answer.json["user"]["username"] == who(client) == "ada"
        assert answer.json["access"] == client.cookie("access")
        return client

    def refresh(self, client):
        before = client.cookie("refresh")
        answer = client.post("/api/auth/token/refresh/")
        if answer.status == 200:
            assert {*answer.json} == {"access", "access_expiration"}
            assert client.cookie("refresh") != before
        return answer.status

    def test_the_guide(self, project):
        laptop, phone, stranger = (self.sign_in(project) for _ in range(3))
        assert self.refresh(phone) == 200
        assert stranger.post("/api/auth/logout/").status == 200
        project.follow(self.PAGE, "JWT mode")
        project.start()
        assert who(laptop) == who(phone) == "ada"
        assert [self.refresh(client) for client in (laptop, phone, stranger)] == [200, 200, 401]
        assert who(laptop) == who(phone) == "ada"
        assert laptop.post("/api/auth/token/verify/", {"token": laptop.cookie("access")}).status == 200

        tablet = self.sign_in(project)
        old_cookies = {"refresh": phone.cookie("refresh")}
        assert phone.post("/api/auth/logout/").status == 200
        assert phone.cookie("refresh") is None
        assert phone.post("/api/auth/token/refresh/", old_cookies).status == 401

        assert tablet.post("/api/auth/password/change/", NEW_PASSWORD).status == 200
        assert who(tablet) == "ada"
        assert who(laptop) is None
        laptop = self.sign_in(project, NEW_PASSWORD["new_password1"])
        assert tablet.post("/api/sessions/sign-out/").status == 204
        assert who(laptop) is who(tablet) is None
        assert self.refresh(laptop) == self.refresh(tablet) == 401

    def test_back(self, project):
        laptop, phone = self.sign_in(project), self.sign_in(project)
        project.follow(self.PAGE, "JWT mode")
        project.start()
        assert self.refresh(phone) == 200
        project.go_back(self.PAGE, "JWT mode")
        project.start()
        assert who(laptop) == who(phone) == who(self.sign_in(project)) == "ada"
        assert [self.refresh(laptop), self.refresh(phone)] == [200, 401]


class TestDjRestAuthWithSessions:
    PROJECT, NEEDS, PAGE = "dj_rest_auth_session", "dj_rest_auth", "from-dj-rest-auth.md"

    def sign_in(self, project):
        client = Client(project)
        assert client.post("/api/auth/login/", CREDENTIALS).status == 204
        assert who(client) == "ada"
        return client

    def send(self, client, path, data=None):
        return client.post(path, data, **{"X-CSRFToken": client.cookie("csrftoken")}).status

    def test_the_guide(self, project):
        laptop, phone, forgotten = (self.sign_in(project) for _ in range(3))
        project.follow(self.PAGE, "Session mode")
        project.start()
        assert who(laptop) == who(phone) == "ada"
        assert len(laptop.get("/api/sessions/sessions/").json) == 3
        assert self.send(phone, "/api/auth/logout/") == 200
        assert who(phone) is None
        phone = self.sign_in(project)
        assert self.send(phone, "/api/sessions/sign-out/", {"scope": "others"}) == 204
        assert who(phone) == "ada"
        assert who(laptop) is who(forgotten) is None
        laptop = self.sign_in(project)
        assert self.send(laptop, "/api/auth/password/change/", NEW_PASSWORD) == 200
        assert who(laptop) == "ada"
        assert who(phone) is None


class TokensOfDRF:
    """Django REST framework's tokens, as one package or another gives them out."""

    PAGE = "from-drf-tokens.md"

    def sign_in(self, client):
        path, key = self.LOGIN
        return {"Authorization": f"Token {client.post(path, CREDENTIALS).json[key]}"}

    def test_the_guide(self, project):
        phone, laptop = Client(project), Client(project)
        old = self.sign_in(phone)
        project.follow(self.PAGE, "Steps")
        project.start()
        assert who(phone, old) == "ada"
        new_phone = bearer(phone.post("/api/sessions/exchange/", **old))
        new_laptop = bearer(laptop.post("/api/sessions/token/", CREDENTIALS))
        assert who(phone, old) == who(phone, new_phone) == who(laptop, new_laptop) == "ada"
        assert laptop.post("/api/sessions/sign-out/", {"scope": "others"}, **new_laptop).status == 204
        assert who(phone, old) is who(phone, new_phone) is None
        old = self.sign_in(phone)
        assert who(laptop, new_laptop) == who(phone, old) == "ada"
        project.manage("revokeauthsessions", "--all")
        assert who(phone, old) is who(laptop, new_laptop) is None
        assert phone.post("/api/sessions/exchange/", **old).status == 401


class TestDjRestAuthWithTokens(TokensOfDRF):
    PROJECT, NEEDS, LOGIN = "dj_rest_auth_token", "dj_rest_auth", ("/api/auth/login/", "key")


class TestDjoserWithTokens(TokensOfDRF):
    PROJECT, NEEDS, LOGIN = "djoser_token", "djoser", ("/auth/token/login/", "auth_token")


class TestDjoserWithJWT:
    PROJECT, NEEDS, PAGE = "djoser_jwt", "djoser", "from-djoser.md"

    def sign_in(self, project, password=PASSWORD):
        client = Client(project)
        answer = client.post("/auth/jwt/create/", {**CREDENTIALS, "password": password})
        assert {*answer.json} == {"access", "refresh"}
        client.pair = answer.json
        return client

    def refresh(self, client):
        """The answer replaces what it has of the pair."""
        answer = client.post("/auth/jwt/refresh/", {"refresh": client.pair["refresh"]})
        client.pair |= answer.json if answer.status == 200 else {}
        return answer.status

    def headers(self, client):
        return {"Authorization": f"JWT {client.pair['access']}"}

    def who(self, client):
        return who(client, self.headers(client))

    def test_the_guide(self, project):
        laptop, phone = self.sign_in(project), self.sign_in(project)
        project.follow(self.PAGE, "Steps")
        project.start()
        assert self.who(laptop) == self.who(phone) == "ada"
        assert self.refresh(laptop) == self.refresh(phone) == 200
        assert self.who(laptop) == self.who(phone) == "ada"
        assert laptop.post("/auth/jwt/verify/", {"token": laptop.pair["access"]}).status == 200

        passwords = {"current_password": PASSWORD, "new_password": "hopper-1906"}
        assert laptop.post("/auth/users/set_password/", passwords, **self.headers(laptop)).status == 204
        assert self.who(laptop) == "ada"
        assert self.refresh(laptop) == 200
        assert self.who(phone) is None
        assert self.refresh(phone) == 401

        phone = self.sign_in(project, "hopper-1906")
        assert laptop.post("/auth/sign-out/", {"scope": "others"}, **self.headers(laptop)).status == 204
        assert [self.refresh(phone), self.refresh(laptop)] == [401, 200]
        confirmed = {"current_password": "hopper-1906"}
        assert laptop.post("/auth/users/me/", confirmed, method="DELETE", **self.headers(laptop)).status == 204
        assert [self.refresh(laptop), self.who(laptop)] == [401, None]
