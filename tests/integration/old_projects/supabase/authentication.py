"""Access tokens of Supabase Auth, whose signature alone is verified."""

import jwt
from django.conf import settings
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.models import TokenUser


class SupabaseUser(TokenUser):
    @property
    def username(self):
        return self.token["email"]


class SupabaseAuthentication(BaseAuthentication):
    def authenticate(self, request):
        word, _, token = get_authorization_header(request).decode().partition(" ")
        if word != "Bearer":
            return None
        try:
            claims = jwt.decode(token, settings.SUPABASE_JWT_SECRET, algorithms=["HS256"], audience="authenticated")
        except jwt.InvalidTokenError as error:
            raise AuthenticationFailed from error
        return SupabaseUser(claims), claims

    def authenticate_header(self, request):
        return "Bearer"
