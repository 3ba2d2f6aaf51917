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


def with_codes(exc, context):
    """Says what an error says, and by which codes."""
    response = exception_handler(exc, context)
    response.data = {"error": exc.get_codes(), "data": response.data}
    return response
