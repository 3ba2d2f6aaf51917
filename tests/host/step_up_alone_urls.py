"""A host that mounts neither the pages nor the REST API."""

from django.urls import path

from tests.host.step_up_urls import plain

urlpatterns = [path("plain/", plain)]
