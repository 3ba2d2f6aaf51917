from django.urls import path
from knox.views import LoginView, LogoutAllView, LogoutView
from project.views import MeView
from rest_framework.authentication import BasicAuthentication

urlpatterns = [
    path("api/login/", LoginView.as_view(authentication_classes=[BasicAuthentication])),
    path("api/logout/", LogoutView.as_view()),
    path("api/logoutall/", LogoutAllView.as_view()),
    path("api/me/", MeView.as_view()),
]
