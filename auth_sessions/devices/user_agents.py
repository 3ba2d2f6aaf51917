"""A small classifier of ``User-Agent`` strings: browser, system and type, by substrings in order of precedence.

It returns names that a person would recognise, but no versions (browsers have frozen them) and no device models. For an
unknown string the names are empty; they never contain the string itself.
"""

from auth_sessions.choices import DeviceType

BOTS = (
    "bot",
    "crawl",
    "spider",
    "scrape",
    "archiver",
    "indexer",
    "slurp",
    "headlesschrome",
    "facebookexternalhit",
    "preview",
    "+http",
)

APPS = (
    ("okhttp/", ""),
    ("cfnetwork", ""),
    ("dalvik/", ""),
    ("dart/", ""),
    ("curl/", "curl"),
    ("wget/", "Wget"),
    ("httpie/", "HTTPie"),
    ("postmanruntime/", "Postman"),
    ("insomnia/", "Insomnia"),
    ("python-requests/", "Python"),
    ("python-httpx/", "Python"),
    ("python-urllib/", "Python"),
    ("aiohttp/", "Python"),
    ("go-http-client/", "Go"),
    ("axios/", "Node.js"),
    ("node-fetch", "Node.js"),
    ("undici", "Node.js"),
    ("java/", "Java"),
)
"""Programs and libraries. Libraries that apps are written with have no name, since people do not know them."""

BROWSERS = (
    (" edg/", "Edge"),
    (" edga/", "Edge"),
    (" edgios/", "Edge"),
    (" edge/", "Edge"),
    ("opr/", "Opera"),
    (" opt/", "Opera"),
    (" opx/", "Opera"),
    ("opera/", "Opera"),
    ("samsungbrowser/", "Samsung Internet"),
    ("vivaldi/", "Vivaldi"),
    ("yabrowser/", "Yandex Browser"),
    ("duckduckgo/", "DuckDuckGo"),
    (" ddg/", "DuckDuckGo"),
    ("fxios/", "Firefox"),
    ("firefox/", "Firefox"),
    ("crios/", "Chrome"),
    ("chromium/", "Chromium"),
    ("chrome/", "Chrome"),
    ("trident/", "Internet Explorer"),
    ("msie ", "Internet Explorer"),
    ("safari/", "Safari"),
)

SYSTEMS = (
    ("windows", "Windows"),
    ("ipad", "iPadOS"),
    ("iphone", "iOS"),
    ("ipod", "iOS"),
    ("android", "Android"),
    ("cros ", "ChromeOS"),
    ("mac os x", "macOS"),
    ("macintosh", "macOS"),
    ("tizen", "Tizen"),
    ("web0s", "webOS"),
    ("linux", "Linux"),
)

TYPES = {
    "Windows": DeviceType.DESKTOP,
    "macOS": DeviceType.DESKTOP,
    "Linux": DeviceType.DESKTOP,
    "ChromeOS": DeviceType.DESKTOP,
    "iOS": DeviceType.PHONE,
    "iPadOS": DeviceType.TABLET,
}


def classify(user_agent: str) -> tuple[str, str, DeviceType]:
    """``(browser or program, operating system, type)``; an empty string or ``UNKNOWN`` if not recognised.

    A bot has neither name nor system: it pretends both. An app on a phone seldom sends its name.
    """
    text = user_agent.lower().replace("cubot", "")  # a brand of phones
    if says_bot(text):
        return "", "", DeviceType.BOT
    system = _first(SYSTEMS, text)
    program = next((name for part, name in APPS if part in text), None)
    if program is not None:
        return program, system, DeviceType.APP
    if system == "Android":
        return _first(BROWSERS, text), system, _android_type(text)
    return _first(BROWSERS, text), system, TYPES.get(system, DeviceType.UNKNOWN)


def says_bot(text: str) -> bool:
    """Whether a user agent, in lower case, identifies itself as a bot."""
    return any(part in text for part in BOTS)


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for part, name in table if part in text), "")


def _android_type(text: str) -> DeviceType:
    return DeviceType.PHONE if "mobile" in text else DeviceType.TABLET
