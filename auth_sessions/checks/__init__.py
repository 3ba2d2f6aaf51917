from auth_sessions.checks.settings import register

__all__ = ["register"]
