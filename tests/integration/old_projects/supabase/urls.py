from django.urls import path
from project.authentication import SupabaseAuthentication
from project.views import MeView

urlpatterns = [
    path("api/me/", MeView.as_view()),
    path("api/edge/", MeView.as_view(authentication_classes=[SupabaseAuthentication])),
]
