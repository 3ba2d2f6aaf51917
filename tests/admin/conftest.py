import pytest

from tests.support.admin import AdminClient


@pytest.fixture
def may(make_user):
    """Somebody with these permissions only, at the admin."""
    from django.contrib.auth.models import Permission

    def open_admin(*codenames):
        user = make_user("joan", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return AdminClient(user)

    return open_admin
