"""A new password, and forms of Django's that set it."""

from django.contrib.auth.forms import AdminPasswordChangeForm, SetPasswordForm

NEW = "another 1816 passphrase"


def set_password(user):
    user.set_password(NEW)
    user.save()


def _fill_in(form, *names):
    def change(user):
        bound = form(user, dict.fromkeys(names, NEW))
        assert bound.is_valid(), bound.errors
        bound.save()

    return change


BY_FORM = {
    "reset form": _fill_in(SetPasswordForm, "new_password1", "new_password2"),
    "form of the admin": _fill_in(AdminPasswordChangeForm, "password1", "password2"),
}
