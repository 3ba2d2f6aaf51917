from django.urls import include, path
from project.views import MeView

urlpatterns = [
    path("auth/", include("djoser.urls")),
    path("auth/", include("djoser.urls.jwt")),
    path("api/me/", MeView.as_view()),
]
