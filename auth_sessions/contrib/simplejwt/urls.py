"""Mount in the place of simplejwt's views: ``path("api/", include("auth_sessions.contrib.simplejwt.urls"))``.

The names are simplejwt's, in no namespace. Each path is also good without its last slash; ``reverse()`` gives it with.
"""

from django.urls import URLPattern, path

from auth_sessions.contrib.simplejwt import views

urlpatterns: list[URLPattern] = [
    path(f"token{action}{slash}", view.as_view(**options), name=name)
    # Of two with one name, reverse() takes the last. The other is left out of an OpenAPI schema.
    for slash, options in (("", {"schema": None}), ("/", {}))
    for action, view, name in (
        ("", views.TokenObtainPairView, "token_obtain_pair"),
        ("/refresh", views.TokenRefreshView, "token_refresh"),
        ("/verify", views.TokenVerifyView, "token_verify"),
        ("/blacklist", views.TokenBlacklistView, "token_blacklist"),
    )
]
