from django.urls import include, path
from project.views import MeView

urlpatterns = [
    path("api/auth/", include("dj_rest_auth.urls")),
    path("api/me/", MeView.as_view()),
]
