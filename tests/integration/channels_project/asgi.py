"""As docs/sockets.md has it."""

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()

from tests.host.consumers import application as sockets  # noqa: E402 - models are ready now

application = ProtocolTypeRouter({"http": http, "websocket": sockets})
