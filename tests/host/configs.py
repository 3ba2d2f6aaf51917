"""What a project may name in ``INSTALLED_APPS`` in the place of an app of ours."""

from auth_sessions.activity.apps import ActivityConfig
from auth_sessions.supabase.apps import SupabaseConfig


class OwnSupabaseConfig(SupabaseConfig):
    """Says more of its users."""

    def get_user_fields(self, user):
        return {**super().get_user_fields(user), "app_metadata": {"plan": "free"}}


class SilentActivityConfig(ActivityConfig):
    """The history is installed, and only ``tests/activity`` writes to it: any other test counts what others have."""

    def ready(self):
        from auth_sessions.activity import checks

        checks.register()
