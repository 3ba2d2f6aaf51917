"""User models that are not Django's: other keys, other user names."""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class PeopleManager(BaseUserManager):
    def create_user(self, name, password=None, **fields):
        user = self.model(**{self.model.USERNAME_FIELD: name}, **fields)
        user.set_password(password)
        user.save()
        return user


class Person(AbstractBaseUser):
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    is_superuser = models.BooleanField(default=False)

    objects = PeopleManager()

    class Meta:
        abstract = True

    def has_perm(self, perm, obj=None):
        return self.is_superuser

    def has_module_perms(self, app_label):
        return self.is_superuser


class EmailUser(Person):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)

    USERNAME_FIELD = "email"


def new_code() -> str:
    return f"person/{uuid.uuid4().hex[:8]}"


class CodeUser(Person):
    id = models.CharField(primary_key=True, max_length=20, default=new_code)
    code = models.CharField(unique=True, max_length=100)

    USERNAME_FIELD = "code"
