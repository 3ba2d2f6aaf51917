from auth_sessions.checks.project import register

__all__ = ["register"]
