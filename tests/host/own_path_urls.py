"""A project that has the views of the REST API at paths and under names of its own."""

from django.urls import path

from auth_sessions import views

urlpatterns = [
    path("in/", views.SignInView.as_view()),
    path("again/", views.RefreshView.as_view()),
    path("out/", views.SignOutView.as_view()),
]
