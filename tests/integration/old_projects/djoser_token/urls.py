from django.urls import include, path
from project.views import MeView

urlpatterns = [
    path("auth/", include("djoser.urls")),
    path("auth/", include("djoser.urls.authtoken")),
    path("api/me/", MeView.as_view()),
]
