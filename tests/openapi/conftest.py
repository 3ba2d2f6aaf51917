import pytest

pytest.importorskip("drf_spectacular", reason="needs drf-spectacular")
