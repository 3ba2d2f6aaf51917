"""What a project may import is a tested fact: the public modules, and every public name of each."""

import ast
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import auth_sessions
from tests.support.host import has_admin, has_supabase, require
from tests.support.paths import ROOT

PUBLIC = {
    "activity.apps": """
        ActivityConfig
    """,
    "activity.choices": """
        ActivityKind
    """,
    "activity.models": """
        Activity
    """,
    "activity.page_urls": """
        app_name urlpatterns
    """,
    "activity.report_views": """
        ActivityReportView
    """,
    "activity.sentences": """
        describe format_when
    """,
    "activity.serializers": """
        ActivitySerializer PresentedSerializer
    """,
    "activity.signals": """
        activity_recorded activity_reported
    """,
    "activity.urls": """
        app_name urlpatterns
    """,
    "activity.views": """
        ActivityListView ActivityPagination LARGEST_PAGE PAGE_SIZE
    """,
    "admin": """
        SessionAdmin SessionInline sign_out_everywhere
    """,
    "api": """
        ClearedBatch DEFAULT HandOver Lifetime SecondFactor TokenPair achange_password acreate_hand_over
        aget_hand_over aget_session aissue_access_token amark_reauthenticated aredeem_hand_over arefresh asign_in
        asign_in_user asign_out change_password clear_expired create_hand_over get_hand_over get_session
        issue_access_token mark_reauthenticated redeem_hand_over refresh sign_in sign_in_user sign_out
    """,
    "authentication": """
        BrowserSessionAuthentication CachedSessionJWTAuthentication LazyUser SessionJWTAuthentication StepUpRequired
        get_bearer_classes get_session get_session_of_expired_token get_session_of_refresh_token get_valid_session
        to_api_exception
    """,
    "channels.consumers": """
        SIGNED_OUT SessionConsumerMixin
    """,
    "channels.middleware": """
        ERROR SESSION SessionAuthMiddleware
    """,
    "choices": """
        DeviceType EndReason Scope SessionKind
    """,
    "conf": """
        Settings conf
    """,
    "contrib.simplejwt.authentication": """
        SessionOrSimpleJWTAuthentication accepts_old_access_tokens
    """,
    "contrib.simplejwt.exchange": """
        refuse_old_tokens
    """,
    "contrib.simplejwt.sliding_urls": """
        urlpatterns
    """,
    "contrib.simplejwt.urls": """
        urlpatterns
    """,
    "contrib.simplejwt.views": """
        ExchangeView SLIDING SimpleJWTView TokenBlacklistView TokenObtainPairView TokenObtainSlidingView
        TokenRefreshSlidingView TokenRefreshView TokenVerifyView issue_sliding
    """,
    "decorators": """
        recently_authenticated
    """,
    "exceptions": """
        AuthSessionsError HandOverNotValid HandOverRefused InsufficientUserAuthentication NoActiveAccount
        PasswordChanged PasswordTooLong ReauthenticationFailed ReauthenticationUnavailable RefreshTokenAlreadyUsed
        RefreshTokenForged SecondFactorInvalid SecondFactorRequired SessionExpired SessionIdle SessionInvalid
        SessionLimitReached SessionNotFound TokenExpired TokenNotValid UserInactive UserNotFound
    """,
    "masking": """
        DENYLIST Secret SecretBytes
    """,
    "middleware": """
        BrowserSessionMiddleware
    """,
    "mixins": """
        NewSessionMixin OwnTransactionsMixin ReauthenticationMixin SecondFactorMixin SignInMixin StepUpMixin
    """,
    "models": """
        RefreshToken Session
    """,
    "pages.hand_over": """
        HandOverView
    """,
    "pages.sign_out": """
        SignOutEverywhereView SignOutOthersView SignOutPage SignOutView
    """,
    "pages.step_up": """
        ProofPage ReauthenticateView
    """,
    "pages.views": """
        BrowserPage DevicePage DevicesView Page RenameView SignedOutView
    """,
    "permissions": """
        RecentlyAuthenticated
    """,
    "querysets": """
        LAST_USED_AT SessionQuerySet live_at unused_since used_after
    """,
    "serializers": """
        DeviceSerializer HandOverSerializer ReauthenticateSerializer RefreshSerializer SessionSerializer
        SignInSerializer SignOutSerializer
    """,
    "signals": """
        access_token_issuing credentials_revoked expired_cleared password_changed refresh_token_reused
        session_limit_reached session_moved session_started session_starting sessions_ended sessions_ending
    """,
    "supabase.apps": """
        SupabaseConfig
    """,
    "supabase.models": """
        Profile email_provider
    """,
    "supabase.views": """
        HealthView JSONOnly KeySetView LogoutView PasswordGrantView RefreshTokenGrantView SettingsView
        SignInBaseView SignedInView SignupView SupabaseView TokenView UnknownPathView UnsupportedGrantView
        UserView
    """,
    "testing": """
        Browser CHROME_ON_IPHONE Clock Device FIREFOX_ON_MAC Response assert_signed_in assert_signed_out
        assert_signed_out_everywhere stopped_clock
    """,
    "throttling": """
        ActionThrottle
    """,
    "tokens": """
        SessionAccessToken SessionRefreshToken TokenPair issue parse
    """,
    "urls": """
        app_name urlpatterns
    """,
    "views": """
        AuthSessionsView BrowserSessionsMissing BrowserSignInView CurrentSessionView HandOverView
        HasSessionPermission LengthRequired PasswordSignInView ReauthenticateView RefreshView SessionDetailView
        SessionListView SessionsView SignInView SignOutView StaffView TokenPairView UserSessionListView
        UserSignOutView
    """,
}

NOT_PUBLIC = """
    apps audit checks core db devices management metrics migrations moments observers openapi parsers passwords paths
    preferences presets pytest_plugin receivers refusals registries security_log step_up
"""

INTERFACES = {"activity", "channels", "contrib", "pages", "supabase"}
"""Packages that are mounted or installed; their views, consumers and middleware are subclassed."""


def defined_in(module):
    """What ``__all__`` says, else the classes, functions and constants that the module defines itself."""
    if hasattr(module, "__all__"):
        return set(module.__all__)
    names = set()
    for node in ast.parse(Path(module.__file__).read_text()).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
        names |= {name for target in targets if (name := getattr(target, "id", getattr(target, "name", None)))}
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names(module):
    if module.startswith("channels."):
        pytest.importorskip("channels", reason="needs channels")
    if module == "admin":
        require(has_admin)
    if module.startswith("supabase."):
        require(has_supabase)
    assert defined_in(import_module(f"auth_sessions.{module}")) == set(PUBLIC[module].split())


def test_each_is_used_by_a_project_that_is_type_checked():
    """``tox run -e types`` checks that project against the installed wheel."""
    consumers = (ROOT / "tests" / "types").glob("*.py")
    nodes = [node for path in consumers for node in ast.walk(ast.parse(path.read_text()))]
    used = {getattr(node, "id", getattr(node, "attr", None)) for node in nodes}
    assert {name for names in PUBLIC.values() for name in names.split()} <= used


def test_public_modules():
    modules = {module.name for module in pkgutil.iter_modules(auth_sessions.__path__)}
    public = {name for name in PUBLIC if "." not in name} | INTERFACES
    assert modules - public == set(NOT_PUBLIC.split())


def test_each_function_of_the_api_has_an_async_twin():
    functions = PUBLIC["api"].split()
    twins = {name for name in functions if f"a{name}" in functions}
    assert twins == {
        "sign_in",
        "sign_in_user",
        "refresh",
        "sign_out",
        "change_password",
        "get_session",
        "issue_access_token",
        "mark_reauthenticated",
        "create_hand_over",
        "get_hand_over",
        "redeem_hand_over",
    }
