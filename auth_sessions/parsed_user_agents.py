"""The classifier of :mod:`~auth_sessions.user_agents`, with the names that ua-parser knows (the extra ``devices``).

Its list is kept up to date, and knows many more browsers and systems. What is a bot or a program is decided here as
there: ua-parser names those by text that the client chose.
"""

from auth_sessions import user_agents
from auth_sessions.choices import DeviceType

try:
    import ua_parser
except ImportError:
    is_available = False
else:
    # Its engine in plain Python takes milliseconds for a hostile string, the compiled one microseconds.
    is_available = ua_parser.RegexResolver is not None

PLAIN_NAMES = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Ecosia iOS": "Ecosia",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "",
    "Opera Mobile": "Opera",
    "Opera Touch": "Opera",
    "Chrome OS": "ChromeOS",
    "Mac OS X": "macOS",
}
"""ua-parser's names, as the people who use these things call them; the web view of an app is no browser."""

TYPES = {**user_agents.TYPES, "Windows Phone": DeviceType.PHONE, "KaiOS": DeviceType.PHONE}


def classify(user_agent: str) -> tuple[str, str, DeviceType]:
    """``(browser or program, operating system, type)``; what ua-parser does not know is left as it was recognised."""
    browser, system, device_type = user_agents.classify(user_agent)
    if device_type in (DeviceType.BOT, DeviceType.APP):
        return browser, system, device_type
    parsed = ua_parser.parse(user_agent)
    if parsed.device and parsed.device.brand == "Spider":
        return "", "", DeviceType.BOT
    if parsed.user_agent:
        browser = PLAIN_NAMES.get(parsed.user_agent.family, parsed.user_agent.family)
    if parsed.os and system != "iPadOS":
        system = PLAIN_NAMES.get(parsed.os.family, parsed.os.family)
    return browser, system, TYPES.get(system, device_type)
