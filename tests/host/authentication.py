"""Authentication classes of the host's own: the token stands in a header of another name."""

from auth_sessions.authentication import CachedSessionJWTAuthentication, SessionJWTAuthentication


class OwnHeaderMixin:
    def get_header(self, request):
        own = request.META.get("HTTP_X_TOKEN")
        return super().get_header(request) if own is None else f"Bearer {own}".encode()


class OwnHeaderAuthentication(OwnHeaderMixin, SessionJWTAuthentication):
    pass


class CachedOwnHeaderAuthentication(OwnHeaderMixin, CachedSessionJWTAuthentication):
    pass
