"""The access token of a handshake, which a browser can send by subprotocol or in the URL only."""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from auth_sessions.masking import Secret

SUBPROTOCOL = "bearer"
"""``new WebSocket(url, ["bearer", token])``: the access token is the subprotocol after this one."""

QUERY_PARAMETER = "access_token"
"""As in RFC 6750, section 2.3. The subprotocol is better: servers log addresses."""

PROTOCOL_HEADER = b"sec-websocket-protocol"


class Handshake(NamedTuple):
    """A scope without the access token, so that no consumer echoes, logs or reports it."""

    scope: dict[str, Any]
    token: str | None
    """None if there is none in subprotocols and URL."""
    subprotocol: str | None
    """What the handshake is answered with, unless the consumer chooses another subprotocol: browsers require it."""


def take_token(scope: dict[str, Any]) -> Handshake:
    """Read the access token, and remove it from the scope."""
    scope = dict(scope)
    offered = list(scope.get("subprotocols") or ())
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    from_query = [value for name, value in query if name == QUERY_PARAMETER]
    if from_query:
        scope["query_string"] = urlencode([pair for pair in query if pair[0] != QUERY_PARAMETER]).encode()
    at = next((number for number, name in enumerate(offered) if name.lower() == SUBPROTOCOL), None)
    if at is None:
        return Handshake(scope, Secret(from_query[0]) if from_query else None, None)
    scope["subprotocols"] = offered[:at] + offered[at + 2 :]
    headers = [pair for pair in scope["headers"] if pair[0].lower() != PROTOCOL_HEADER]
    if scope["subprotocols"]:
        headers.append((PROTOCOL_HEADER, ", ".join(scope["subprotocols"]).encode("latin-1")))
    scope["headers"] = headers
    return Handshake(scope, Secret(offered[at + 1]) if at + 1 < len(offered) else Secret(""), offered[at])
