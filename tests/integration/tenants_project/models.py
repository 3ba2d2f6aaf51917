"""The tenants of the host: each is a schema of PostgreSQL, found by the host name of a request."""

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Tenant(TenantMixin):
    name = models.CharField(max_length=100)

    auto_create_schema = True

    class Meta:
        app_label = "tenants_project"


class Domain(DomainMixin):
    class Meta:
        app_label = "tenants_project"
