"""What a project may name in ``INSTALLED_APPS`` in the place of an app of ours."""

from auth_sessions.supabase.apps import SupabaseConfig


class OwnSupabaseConfig(SupabaseConfig):
    """Says more of its users."""

    def get_user_fields(self, user):
        return {**super().get_user_fields(user), "app_metadata": {"plan": "free"}}
