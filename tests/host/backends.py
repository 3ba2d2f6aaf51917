"""Authentication backends of the host."""

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend, ModelBackend


class LetsNobodyIn:
    def authenticate(self, request, **credentials):
        return None


class RefusesStaff(ModelBackend):
    """As ``ModelBackend``, but a rule of its own decides who may be signed in."""

    def user_can_authenticate(self, user):
        return super().user_can_authenticate(user) and not user.is_staff


class Directory(BaseBackend):
    """Reads people from elsewhere: it knows those who are not staff, active or not."""

    def authenticate(self, request, password=None, **names):
        user = get_user_model()._base_manager.filter(**names).first()
        return user if user is not None and user.check_password(password) else None

    def get_user(self, user_id):
        return get_user_model()._base_manager.filter(pk=user_id, is_staff=False).first()


class FindsEverybody(ModelBackend):
    """Does not ask the user model's default manager."""

    def get_user(self, user_id):
        return get_user_model()._base_manager.filter(pk=user_id).first()


class OnlyAuthenticates(BaseBackend):
    """For tokens alone: it has no ``get_user()`` of its own, so that it cannot tell who is known."""

    def authenticate(self, request, password=None, **names):
        return Directory().authenticate(request, password, **names)
