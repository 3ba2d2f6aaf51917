"""A person is deleted together with the member of the staff who acts in their name."""

import pytest
from django.contrib.auth import get_user_model
from django.db.models.signals import post_delete


@pytest.mark.parametrize("is_audited", [False, True])
def test_nothing_is_left_of_them(ada, grace, help_device, told, is_audited):
    """Also where Django reads each row before it deletes it, since an audit trail hears of all deletions."""

    def audit(sender, instance, **kwargs):
        pass

    if is_audited:
        post_delete.connect(audit)
    try:
        get_user_model().objects.filter(pk__in=[ada.pk, grace.pk]).delete()
    finally:
        post_delete.disconnect(audit)
    assert told("user_id") == []
