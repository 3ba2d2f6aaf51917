from django.urls import include, path

from example_project.urls import urlpatterns as example

urlpatterns = [*example, path("accounts/", include("django.contrib.auth.urls"))]
