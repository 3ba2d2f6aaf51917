"""A host project whose admin wears django-unfold."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

ROOT_URLCONF = "tests.integration.unfold_project.urls"
INSTALLED_APPS = ["unfold", *INSTALLED_APPS]
