"""Authentication backends of the host."""


class LetsNobodyIn:
    def authenticate(self, request, **credentials):
        return None
