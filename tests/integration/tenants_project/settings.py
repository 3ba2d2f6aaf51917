"""A host project of django-tenants: users and sessions are in the schema of each tenant, the cache is one for all."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE

SHARED_APPS = ["django_tenants", "tests.integration.tenants_project", "django.contrib.contenttypes"]
TENANT_APPS = [name for name in INSTALLED_APPS if name not in {"axes", "auth_sessions.supabase"}]
INSTALLED_APPS = SHARED_APPS + [name for name in TENANT_APPS if name not in SHARED_APPS]
TENANT_MODEL, TENANT_DOMAIN_MODEL = "tenants_project.Tenant", "tenants_project.Domain"
DATABASES = {"default": {**DATABASES["default"], "ENGINE": "django_tenants.postgresql_backend"}}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
MIDDLEWARE = ["django_tenants.middleware.main.TenantMainMiddleware", *MIDDLEWARE]
USE_X_FORWARDED_HOST = True
ROOT_URLCONF = "tests.integration.tenants_project.urls"
