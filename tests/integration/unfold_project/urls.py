"""The app's admin as it is, and derived from unfold's own class as unfold would have it."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.urls import path
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from auth_sessions.admin import SessionAdmin, SessionInline, sign_out_everywhere
from auth_sessions.models import Session
from tests import urls


class DressedSessionAdmin(SessionAdmin, ModelAdmin):
    pass


class DressedPersonAdmin(ModelAdmin):
    actions = (sign_out_everywhere,)
    inlines = (SessionInline,)


dressed = UnfoldAdminSite(name="dressed")
dressed.register(Session, DressedSessionAdmin)
dressed.register(get_user_model(), DressedPersonAdmin)

urlpatterns = [path("dressed/", dressed.urls), path("admin/", admin.site.urls), *urls.urlpatterns]
