"""Authentication classes of the host's own: the token stands in a header of another name."""

from contextlib import contextmanager

from rest_framework_simplejwt.exceptions import AuthenticationFailed

from auth_sessions.authentication import CachedSessionJWTAuthentication, SessionJWTAuthentication


class OwnHeaderMixin:
    def get_header(self, request):
        own = request.META.get("HTTP_X_TOKEN")
        return super().get_header(request) if own is None else f"Bearer {own}".encode()


class OwnHeaderAuthentication(OwnHeaderMixin, SessionJWTAuthentication):
    pass


class CachedOwnHeaderAuthentication(OwnHeaderMixin, CachedSessionJWTAuthentication):
    pass


class OwnRealm(SessionJWTAuthentication):
    www_authenticate_realm = "shop"


REFUSED = set()


@contextmanager
def refused_session(device):
    """A device that the classes below refuse, for a reason of the host's own."""
    REFUSED.add(device.session_id)
    try:
        yield
    finally:
        REFUSED.clear()


class PickyAboutUsers(OwnHeaderAuthentication):
    def get_user(self, validated_token):
        user = super().get_user(validated_token)
        if str(validated_token.session.pk) in REFUSED:
            raise AuthenticationFailed("Not from here.", code="elsewhere")
        return user


class PickyAboutTokens(OwnHeaderAuthentication):
    def get_validated_token(self, raw_token):
        token = super().get_validated_token(raw_token)
        if str(token.session_id) in REFUSED:
            raise AuthenticationFailed("Not from here.", code="elsewhere")
        return token


class CachedPicky(CachedOwnHeaderAuthentication):
    def get_user(self, validated_token):
        user = super().get_user(validated_token)
        if str(validated_token.session.pk) in REFUSED:
            raise AuthenticationFailed("Not from here.", code="elsewhere")
        return user
