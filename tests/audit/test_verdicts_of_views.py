"""Verdicts that depend on what is mounted, and by what it authenticates."""

from datetime import timedelta
from functools import partial

import pytest
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import BasicAuthentication, TokenAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework_simplejwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication

from auth_sessions import views
from auth_sessions.permissions import RecentlyAuthenticated
from tests.support.audit import (
    DUTY,
    MET,
    NOT_APPLICABLE,
    NOT_MET,
    WITHOUT_COOKIES,
    OwnAuthentication,
    asked_by,
    view_with,
    with_framework,
    with_simple_jwt,
)
from tests.support.host import has_browsers, has_supabase
from tests.support.keys import new_key, pem_pair

pytestmark = [pytest.mark.slow, pytest.mark.any_database, has_browsers]

OF_ANY_CLASS = [
    *("asvs-3.3.1", "asvs-3.5.1", "asvs-7.2.1", "asvs-7.2.2", "asvs-7.3.1", "asvs-7.4.1", "asvs-7.4.2", "asvs-9.1.1"),
    *("asvs-9.2.1", "asvs-9.2.3", "asvs-14.2.1", "rfc8725-3.8", "rfc8725-3.12"),
]
"""What depends on each class that authenticates."""


class TestAuthenticationClasses:
    @pytest.mark.parametrize("id_", ["asvs-7.4.1", "nist-5.1-sign-out", "nist-5.2-end"])
    @pytest.mark.parametrize("cls", [JWTAuthentication, JWTStatelessUserAuthentication])
    def test_that_ask_no_session(self, finding, id_, cls):
        assert finding(id_).verdict == MET
        found = finding(id_, asked_by(cls))
        assert found.verdict == NOT_MET
        assert "'view/'" in found.reason

    def test_that_read_no_user(self, verdict):
        assert verdict("asvs-7.4.2", asked_by(JWTStatelessUserAuthentication)) == NOT_MET
        assert verdict("asvs-7.4.2", asked_by(JWTAuthentication)) == MET

    def test_for_services_elsewhere(self, verdict):
        private, public = pem_pair(new_key("RS256"))
        keys = {"ALGORITHM": "RS256", "SIGNING_KEY": private, "VERIFYING_KEY": public}
        for id_ in ("asvs-7.4.1", "asvs-7.4.2"):
            assert verdict(id_, **with_simple_jwt(**keys)) == DUTY
        assert verdict("asvs-9.2.3", **with_simple_jwt(**keys, AUDIENCE=None)) == NOT_MET

    @pytest.mark.parametrize("cls", [TokenAuthentication, BasicAuthentication])
    def test_static_keys_and_passwords(self, verdict, cls):
        assert verdict("asvs-7.2.2") == MET
        assert verdict("asvs-7.2.2", asked_by(cls)) == NOT_MET
        path_ = f"rest_framework.authentication.{cls.__name__}"
        assert verdict("asvs-7.2.2", **with_framework(DEFAULT_AUTHENTICATION_CLASSES=[path_])) == NOT_MET

    @pytest.mark.parametrize(
        "id_",
        OF_ANY_CLASS,
    )
    def test_of_the_project_s_own(self, finding, id_):
        """Nothing is met of what nobody but the project knows."""
        assert finding(id_).verdict == MET
        found = finding(id_, asked_by(OwnAuthentication))
        assert found.verdict == DUTY
        assert "OwnAuthentication" in found.reason

    def test_that_only_the_running_view_knows(self, finding):
        def get_authenticators(self):
            return [OwnAuthentication()]

        for view in (view_with(get_authenticators=get_authenticators), asked_by(partial(OwnAuthentication))):
            found = finding("asvs-7.4.1", view)
            assert found.verdict == DUTY
            assert "'view/'" in found.reason
            assert " at 0x" not in found.reason  # the same in each run

    def test_that_let_inactive_people_in(self, verdict):
        lenient = with_simple_jwt(CHECK_USER_IS_ACTIVE=False)
        assert verdict("asvs-7.4.2", **lenient) == MET
        assert verdict("asvs-7.4.2", asked_by(JWTAuthentication), **lenient) == NOT_MET

    def test_without_cookies_of_django(self, verdict):
        assert verdict("asvs-3.3.1", asked_by(OwnAuthentication), **WITHOUT_COOKIES) == DUTY

    def test_the_bound_of_the_cached_check(self, finding):
        cached = "auth_sessions.authentication.CachedSessionJWTAuthentication"
        found = finding("asvs-7.4.1", **with_framework(DEFAULT_AUTHENTICATION_CLASSES=[cached]))
        assert (found.verdict, found.reason[-12:]) == (MET, "in 1 minute.")


class TestURLs:
    def test_views_without_csrf_protection(self, finding):
        exempt = csrf_exempt(lambda request: HttpResponse())
        found = finding("asvs-3.5.1", path("hook/", exempt), path("hooks/", include([path("two/", exempt)])))
        assert (found.verdict, found.reason) == (DUTY, "Without CSRF protection: hook/, hooks/two/.")

    def test_people_end_their_sessions(self, verdict):
        assert verdict("asvs-7.5.2") == NOT_MET
        proved = {"permission_classes": [IsAuthenticated & RecentlyAuthenticated]}
        either = {"permission_classes": [IsAuthenticated | RecentlyAuthenticated]}
        within = {"permission_classes": [IsAuthenticated, RecentlyAuthenticated.within(minutes=5)]}
        for detail, sign_out, expected in (
            (proved, within, MET),
            (proved, {}, NOT_MET),
            (either, within, NOT_MET),
        ):
            replaced = [
                path("api/auth/sessions/<str:session_id>/", type("Own", (views.SessionDetailView,), detail).as_view()),
                path("api/auth/sign-out/", type("Own", (views.SignOutView,), sign_out).as_view()),
            ]
            assert verdict("asvs-7.5.2", *replaced) == expected

    def test_people_end_their_sessions_by_what_as_view_is_given(self, verdict):
        proved, nothing = {"permission_classes": [RecentlyAuthenticated]}, {"permission_classes": []}
        own = type("Own", (views.SignOutView,), proved)
        detail = path("api/auth/sessions/<str:session_id>/", views.SessionDetailView.as_view(**proved))
        for sign_out, expected in (
            (views.SignOutView.as_view(**proved), MET),
            (own.as_view(), MET),
            (own.as_view(**nothing), NOT_MET),
        ):
            assert verdict("asvs-7.5.2", detail, path("api/auth/sign-out/", sign_out)) == expected

    def test_a_proof_that_may_be_as_old_as_the_session(self, verdict):
        """Then no session is ever asked for another one."""
        alone = type("Urls", (), {"urlpatterns": [path("account/", include("auth_sessions.pages.urls"))]})
        for age, expected in ((timedelta(hours=11), MET), (timedelta(hours=12), NOT_MET)):
            assert verdict("asvs-7.5.2", ROOT_URLCONF=alone, AUTH_SESSIONS_REAUTHENTICATION_AGE=age) == expected

    @has_supabase
    def test_a_sign_out_of_others_in_the_supabase_api(self, verdict):
        from auth_sessions.supabase.views import LogoutView

        pages = path("account/", include("auth_sessions.pages.urls"))
        supabase = path("auth/v1/", include("auth_sessions.supabase.urls"))
        own = type("Own", (LogoutView,), {"permission_classes": [RecentlyAuthenticated]})
        for patterns, expected in (([supabase], NOT_MET), ([path("auth/v1/logout", own.as_view()), supabase], MET)):
            mounted = type("Urls", (), {"urlpatterns": [pages, *patterns]})
            assert verdict("asvs-7.5.2", ROOT_URLCONF=mounted) == expected

    def test_nothing_is_mounted(self, verdict):
        nothing = {"ROOT_URLCONF": type("Urls", (), {"urlpatterns": []})}
        for id_ in ("asvs-7.5.2", "asvs-10.4.9"):
            assert verdict(id_, **nothing) == NOT_MET
        assert verdict("rfc9700-4.11.2", **nothing) == NOT_APPLICABLE

    def test_the_pages_alone(self, verdict):
        alone = type("Urls", (), {"urlpatterns": [path("account/", include("auth_sessions.pages.urls"))]})
        cookies_only = with_framework(DEFAULT_AUTHENTICATION_CLASSES=[])
        assert verdict("asvs-7.5.2", ROOT_URLCONF=alone) == MET
        assert verdict("nist-5.1-restart", ROOT_URLCONF=alone, **cookies_only) == MET

    @has_supabase
    def test_a_new_password_in_the_supabase_api(self, verdict):
        supabase = path("auth/v1/", include("auth_sessions.supabase.urls"))
        assert verdict("asvs-7.5.1") == DUTY
        assert verdict("asvs-7.5.1", supabase) == NOT_MET
        unless_recent = {"AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD": "unless_recent"}
        assert verdict("asvs-7.5.1", supabase, **unless_recent) == DUTY
        assert verdict("asvs-7.5.1", supabase, **unless_recent, AUTH_SESSIONS_REAUTHENTICATION_AGE=None) == NOT_MET

    def test_views_of_other_packages(self, verdict):
        from rest_framework_simplejwt.views import TokenObtainPairView

        other = path("token/", TokenObtainPairView.as_view())
        for id_ in ("asvs-7.3.2", "asvs-7.4.1", "asvs-7.4.2", "nist-2.3.3-overall"):
            assert verdict(id_, other) == NOT_MET
        assert verdict("asvs-7.2.2", other) == MET  # they know no session, and are made anew for each sign-in
