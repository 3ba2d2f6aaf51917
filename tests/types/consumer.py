"""A project that uses every public name, for type checkers alone: it is never run.

Checked against the installed wheel: ``tox run -e types``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, assert_type

from django.contrib import admin
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from auth_sessions import (
    api,
    authentication,
    choices,
    conf,
    exceptions,
    masking,
    middleware,
    mixins,
    models,
    querysets,
    signals,
    throttling,
    tokens,
    urls,
    views,
)
from auth_sessions import serializers as own_serializers
from auth_sessions.admin import SessionAdmin, SessionInline, sign_out_everywhere
from auth_sessions.channels.consumers import SIGNED_OUT, SessionConsumerMixin
from auth_sessions.channels.middleware import ERROR, SESSION, SessionAuthMiddleware
from auth_sessions.contrib.simplejwt import sliding_urls
from auth_sessions.contrib.simplejwt import urls as simplejwt_urls
from auth_sessions.contrib.simplejwt import views as simplejwt
from auth_sessions.contrib.simplejwt.authentication import SessionOrSimpleJWTAuthentication, accepts_old_access_tokens
from auth_sessions.contrib.simplejwt.exchange import refuse_old_tokens
from auth_sessions.models import RefreshToken, Session
from auth_sessions.pages import sign_out as sign_out_pages
from auth_sessions.pages import views as pages
from auth_sessions.supabase import views as supabase
from auth_sessions.supabase.apps import SupabaseConfig
from auth_sessions.supabase.models import Profile, email_provider

# api


def call(request: HttpRequest, user: User, session: Session) -> None:
    def second_factor(user: AbstractBaseUser) -> Iterable[str]:
        return ["otp"]

    asked: api.SecondFactor = second_factor
    lifetime: api.Lifetime = timedelta(days=1)
    for lifetime in (api.DEFAULT, None, timedelta(days=1)):
        pair = api.sign_in(request, {"username": "ada", "password": "x"}, lifetime=lifetime, second_factor=asked)
        assert_type(pair, api.TokenPair)
    pair = api.sign_in_user(user, request=request, amr=["otp"], name="Laptop", tag="web", actor=user)
    assert_type(pair.access, str)
    assert_type(pair.refresh, str)
    assert_type(pair.session, Session)
    assert_type(pair.expires_at, int)
    assert_type(api.refresh(pair.refresh, request=request), api.TokenPair)
    assert_type(api.get_session(request, raise_exception=True), Session | None)
    assert_type(api.sign_out(session, choices.Scope.OTHERS, actor=user, request=request), int)
    assert_type(api.change_password(user, "new", keep=session, request=request), int)
    api.mark_reauthenticated(session, amr=("pwd",))
    assert_type((api.get_hand_over("x"), api.redeem_hand_over(request, "x")), tuple[api.HandOver, Session])
    for batch in api.clear_expired():
        assert_type(batch, api.ClearedBatch)


async def call_async(request: HttpRequest, user: User, session: Session) -> None:
    assert_type(await api.asign_in(request, {"username": "ada", "password": "x"}), api.TokenPair)
    assert_type(await api.asign_in_user(user, request=request), api.TokenPair)
    assert_type(await api.arefresh("token"), api.TokenPair)
    assert_type(await api.aget_session(request), Session | None)
    assert_type(await api.asign_out(session, choices.Scope.LOCAL), int)
    assert_type(await api.achange_password(user, "new", keep=session), int)
    await api.amark_reauthenticated(session)


# authentication, tokens


class TenantAuthentication(authentication.CachedSessionJWTAuthentication):
    def get_database_id(self) -> str:
        return super().get_database_id() + "/tenant"


class CookieAuthentication(authentication.SessionJWTAuthentication):
    def authenticate(self, request: Request) -> Any:
        assert_type(super().authenticate(request), tuple[AbstractBaseUser, tokens.SessionAccessToken] | None)
        return None


class BrowserAuthentication(authentication.BrowserSessionAuthentication):
    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, None] | None:
        return super().authenticate(request)


def authenticate(request: Request, raw: str) -> Session:
    token = tokens.parse(tokens.SessionAccessToken, raw)
    assert_type(token, tokens.SessionAccessToken)
    assert_type(token.session_id, uuid.UUID)
    assert_type(token.generation, int)
    assert_type(token.session, Session)
    assert_type(tokens.parse(tokens.SessionRefreshToken, raw), tokens.SessionRefreshToken)
    assert_type(tokens.issue(token.session, request=request._request), tokens.TokenPair)
    assert_type(authentication.get_bearer_classes(), tuple[type[authentication.SessionJWTAuthentication], ...])
    assert_type(authentication.get_session(request), Session | None)
    assert_type(authentication.get_session_of_expired_token(token), Session)
    assert_type(authentication.get_session_of_refresh_token(raw), Session)
    assert_type(authentication.LazyUser(token.session).is_active, bool)
    return authentication.get_valid_session(token)


# choices, conf, exceptions

assert_type(conf.conf, conf.Settings)
assert_type(conf.conf.AUTH_SESSIONS_LIFETIME, timedelta | None)
assert_type(conf.conf.AUTH_SESSIONS_REUSE_POLICY, Literal["confirmed", "strict", "lenient", "off"])

KINDS: list[str] = [*choices.SessionKind.values, *choices.DeviceType.values]

CODES: list[type[exceptions.AuthSessionsError]] = [
    exceptions.NoActiveAccount,
    exceptions.PasswordChanged,
    exceptions.PasswordTooLong,
    exceptions.RefreshTokenAlreadyUsed,
    exceptions.RefreshTokenForged,
    exceptions.SecondFactorInvalid,
    exceptions.SecondFactorRequired,
    exceptions.SessionExpired,
    exceptions.SessionIdle,
    exceptions.SessionLimitReached,
    exceptions.SessionNotFound,
    exceptions.TokenExpired,
    exceptions.TokenNotValid,
    exceptions.UserInactive,
    exceptions.UserNotFound,
]


def refuse(error: exceptions.AuthSessionsError) -> None:
    assert_type(error.code, str)
    if isinstance(error, exceptions.SessionInvalid):
        assert_type(error.session, Session | None)
    refusal = authentication.to_api_exception(error)
    assert_type(refusal, APIException)
    raise refusal


# masking

NAMES: list[str] = [*masking.DENYLIST, repr(masking.Secret("x")), repr(masking.SecretBytes(b"x"))]


# models, querysets


def read(user: User, session: Session, moment: datetime) -> None:
    assert_type(session.last_used_at, datetime)
    assert_type(session.is_staff_help, bool)
    assert_type(session.place, str)
    assert_type(session.device.label, str)
    assert_type(session.refresh_token, RefreshToken)
    assert_type(session.refresh_token.jti_of(3), str)
    live = Session.objects.filter(kind=choices.SessionKind.TOKEN).live(user=user)
    assert_type(live, querysets.SessionQuerySet)
    assert_type(live.last_used_first().first(), Session | None)
    assert_type(live.current_first(session, limit=3), list[Session])
    assert_type(live.order_by(querysets.LAST_USED_AT).end(reason=choices.EndReason.REVOKED, actor=user), int)
    assert_type(querysets.used_after(moment) | querysets.unused_since(moment) | querysets.live_at(moment), Q)
    assert_type(session.delete(), tuple[int, dict[str, int]])
    models.Session.objects.create(user=user)


# signals


def add_claims(*, token: tokens.SessionAccessToken, session: Session, **kwargs: object) -> None:
    token["role"] = "authenticated"


for signal in (
    signals.access_token_issuing,
    signals.refresh_token_reused,
    signals.session_limit_reached,
    signals.session_moved,
    signals.credentials_revoked,
    signals.expired_cleared,
    signals.password_changed,
    signals.session_started,
    signals.session_starting,
    signals.sessions_ended,
    signals.sessions_ending,
):
    signal.connect(add_claims, dispatch_uid="project")


# middleware, mixins, throttling


class Browsers(middleware.BrowserSessionMiddleware):
    def get_actor(self, request: HttpRequest) -> AbstractBaseUser | None:
        return super().get_actor(request)


class CodeMixin(mixins.SignInMixin):
    def get_lifetime(self) -> api.Lifetime:
        return timedelta(days=1)

    def get_tag(self) -> str:
        return "web"

    def second_factor(
        self, request: HttpRequest, user: AbstractBaseUser, credentials: Mapping[str, Any]
    ) -> Iterable[str]:
        if not credentials.get("otp"):
            raise exceptions.SecondFactorRequired
        return super().second_factor(request, user, credentials)


class PinMixin(mixins.ReauthenticationMixin):
    def has_password(self, user: AbstractBaseUser) -> bool:
        return True

    def verify_password(
        self, request: HttpRequest, user: AbstractBaseUser, password: str, *, backend: str | None = None
    ) -> AbstractBaseUser | None:
        return user if password == "1815" else None


class Throttle(throttling.ActionThrottle):
    scope_attr = "own_scope"


# serializers, views, urls


class SignInSerializer(own_serializers.SignInSerializer):
    captcha = serializers.CharField()


class SessionSerializer(own_serializers.SessionSerializer):
    device = own_serializers.DeviceSerializer(read_only=True)
    place = serializers.CharField(read_only=True)


class SignIn(CodeMixin, views.SignInView):
    serializer_class = SignInSerializer
    session_serializer_class = SessionSerializer


class PageSignIn(CodeMixin, views.BrowserSignInView):
    def get_throttles(self) -> list[BaseThrottle]:
        return [Throttle(), *super().get_throttles()]

    def post(self, request: Request, **kwargs: object) -> Response:
        assert_type(self.get_csrf_header(), str)
        if not request.META.get("HTTPS"):
            raise views.BrowserSessionsMissing
        return super().post(request, **kwargs)


class LongSignIn(views.PasswordSignInView):
    def post(self, request: Request, **kwargs: object) -> Response:
        pair = self.sign_in(request, api.sign_in)
        assert_type(pair, api.TokenPair)
        return Response({"token": pair.access, "session": self.show(pair.session)})


class Refresh(views.RefreshView):
    serializer_class = own_serializers.RefreshSerializer


class SignOut(views.SignOutView):
    serializer_class = own_serializers.SignOutSerializer
    scope = choices.Scope.LOCAL

    def get_session(self, request: Request) -> Session:
        return super().get_session(request)


class SessionList(views.SessionListView):
    authentication_classes = (CookieAuthentication, BrowserAuthentication)
    serializer_class = SessionSerializer

    def get_queryset(self) -> querysets.SessionQuerySet:
        return super().get_queryset().exclude(tag="robot")


class OwnSessions(views.SessionsView):
    def get(self, request: Request) -> Response:
        return self.show_list()


class OwnStaff(views.StaffView):
    permission_classes = (views.HasSessionPermission,)
    permission_required = "auth_sessions.view_session"


class Own(mixins.OwnTransactionsMixin, APIView):
    pass


class MagicLink(views.AuthSessionsView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        if not request.body:
            raise views.LengthRequired
        raise exceptions.NoActiveAccount


urlpatterns: list[URLPattern | URLResolver] = [
    path("auth/token/", SignIn.as_view()),
    path("auth/sign-in/", PageSignIn.as_view()),
    path("auth/sessions/current/", views.CurrentSessionView.as_view()),
    path("auth/sessions/<str:session_id>/", views.SessionDetailView.as_view()),
    path("auth/users/<path:pk>/sessions/", views.UserSessionListView.as_view()),
    path("auth/users/<path:pk>/sign-out/", views.UserSignOutView.as_view()),
    path("auth/", include((urls.urlpatterns, urls.app_name))),
]


# pages


class Devices(pages.DevicesView):
    def get_queryset(self) -> querysets.SessionQuerySet:
        return super().get_queryset().exclude(tag="robot")


class About(pages.Page):
    template_name = "about.html"


class Others(PinMixin, sign_out_pages.SignOutOthersView):
    pass


PAGES: list[type[pages.Page]] = [
    pages.BrowserPage,
    pages.DevicePage,
    pages.RenameView,
    pages.SignedOutView,
    sign_out_pages.SignOutPage,
    sign_out_pages.SignOutView,
    sign_out_pages.SignOutEverywhereView,
]


# supabase


class Supabase(SupabaseConfig):
    def get_user_fields(self, user: AbstractBaseUser) -> dict[str, Any]:
        return {**super().get_user_fields(user), "phone": "+41"}


class PasswordGrant(CodeMixin, supabase.PasswordGrantView):
    def get_credentials(self, email: str, password: str) -> dict[str, str]:
        return super().get_credentials(email, password)


class Token(supabase.TokenView):
    grants = {"password": PasswordGrant, "refresh_token": supabase.RefreshTokenGrantView}


class Signup(supabase.SignupView):
    def build_user(self, email: str) -> AbstractBaseUser:
        return super().build_user(email)


class Person(supabase.UserView):
    def change_email(self, user: AbstractBaseUser, email: str) -> None:
        user.save()


class Whoami(supabase.SignedInView):
    content_negotiation_class = supabase.JSONOnly

    def get(self, request: Request) -> Response:
        assert_type(self.get_token(), tokens.SessionAccessToken)
        return Response({"user": self.get_caller().get_username()})


ENDPOINTS: list[type[supabase.SupabaseView]] = [
    supabase.HealthView,
    supabase.KeySetView,
    supabase.LogoutView,
    supabase.SettingsView,
    supabase.SignInBaseView,
    supabase.UnknownPathView,
    supabase.UnsupportedGrantView,
]


def who(key: uuid.UUID) -> dict[str, Any]:
    profile = Profile.objects.get(uuid=key)
    assert_type(profile, Profile)
    return email_provider()


# admin


class OwnSessionAdmin(SessionAdmin):
    list_per_page = 50


class UserAdmin(admin.ModelAdmin[User]):
    inlines = [SessionInline]
    actions = [sign_out_everywhere]


# channels


class Chat(SessionConsumerMixin):
    allows_anonymous = True

    async def disconnect(self, code: int) -> None:
        if code == SIGNED_OUT:
            assert_type(self.scope[SESSION], Any)
            assert_type(self.scope[ERROR], Any)


application = SessionAuthMiddleware(Chat())


# from simplejwt


class OldClientsSignIn(simplejwt.TokenObtainPairView):
    def get_response_data(self, session: Session, pair: api.TokenPair) -> dict[str, Any]:
        return {**super().get_response_data(session, pair), "expires_at": pair.expires_at}


class Long(mixins.NewSessionMixin):
    def get_lifetime(self) -> api.Lifetime:
        return timedelta(days=120)


class OldClientsRefresh(Long, simplejwt.TokenRefreshView):
    """A session of an old token lasts as long as the token did."""


class OldTokens(SessionOrSimpleJWTAuthentication):
    """Old access tokens are accepted, too."""


class SlidingView(simplejwt.ExchangeView):
    def post(self, request: Request) -> Response:
        claim: str = simplejwt.SLIDING
        session = Session.objects.get()
        return Response({"token": simplejwt.issue_sliding(session, request=request), "claim": claim})


OLD_CLIENTS: list[type[views.TokenPairView]] = [
    simplejwt.SimpleJWTView,
    simplejwt.TokenBlacklistView,
    simplejwt.TokenObtainSlidingView,
    simplejwt.TokenRefreshSlidingView,
    simplejwt.TokenVerifyView,
    OldClientsRefresh,
    OldClientsSignIn,
]


def end_old_tokens(user: User) -> bool:
    refuse_old_tokens([user.pk])
    assert_type([*simplejwt_urls.urlpatterns, *sliding_urls.urlpatterns], list[URLPattern])
    return accepts_old_access_tokens()
