"""The names that ua-parser knows (the extra ``devices``), over :mod:`~auth_sessions.devices.user_agents`.

Its list is kept up to date, and knows many more browsers and systems. Some of its patterns take the name from the text
around it: what is a bot or a program is decided here as there, and a system must be known by name. So no client writes
a label of its own.
"""

from auth_sessions.choices import DeviceType
from auth_sessions.devices import user_agents

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
    "ATV OS X": "tvOS",
    "Chrome OS": "ChromeOS",
    "Chromecast Android": "Android",
    "Chromecast Linux": "Linux",
    "Mac OS X": "macOS",
    "WatchOS": "watchOS",
}
"""ua-parser's names, as the people who use these things call them; the web view of an app is no browser."""

KNOWN_SYSTEMS = {
    *(name for _part, name in user_agents.SYSTEMS),
    "Arch Linux",
    "CentOS",
    "Debian",
    "Fedora",
    "Firefox OS",
    "FreeBSD",
    "Gentoo",
    "HarmonyOS",
    "KaiOS",
    "Linux Mint",
    "NetBSD",
    "OpenBSD",
    "Red Hat",
    "Roku",
    "Sailfish",
    "Solaris",
    "Ubuntu",
    "Windows Mobile",
    "Windows Phone",
    "openSUSE",
    "tvOS",
    "watchOS",
}
"""Any other is left as the app's own classifier has it: ua-parser takes the makers of televisions from the text."""

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
        if user_agents.says_bot(browser.lower()):
            return "", "", DeviceType.BOT
    if parsed.os and system != "iPadOS":
        name = PLAIN_NAMES.get(parsed.os.family, parsed.os.family)
        system = name if name in KNOWN_SYSTEMS else system
    return browser, system, TYPES.get(system, device_type)
