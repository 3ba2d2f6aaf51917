"""A project that has come from simplejwt: this app's views at ``api/``, and simplejwt's own beside them at ``old/``."""

from django.urls import include, path
from rest_framework_simplejwt import views as simplejwt

from tests.urls import urlpatterns as usual

urlpatterns = [
    path("api/sliding/", include("auth_sessions.contrib.simplejwt.sliding_urls")),
    path("api/", include("auth_sessions.contrib.simplejwt.urls")),
    path("old/token/", simplejwt.token_obtain_pair),
    path("old/token/refresh/", simplejwt.token_refresh),
    path("old/token/verify/", simplejwt.token_verify),
    path("old/token/blacklist/", simplejwt.token_blacklist),
    path("old/sliding/token/", simplejwt.token_obtain_sliding),
    path("old/sliding/token/refresh/", simplejwt.token_refresh_sliding),
    *usual,
]
