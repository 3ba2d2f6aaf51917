"""The paths of pages that a project may mount or not."""

from django.urls import NoReverseMatch, reverse


def path_of(name: str, *args: object) -> str:
    """The path of the URL with this name; "" if the project has not mounted it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
