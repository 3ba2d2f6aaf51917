"""A name that a form of another package has read from JSON, where half of a surrogate pair may stand."""

from django.contrib.auth.signals import user_login_failed


def test_what_no_database_holds(rf, security_log):
    for name in ("ada", "\ud800", "\udfff"):
        user_login_failed.send(__name__, credentials={"username": name, "email": name}, request=rf.post("/"))
    assert len({record.login_hash for record in security_log.records}) == 3
