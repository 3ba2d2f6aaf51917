"""The host's, with its async views where adrf is installed."""

from importlib.util import find_spec

from tests import urls

urlpatterns = [*urls.urlpatterns]
if find_spec("adrf"):
    from tests.host import async_views

    urlpatterns = [*async_views.urlpatterns]
