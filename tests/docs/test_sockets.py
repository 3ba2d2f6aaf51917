"""What docs/sockets.md recommends does what it says."""

import re
import sys
from contextlib import contextmanager
from types import ModuleType

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from tests.support.paths import ROOT

pytest.importorskip("channels", reason="needs channels")

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "sockets.md").read_text(), re.DOTALL)


@pytest.fixture
def recipe():
    module = sys.modules["recipe"] = ModuleType("recipe")
    yield lambda number, **names: exec(BLOCKS[number], vars(module).update(names) or vars(module)) or module
    sys.modules.pop("recipe", None)


async def greet(application, laptop):
    from tests.support.sockets import SIGNED_OUT, Client

    socket = Client(laptop, app=application)
    socket.scope["path"] = "/ws/"
    answer = await (await socket.opened()).answer()
    await sync_to_async(laptop.sign_out)()
    assert await socket.closed() == SIGNED_OUT
    return answer


def test_the_application(recipe, ada, laptop):
    assert async_to_sync(greet)(recipe(0).application, laptop) == f"{ada.get_username()}: hello"


def test_tenants(recipe, ada, laptop):
    """Each read of the database is within the tenant."""
    entered = []

    @contextmanager
    def tenant_of(scope):
        entered.append(scope["path"])
        yield

    recipe(0)
    module = recipe(1, tenant_of=tenant_of)

    class Greeter(module.TenantConsumerMixin, module.Greeter):
        pass

    application = module.TenantAuthMiddleware(module.URLRouter([module.path("ws/", Greeter.as_asgi())]))
    assert async_to_sync(greet)(application, laptop) == f"{ada.get_username()}: hello"
    assert entered == ["/ws/"] * 2
