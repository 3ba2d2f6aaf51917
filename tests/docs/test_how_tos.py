"""What the how-to guides recommend does what they say."""

import inspect
import sys
from types import ModuleType

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.http import HttpRequest
from rest_framework.test import APIRequestFactory

from auth_sessions.models import Session
from example_project import views
from tests.support.device import PASSWORD, Device, still_signed_in
from tests.support.documents import DOCS, blocks_of, page_named

usual_user = pytest.mark.skipif(settings.AUTH_USER_MODEL != "auth.User", reason="the guide is for Django's own user")


def python_of(page):
    return [block.code for block in blocks_of(DOCS / f"{page}.md") if block.language == "python"]


def run(code):
    module = ModuleType("recipe")
    exec(code, vars(module))
    return module


@pytest.mark.any_database
def test_the_magic_link_is_the_examples():
    assert f"```python\n{inspect.getsource(views.MagicLinkView)}```" in page_named("magic-link")


@usual_user
class TestSocialLogin:
    """With a provider of the test's own."""

    KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @pytest.fixture
    def sign_in(self, ada):
        ada.email = "ada@example.org"
        ada.save()
        module = run(python_of("social-login")[0])

        class Keys:
            def get_signing_key_from_jwt(self, token):
                return jwt.PyJWK.from_dict(
                    {
                        **jwt.algorithms.RSAAlgorithm.to_jwk(TestSocialLogin.KEY.public_key(), as_dict=True),
                        "alg": "RS256",
                    }
                )

        def sign_in(key=self.KEY, **changed):
            claims = {
                "iss": module.ISSUER,
                "aud": module.CLIENT_ID,
                "email": "Ada@example.org",
                "email_verified": True,
                "amr": ["pwd", "mfa"],
                **changed,
            }
            request = APIRequestFactory().post("/", {"id_token": jwt.encode(claims, key, "RS256")}, format="json")
            return module.SocialSignInView.as_view(keys=Keys())(request)

        return sign_in

    def test_a_person_of_the_provider_signs_in(self, sign_in):
        answer = sign_in()
        assert answer.status_code == 200
        assert answer.data.keys() == {"access", "refresh"}
        assert Session.objects.get().amr == ["pwd", "mfa"]

    def test_what_is_refused(self, sign_in):
        other_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        for changed in (
            {"aud": "another-app"},
            {"iss": "https://another.example.org"},
            {"email_verified": False},
            {"email": "bob@example.org"},
            {"exp": 1},
            {"key": other_key},
        ):
            answer = sign_in(**changed)
            assert (answer.status_code, answer.data["code"]) == (401, "no_active_account"), changed
        assert not Session.objects.exists()


class TestCelery:
    @pytest.fixture
    def export(self):
        pytest.importorskip("celery")
        sys.modules["people"] = ModuleType("people")
        module = sys.modules["people.tasks"] = ModuleType("people.tasks")
        exec(python_of("celery")[0], vars(module))
        module.export.app.conf.task_always_eager = True
        yield run(python_of("celery")[1]).start_export
        del sys.modules["people"], sys.modules["people.tasks"]

    def test_it_runs_for_whoever_is_signed_in(self, export, laptop):
        request = HttpRequest()
        assert export(request).status_code == 401
        request.META = {"HTTP_AUTHORIZATION": f"Bearer {laptop.access}"}
        assert export(request).status_code == 200
        tasks = sys.modules["people.tasks"]
        assert tasks.export(laptop.session_id).startswith("exported for")
        laptop.sign_out()
        assert tasks.export(laptop.session_id) == "signed out meanwhile"


@pytest.mark.any_database
def test_signing_out_in_a_view(ada, bob, grace, laptop, phone):
    module = run(python_of("sign-out")[0])
    others, staff = Device().sign_in(bob), Device().sign_in(grace)
    ask = APIRequestFactory()
    answer = module.SignMeOutEverywhere.as_view()(ask.post("/", **laptop.headers))
    assert answer.status_code == 204
    assert still_signed_in(laptop=laptop, phone=phone, others=others) == {"others"}
    for caller, user, status in ((others, grace, 403), (staff, bob, 204)):
        answer = module.SignSomebodyOut.as_view()(ask.post("/", **caller.headers), pk=user.pk)
        assert answer.status_code == status
    assert still_signed_in(others=others, staff=staff) == {"staff"}


@pytest.mark.any_database
def test_a_limit_by_kind_of_client(settings, rf, ada):
    by_tag, view = python_of("limits")[1:]
    for name in (name for name in vars(run(by_tag)) if name.isupper()):
        setattr(settings, name, vars(run(by_tag))[name])
    sign_in = run(view).AppSignInView.as_view()
    other = Device().sign_in(ada)
    apps = []
    for _ in range(3):
        answer = sign_in(rf.post("/", {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}))
        apps.append(Device())
        apps[-1].access = answer.data["access"]
    assert still_signed_in(other=other, first=apps[0], second=apps[1], third=apps[2]) == {"other", "second", "third"}


@pytest.mark.any_database
def test_a_user_is_signed_out_from_python(ada, bob, laptop, phone):
    (code,) = [block for block in python_of("reference/python") if "def sign_out_everywhere" in block]
    others = Device().sign_in(bob)
    assert run(code).sign_out_everywhere(ada) == 2
    assert still_signed_in(laptop=laptop, phone=phone, others=others) == {"others"}
