"""A second factor of the host: one code for everybody."""

from auth_sessions.exceptions import SecondFactorInvalid, SecondFactorRequired

CODE = "424242"


class CodeMixin:
    asked = []

    def second_factor(self, request, user, credentials):
        self.asked.append((request.path, user.pk))
        if not credentials.get("otp"):
            raise SecondFactorRequired
        if credentials["otp"] != CODE:
            raise SecondFactorInvalid
        return "otp", "mfa"
