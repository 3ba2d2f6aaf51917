from django.contrib import admin
from django.contrib.auth import admin as auth_admin  # noqa: F401 - registers its own first
from django.contrib.auth import get_user_model

from auth_sessions.admin import SessionInline, sign_out_everywhere

if admin.site.is_registered(get_user_model()):
    admin.site.unregister(get_user_model())


@admin.register(get_user_model())
class PersonAdmin(admin.ModelAdmin):
    actions = (sign_out_everywhere,)
    inlines = (SessionInline,)
