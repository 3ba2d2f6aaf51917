from django.urls import include, path

urlpatterns = [path("api/<str:version>/auth/", include("auth_sessions.urls"))]
