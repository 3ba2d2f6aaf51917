"""What a person should look at twice."""

from auth_sessions.activity.choices import ActivityKind

ALERTS = (ActivityKind.REFRESH_TOKEN_REUSED, ActivityKind.NEW_DEVICE, ActivityKind.SESSION_MOVED)
"""The pages mark these events, and e-mails may tell of them."""
