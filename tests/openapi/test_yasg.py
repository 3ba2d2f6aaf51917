"""drf-yasg, the older generator, which knows nothing of the app: it finds each view, and does not fail."""

import pytest

from tests.host.openapi_urls import urlpatterns
from tests.support.nested_runs import usual_host
from tests.support.openapi import document

pytest.importorskip("drf_yasg", reason="needs drf-yasg")

pytestmark = [pytest.mark.integration, pytest.mark.any_database, usual_host]


def test_each_view_is_found(caplog):
    from drf_yasg.generators import OpenAPISchemaGenerator
    from drf_yasg.openapi import Info

    generator = OpenAPISchemaGenerator(Info(title="Host", default_version="1"), patterns=urlpatterns)
    assert set(generator.get_schema(public=True).paths) == set(document()["paths"])
    assert [record.getMessage() for record in caplog.records] == []
