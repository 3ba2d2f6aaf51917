"""What a project may set as ``EXCEPTION_HANDLER``."""

from rest_framework.views import exception_handler


def problem(exc, context):
    """Shapes refusals in its own way."""
    response = exception_handler(exc, context)
    response.data = {"problem": exc.detail["code"]}
    return response


def no_handler(exc, context):
    """Lets everything through as an error page."""
    raise AssertionError("The Supabase API answers by itself.")
