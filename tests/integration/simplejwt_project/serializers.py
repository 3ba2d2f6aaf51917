"""The old project's own claims, and what it says beside the tokens."""

from rest_framework_simplejwt.serializers import TokenObtainPairSerializer


class OwnTokenObtainPairSerializer(TokenObtainPairSerializer):
    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token["plan"] = "free"
        return token

    def validate(self, attrs):
        return {**super().validate(attrs), "username": self.user.get_username()}
