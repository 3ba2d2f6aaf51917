from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User

from auth_sessions.admin import SessionInline, sign_out_everywhere

admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    actions = (sign_out_everywhere,)
    inlines = (SessionInline,)
