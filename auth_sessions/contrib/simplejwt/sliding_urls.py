"""For projects with sliding tokens: ``path("api/", include("auth_sessions.contrib.simplejwt.sliding_urls"))``.

The names are those of simplejwt's documents, in no namespace; two of them are also in ``urls``, whose place this takes.
"""

from django.urls import URLPattern, path

from auth_sessions.contrib.simplejwt import views

urlpatterns: list[URLPattern] = [
    path(f"token{action}{slash}", view.as_view(**options), name=name)
    for slash, options in (("", {"schema": None}), ("/", {}))
    for action, view, name in (
        ("", views.TokenObtainSlidingView, "token_obtain"),
        ("/refresh", views.TokenRefreshSlidingView, "token_refresh"),
        ("/verify", views.TokenVerifyView, "token_verify"),
    )
]
