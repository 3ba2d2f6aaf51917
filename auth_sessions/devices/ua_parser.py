"""Names by ua-parser (the extra ``devices``), in addition to :mod:`~auth_sessions.devices.user_agents`.

Its list is maintained, and has many more browsers and systems. Some of its patterns copy the name from the user agent.
Bots and programs are therefore classified by the app's own classifier, and only systems in a list are accepted, so that
no client can write a label of its own.
"""

from auth_sessions.choices import DeviceType
from auth_sessions.devices import user_agents

try:
    import ua_parser
except ImportError:
    is_available = False
else:
    # Its pure Python engine takes milliseconds for a hostile string, the compiled one microseconds.
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
"""The common names for those of ua-parser. The web view of an app is not a browser."""

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
"""Any other name is ignored: ua-parser copies some, such as makers of televisions, from the user agent."""

TYPES = {**user_agents.TYPES, "Windows Phone": DeviceType.PHONE, "KaiOS": DeviceType.PHONE}


def classify(user_agent: str) -> tuple[str, str, DeviceType]:
    """``(browser or program, operating system, type)``.

    What ua-parser does not recognise is as :mod:`~auth_sessions.devices.user_agents` classifies it.
    """
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
