"""What the server says of itself, and of a path that it does not have."""

from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions import __version__
from auth_sessions.conf import conf
from auth_sessions.supabase import users
from auth_sessions.supabase.errors import not_supported
from auth_sessions.supabase.views.base import SupabaseView
from auth_sessions.tokens.keys import public_keys


class KeySetView(SupabaseView):
    """``GET .well-known/jwks.json``: the public keys of the access tokens (RFC 7517); none under HS256."""

    def get(self, request: Request, **kwargs: object) -> Response:
        return Response({"keys": public_keys()}, headers={"Cache-Control": "public, max-age=600"})


class HealthView(SupabaseView):
    """``GET health``: the name and the version of the server."""

    def get(self, request: Request, **kwargs: object) -> Response:
        description = "auth_sessions, for the clients of Supabase Auth"
        return Response({"version": __version__, "name": "auth_sessions", "description": description})


class SettingsView(SupabaseView):
    """``GET settings``: the available ways to sign in."""

    def get(self, request: Request, **kwargs: object) -> Response:
        return Response(
            {
                "external": {"email": True, "phone": False, "anonymous_users": False},
                "disable_signup": not conf.AUTH_SESSIONS_SUPABASE_SIGNUP,
                "mailer_autoconfirm": users.is_autoconfirmed(),
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
                "saml_private_key_next_configured": False,
                "passkeys_enabled": False,
            }
        )


class UnknownPathView(SupabaseView):
    """Any other path of Supabase Auth: 404 ``not_supported``, as JSON."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise not_supported()
