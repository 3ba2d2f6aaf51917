"""Authentication backends of the host."""

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.core.validators import validate_email

from auth_sessions.choices import EndReason
from auth_sessions.models import Session


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


class ByEmail(BaseBackend):
    """Looks up the address, under the name of the parameter that Django's login form sends."""

    fields = ("email",)

    def authenticate(self, request, username=None, password=None):
        return self.find(username, password)

    def find(self, name, password):
        for field in self.fields:
            for user in get_user_model().objects.filter(**{field: name or "?"}):
                if user.check_password(password):
                    return user
        return None

    def get_user(self, user_id):
        return get_user_model().objects.filter(pk=user_id).first()


class ByEmailKeyword(ByEmail):
    """Names its parameter for what it is, and requires it."""

    def authenticate(self, request, email, password):
        return self.find(email, password)


class ByLogin(ByEmail):
    """Takes a name under a word of its own."""

    def authenticate(self, request, login, password, realm=""):
        return self.find(login, password)


class ByNameOrKeywords(ByEmail):
    """Looks up the address, which Django's login form sends as ``username``, and takes other keywords for nothing."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        return self.find(username.lower(), password)


class ByKeywords(ByEmail):
    """Names no parameter, and requires a keyword."""

    def authenticate(self, request, **credentials):
        return self.find(credentials["email"], credentials["password"])


class ByOneAddress(ByEmail):
    """Finds several people where no address is given."""

    def authenticate(self, request, email=None, password=None, **kwargs):
        user = get_user_model().objects.get(**({"email": email} if email else {}))
        return user if user.check_password(password) else None


class ByFirstName(ByEmail):
    """Takes what is neither the user name nor the address: an attribute of the user."""

    fields = ("first_name",)

    def authenticate(self, request, *, first_name, password):
        return self.find(first_name, password)


class ByMoment(ByEmail):
    """Takes what has a type of its own, as a phone number or a UUID has, and can look up nothing else."""

    fields = ("date_joined",)

    def authenticate(self, request, date_joined, password):
        return self.find(date_joined, password)


class ByDay(ByMoment):
    """Names it as the user model does not."""

    def authenticate(self, request, day, password):
        return self.find(day, password)


class ByMomentAsText(ByMoment):
    """Reads the text that a form sends, and can read nothing else."""

    def authenticate(self, request, date_joined=None, password=None):
        return self.find(date_joined.strip() if date_joined else None, password)

    def find(self, name, password):
        return super().find(name, password) if name else None


class ByFirstNameAsText(ByFirstName):
    """Reads the text that a form sends."""

    def authenticate(self, request, first_name=None, password=None):
        return self.find(first_name.strip() if first_name else None, password)


class ByNumber(ByEmail):
    """Cannot read a name."""

    def authenticate(self, request, number, password):
        return get_user_model().objects.filter(pk=int(number)).first()


class SplitsAddress(ByEmail):
    """Cannot read what is no address, which the sign-in form of the host does not send."""

    def authenticate(self, request, username=None, password=None):
        name, domain = username.split("@")
        return self.find(f"{name}@{domain.lower()}", password)


class ValidatesAddress(ByEmail):
    """Refuses what is no address as a form does."""

    def authenticate(self, request, username=None, password=None):
        validate_email(username)
        return self.find(username, password)


class SplitsName(ByEmail):
    """Reads the text that a form sends, under Django's own name for it."""

    def authenticate(self, request, username=None, password=None):
        return self.find(username.strip(), password)


class RequiresAddress(ByEmail):
    """Names ``username`` as Django does, and reads the address alone."""

    def authenticate(self, request, username=None, password=None, email=None):
        return self.find(email.lower(), password)


class Fails(ByEmail):
    """Whatever it is asked."""

    def authenticate(self, request, username=None, password=None, email=None):
        raise RuntimeError(f"It fails for {username or email}.")


class IsDown(ByEmail):
    """Asks a server that does not answer, unless it can tell without it that nobody has this name."""

    def authenticate(self, request, username=None, password=None):
        if "@" not in username:
            raise ConnectionError(f"No answer for {username}.")


class ByLink(ByEmail):
    """Takes no password."""

    def authenticate(self, request, token=None):
        return None


class ByLinkOrPassword(ModelBackend):
    """Takes the code of a link that was sent, or a name and a password."""

    def authenticate(self, request, username=None, password=None, link_code=None):
        if link_code is None:
            return super().authenticate(request, username, password)
        return next((user for user in get_user_model().objects.all() if user.link_code == link_code), None)


class ByPersonnelCode(ByEmail):
    """Requires a code beside the password."""

    def authenticate(self, request, personnel_code, password):
        found = (user for user in get_user_model().objects.all() if user.personnel_code == personnel_code)
        return next((user for user in found if user.check_password(password)), None)


class TakesOthersIn(ModelBackend):
    """Returns the first of all users for any right name and password."""

    def authenticate(self, request, **credentials):
        user = super().authenticate(request, **credentials)
        return user and get_user_model().objects.exclude(pk=user.pk).first()


class SignsOutEverywhere(ModelBackend):
    """As ``ModelBackend``; meanwhile, the person signs out everywhere from another device."""

    def authenticate(self, request, username=None, password=None, **names):
        user = super().authenticate(request, username, password, **names)
        if user is not None:
            Session.objects.of_person(user.pk).end(reason=EndReason.SIGNED_OUT)
        return user
