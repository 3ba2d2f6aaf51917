"""A copy of a user is saved in another database, which has no history."""

from auth_sessions.activity import receivers


def test_a_new_password_of_a_copy_is_not_told(ada, told):
    """The row would be written to a table that need not exist there, and the ``save()`` of the project would fail."""
    receivers.record_password_change(ada, None, None, using="other")
    assert told() == []
