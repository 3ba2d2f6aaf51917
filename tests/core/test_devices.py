import logging
import os
import subprocess
import sys
import time
import timeit

import pytest
from django.test import RequestFactory, override_settings

from auth_sessions.choices import DeviceType
from auth_sessions.devices import ua_parser, user_agents
from auth_sessions.devices.device import Device, client_address, client_user_agent, describe
from auth_sessions.models import Session
from tests.support.device import Device as Phone
from tests.support.paths import ROOT

pytestmark = pytest.mark.any_database

ENVIRONMENT = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/144.0.0.0 Safari/537.36"
MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/143.0.0.0 Safari/537.36"
LINUX = f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36"
CHROMEOS = f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/142.0.0.0 Safari/537.36"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/144.0.0.0 Mobile Safari/537.36"
ANDROID_TABLET = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/139.0.0.0 Safari/537.36"
WEBVIEW = f"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) {WEBKIT} Version/4.0 Chrome/128.0.6613.99 Mobile Safari/537.36"
CUBOT = f"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36"
SAMSUNG = (
    f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Safari/537.36",
)
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {APPLE} Version/26.1 Mobile/15E148 Safari/604.1"
IPHONE_WITH = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) " + APPLE
IPAD = f"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) {APPLE} Version/17.6 Mobile/15E148 Safari/604.1"
IPAD_WITH = "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) " + APPLE
SAFARI = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/26.0 Safari/605.1.15"
BOTS = "(KHTML, like Gecko; compatible;"

PHONE, TABLET, DESKTOP, APP, BOT, UNKNOWN = (
    DeviceType.PHONE,
    DeviceType.TABLET,
    DeviceType.DESKTOP,
    DeviceType.APP,
    DeviceType.BOT,
    DeviceType.UNKNOWN,
)

SEEN = [
    # user agent, browser, system, type
    (WINDOWS, "Chrome", "Windows", DESKTOP),
    (MAC, "Chrome", "macOS", DESKTOP),
    (LINUX, "Chrome", "Linux", DESKTOP),
    (CHROMEOS, "Chrome", "ChromeOS", DESKTOP),
    (ANDROID, "Chrome", "Android", PHONE),
    (ANDROID_TABLET, "Chrome", "Android", TABLET),
    (WEBVIEW, "Chrome", "Android", PHONE),
    (CUBOT, "Chrome", "Android", PHONE),
    (f"{IPHONE_WITH} CriOS/144.0.7559.85 Mobile/15E148 Safari/604.1", "Chrome", "iOS", PHONE),
    (f"{IPAD_WITH} CriOS/137.0.0.0 Mobile/15E148 Safari/604.1", "Chrome", "iPadOS", TABLET),
    (f"{WINDOWS} Edg/144.0.0.0", "Edge", "Windows", DESKTOP),
    (f"{MAC} Edg/143.0.0.0", "Edge", "macOS", DESKTOP),
    (f"{ANDROID} EdgA/143.0.0.0", "Edge", "Android", PHONE),
    (f"{IPHONE_WITH} Version/18.0 EdgiOS/143.0.3650.96 Mobile/15E148 Safari/604.1", "Edge", "iOS", PHONE),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:148.0) Gecko/20100101 Firefox/148.0", "Firefox", "Windows", DESKTOP),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:146.0) Gecko/20100101 Firefox/146.0",
        "Firefox",
        "macOS",
        DESKTOP,
    ),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", "Linux", DESKTOP),
    ("Mozilla/5.0 (Android 15; Mobile; rv:147.0) Gecko/147.0 Firefox/147.0", "Firefox", "Android", PHONE),
    ("Mozilla/5.0 (Android 14; Tablet; rv:128.0) Gecko/128.0 Firefox/128.0", "Firefox", "Android", TABLET),
    (f"{IPHONE_WITH} FxiOS/147.0 Mobile/15E148 Safari/604.1", "Firefox", "iOS", PHONE),
    (SAFARI, "Safari", "macOS", DESKTOP),  # an iPad says the same, unless asked for mobile pages
    (IPHONE, "Safari", "iOS", PHONE),
    (IPAD, "Safari", "iPadOS", TABLET),
    (f"{IPHONE_WITH} Mobile/15E148", "", "iOS", PHONE),  # the web view of an app
    (SAMSUNG[0], "Samsung Internet", "Android", PHONE),
    (SAMSUNG[1], "Samsung Internet", "Android", TABLET),
    (f"{WINDOWS} OPR/125.0.0.0", "Opera", "Windows", DESKTOP),
    (f"{ANDROID} OPR/93.0.0.0", "Opera", "Android", PHONE),
    (f"{IPHONE} OPT/6.3.0", "Opera", "iOS", PHONE),
    (f"{LINUX} Vivaldi/7.6", "Vivaldi", "Linux", DESKTOP),
    (f"{SAFARI} Ddg/26.0", "DuckDuckGo", "macOS", DESKTOP),
    (f"{WINDOWS} YaBrowser/25.10.0.0", "Yandex Browser", "Windows", DESKTOP),
    ("Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer", "Windows", DESKTOP),
    ("okhttp/4.12.0", "", "", APP),
    ("Dart/3.9 (dart:io)", "", "", APP),
    ("Notes/412 CFNetwork/3826.600.41 Darwin/24.6.0", "", "", APP),
    ("Dalvik/2.1.0 (Linux; U; Android 15; Pixel 9 Build/AP3A.241105.008)", "", "Android", APP),
    ("curl/8.15.0", "curl", "", APP),
    ("Wget/1.25.0", "Wget", "", APP),
    ("python-requests/2.32.5", "Python", "", APP),
    ("python-httpx/0.28.1", "Python", "", APP),
    ("Python-urllib/3.13", "Python", "", APP),
    ("Python/3.13 aiohttp/3.12.15", "Python", "", APP),
    ("PostmanRuntime/7.49.1", "Postman", "", APP),
    ("Go-http-client/2.0", "Go", "", APP),
    ("axios/1.12.2", "Node.js", "", APP),
    ("Apache-HttpClient/4.5.14 (Java/21.0.8)", "Java", "", APP),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "", "", BOT),
    (f"{ANDROID} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "", "", BOT),
    (f"Mozilla/5.0 AppleWebKit/537.36 {BOTS} GPTBot/1.3; +https://openai.com/gptbot)", "", "", BOT),
    (
        f"Mozilla/5.0 AppleWebKit/537.36 {BOTS} bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/136.0.0.0",
        "",
        "",
        BOT,
    ),
    (f"Mozilla/5.0 AppleWebKit/537.36 {BOTS} ClaudeBot/1.0; +claudebot@anthropic.com)", "", "", BOT),
    (f"{SAFARI} (Applebot/0.1; +http://www.apple.com/go/applebot)", "", "", BOT),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "", "", BOT),
    ("SomeFetcher/1.0 (+https://example.com/about)", "", "", BOT),
    (LINUX.replace("Chrome/", "HeadlessChrome/"), "", "", BOT),
    ("", "", "", UNKNOWN),
    ("Mozilla/5.0", "", "", UNKNOWN),
    ("Knowledge/1.0 Operator/2.0", "", "", UNKNOWN),
]


needs_ua_parser = pytest.mark.skipif(not ua_parser.is_available, reason="needs ua-parser[regex]")


@pytest.fixture(params=[user_agents.classify, pytest.param(ua_parser.classify, marks=needs_ua_parser)])
def classify(request):
    """Both ways: the app's own classifier, and ua-parser over it."""
    return request.param


@pytest.mark.parametrize(("user_agent", "browser", "system", "device_type"), SEEN)
def test_a_user_agent_is_recognised(classify, user_agent, browser, system, device_type):
    assert classify(user_agent) == (browser, system.replace("Linux", linux(user_agent, classify)), device_type)


def linux(user_agent, classify):
    """ua-parser names the distribution."""
    return "Ubuntu" if "Ubuntu" in user_agent and classify is ua_parser.classify else "Linux"


MORE = [
    # user agent, and what the app's own classifier and ua-parser make of it
    (f"{LINUX} Brave/140", "Chrome on Linux", "Brave on Linux", DESKTOP),
    (f"{ANDROID} XiaoMi/MiuiBrowser/12.5.2-go", "Chrome on Android", "MiuiBrowser on Android", PHONE),
    (f"{ANDROID} [FBAN/EMA;FBLC/en_US;FBAV/300.0.0.15.119;]", "Chrome on Android", "Facebook on Android", PHONE),
    (f"{IPHONE_WITH} Mobile/15E148 Instagram 334.0.4.32.98", "iOS", "Instagram on iOS", PHONE),
    (f"{IPAD_WITH} Mobile/15E148 Instagram 334.0.4.32.98", "iPadOS", "Instagram on iPadOS", TABLET),
    (
        f"Mozilla/5.0 (Linux; Android 9; KFTRWI) {WEBKIT} Silk/120.1 like Chrome/120 Safari/537.36",
        "Chrome on Android",
        "Amazon Silk on Android",
        TABLET,
    ),
    (
        f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) {WEBKIT} 76.0.3809.146/6.0 TV Safari/537.36",
        "Safari on Tizen",
        "Safari on Tizen",
        UNKNOWN,
    ),
    ("Mozilla/5.0 (X11; FreeBSD amd64; rv:120.0) Gecko/20100101 Firefox/120.0", "Firefox", "Firefox on FreeBSD", None),
]


@pytest.mark.parametrize(("user_agent", "plain", "parsed", "device_type"), MORE, ids=[row[2] for row in MORE])
def test_ua_parser_knows_more(user_agent, plain, parsed, device_type):
    if ua_parser.is_available:
        assert describe(user_agent).label == parsed
    browser, system, found_type = user_agents.classify(user_agent)
    assert Device(browser=browser, os=system, type=found_type).label == plain
    assert device_type in (found_type, None)


WITHOUT_UA_PARSER = """
import sys
sys.modules["{missing}"] = None  # as where it is not installed
import django
django.setup()
from auth_sessions.devices.device import describe
print(describe({user_agent!r}).label)
"""


@pytest.mark.integration
@pytest.mark.parametrize("missing", ["ua_parser", "ua_parser_rs"])
def test_without_ua_parser_or_its_compiled_engine_the_app_s_own_classifier_serves(missing):
    program = WITHOUT_UA_PARSER.format(missing=missing, user_agent=MORE[0][0])
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "Chrome on Linux"


CHOSEN = [
    "Ada's Laptop/1 CFNetwork/3826.600.41 Darwin/24.6.0",
    "Ada's Laptop/1 CFNetwork",
    "Ada's Laptop Spider/1.0",
    "Ada's Laptop Indexer/1.0",
    "Ada's Laptop Archiver/1.0",
    "Ada's Laptop Scraper/1.0",
    "AdasLaptopBot/2.0",
]


@pytest.mark.parametrize("user_agent", CHOSEN)
def test_a_program_or_a_bot_does_not_choose_its_name(classify, user_agent):
    browser, system, device_type = classify(user_agent)
    assert (browser, system) == ("", "")
    assert device_type in (APP, BOT)


@needs_ua_parser
@pytest.mark.parametrize(
    ("user_agent", "label"),
    [("HbbTV/1.1.1 (; ; Evil ; x 2013 x)", "HbbTV"), ("Ada's Laptop Cubot/1.0", "Bot")],
)
def test_what_ua_parser_takes_from_the_text_is_not_shown(user_agent, label):
    assert describe(user_agent).label == label


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (MAC, "Chrome on macOS"),
        (SAMSUNG[0], "Samsung Internet on Android"),
        (f"{IPHONE_WITH} Mobile/15E148", "iOS"),
        ("curl/8.15.0", "curl"),
        ("okhttp/4.12.0", "App"),
        ("Dalvik/2.1.0 (Linux; U; Android 15; Pixel 9 Build/AP3A.241105.008)", "App on Android"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Bot"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_named_as_a_person_would(user_agent, label):
    assert describe(user_agent).label == label


@pytest.mark.parametrize(
    "user_agent",
    [
        "<script>alert(1)</script>",
        "'; DROP TABLE auth_sessions_session; --",
        "{{ 7 * 7 }} %s %(browser)s \r\nSet-Cookie: a=b",
        "\0\0\0",
        "\x80\xff\u202e",
        "x" * 1_000_000,
        "(" * 1_000_000,
    ],
    ids=lambda value: repr(value[:12]),
)
def test_nothing_of_an_unknown_user_agent_is_echoed(user_agent):
    device = describe(user_agent)
    assert (device.label, device.browser, device.os, device.type) == ("Unknown device", "", "", UNKNOWN)


def test_what_is_known_is_named_without_what_stands_around_it():
    assert describe(f"<b>{MAC}</b> Evil/1.0").label == "Chrome on macOS"


HOSTILE = {
    "letters": "x" * 512,
    "brackets": "(" * 512,
    "spaces": " " * 512,
    "numbers": "1." * 256,
    "semicolons": "; " * 256,
    "names": "Mozilla/5.0 (" * 40,
    "phones": "Android 1; a-" * 40,
    "programs": "a/1 CFNetwork/1" * 34,
    "bots": "bo t/ crawle " * 40,
}


@pytest.mark.parametrize("user_agent", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_user_agent_is_classified_in_no_time(classify, user_agent):
    classify("")  # loads ua-parser's list
    attempts = timeit.repeat(
        lambda: [classify(f"{user_agent}{n}") for n in range(10)], number=1, timer=time.thread_time
    )
    assert min(attempts) < 0.1  # of the processor, however many others wait for it


def test_what_a_megabyte_hides_behind_its_beginning_is_not_looked_at():
    assert describe("x" * 1_000_000 + MAC).label == "Unknown device"


def asked(**headers):
    return RequestFactory().get("/", **headers)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [(MAC, MAC), ("", ""), ("a\0b", "ab"), ("x" * 1_000_000, "x" * 512), ("\0" * 600 + "curl/8", "curl/8")],
    ids=["usual", "empty", "NUL", "a megabyte", "many NUL"],
)
def test_a_user_agent_is_stored_short_and_without_nul(sent, stored):
    assert client_user_agent(asked(HTTP_USER_AGENT=sent)) == stored


def test_a_request_without_a_user_agent_has_an_empty_one():
    assert client_user_agent(asked()) == ""


@pytest.mark.parametrize("user_agent", ["", "\0", "x" * 1_000_000, "<script>", "\xff\xfe"])
def test_every_user_agent_can_sign_in(ada, user_agent):
    phone = Phone(user_agent).sign_in(ada)
    assert phone.sessions()[0]["device"]["label"] == "Unknown device"


PROXY, CLIENT, SPOOFED = "10.0.0.9", "192.0.2.7", "203.0.113.66"

BEHIND = [
    # trusted proxies, X-Forwarded-For, address
    (0, None, PROXY),
    (0, CLIENT, PROXY),
    (0, f"{SPOOFED}, {CLIENT}", PROXY),
    (1, CLIENT, CLIENT),
    (1, f"{SPOOFED}, {CLIENT}", CLIENT),
    (1, f"{SPOOFED},{CLIENT}", CLIENT),
    (1, f"junk, , {CLIENT}", CLIENT),
    (1, f"{CLIENT},", CLIENT),
    (2, f"{CLIENT}, 10.0.0.8", CLIENT),
    (2, f"{SPOOFED}, {CLIENT}, 10.0.0.8", CLIENT),
    (2, f"{CLIENT}:5100, [2001:db8::8]:5200", CLIENT),
    # fewer entries than proxies: it came another way
    (1, None, PROXY),
    (1, "", PROXY),
    (1, " , ", PROXY),
    (2, None, PROXY),
    (2, SPOOFED, PROXY),
    (3, f"{SPOOFED}, {CLIENT}", PROXY),
    # a proxy that writes what is no address
    (1, "unknown", None),
    (1, "_hidden", None),
    (1, "<script>", None),
    (1, f"{CLIENT}, 999.1.1.1", None),
    (1, f"{CLIENT}, 1.2.3", None),
    (1, "1" * 1_000_000, None),
    (1, ":" * 1_000_000, None),
    (1, "[" * 1_000_000, None),
]


@pytest.mark.parametrize(("proxies", "forwarded", "address"), BEHIND, ids=lambda value: str(value)[:40])
def test_forwarded_addresses_count_behind_trusted_proxies_only(proxies, forwarded, address):
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    with override_settings(AUTH_SESSIONS_TRUSTED_PROXIES=proxies):
        assert client_address(asked(REMOTE_ADDR=PROXY, **headers)) == address


WRITTEN = [
    ("192.0.2.7", "192.0.2.7"),
    (" 192.0.2.7 ", "192.0.2.7"),
    ("192.0.2.7:5100", "192.0.2.7"),
    ("2001:db8::7", "2001:db8::7"),
    ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
    ("[2001:db8::7]", "2001:db8::7"),
    ("[2001:db8::7]:5100", "2001:db8::7"),
    ("fe80::7%eth0", "fe80::7"),
    ("[fe80::7%25eth0]:5100", "fe80::7"),
    ("::ffff:192.0.2.7", "192.0.2.7"),
    ("[::ffff:192.0.2.7]:5100", "192.0.2.7"),
    ("::1", "::1"),
    ("", None),
    ("unix:", None),
    ("/run/app.sock", None),
    ("[]", None),
    ("[192.0.2.7", "192.0.2.7"),
    ("192.0.2.7/24", None),
    ("192.0.2.07", None),
    ("localhost", None),
]


@pytest.mark.parametrize(("written", "address"), WRITTEN)
def test_an_address_is_read_however_it_is_written(written, address):
    assert client_address(asked(REMOTE_ADDR=written)) == address
    with override_settings(AUTH_SESSIONS_TRUSTED_PROXIES=1):
        forwarded = asked(REMOTE_ADDR="", HTTP_X_FORWARDED_FOR=written)
        assert client_address(forwarded) == address


def test_a_server_that_gives_no_address_leaves_it_open():
    request = asked()
    del request.META["REMOTE_ADDR"]
    assert client_address(request) is None


@pytest.mark.parametrize(
    ("remote", "shown"), [("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::7%eth0", "fe80::7"), ("", None)]
)
def test_a_session_shows_where_it_was_begun(ada, remote, shown):
    phone = Phone()
    phone.client.defaults["REMOTE_ADDR"] = remote
    phone.sign_in(ada)
    assert phone.sessions()[0]["ip_address"] == Session.objects.get().ip_address == shown


def test_a_person_who_writes_a_header_of_proxies_is_shown_where_they_are(ada):
    phone = Phone()
    phone.client.defaults["HTTP_X_FORWARDED_FOR"] = phone.client.defaults["HTTP_X_REAL_IP"] = SPOOFED
    phone.sign_in(ada)
    assert phone.sessions()[0]["ip_address"] == "127.0.0.1"


# Places


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "near Zurich, Switzerland"),
        ("2001:db8::7", "near Oslo, Norway"),
        ("192.0.2.8", "Switzerland"),
        ("192.0.2.9", ""),
        ("203.0.113.1", ""),
        ("10.0.0.9", ""),
        ("127.0.0.1", ""),
        ("::1", ""),
        (None, ""),
    ],
)
def test_a_session_says_the_place_of_its_address(geoip, address, place):
    geoip("City")
    assert Session(ip_address=address).place == place


def test_a_database_of_countries_says_the_country(geoip):
    geoip("Country")
    assert [Session(ip_address=address).place for address in ("192.0.2.7", "10.0.0.9")] == ["Switzerland", ""]


def test_the_database_may_be_named_by_its_file(geoip, settings):
    settings.GEOIP_PATH = str(geoip("City"))
    assert Session(ip_address="192.0.2.7").place == "near Zurich, Switzerland"


def test_the_database_is_opened_once(geoip):
    file = geoip("City")
    assert Session(ip_address="192.0.2.7").place
    file.unlink()
    assert Session(ip_address="192.0.2.7").place == "near Zurich, Switzerland"


def test_no_name_is_looked_up_in_the_dns(geoip):
    geoip("City")
    assert Session(ip_address="localhost").place == ""


def test_without_a_database_there_is_no_place():
    assert Session(ip_address="192.0.2.7").place == ""


@pytest.mark.parametrize("content", [None, b"", b"no database", b"\xab\xcd\xefMaxMind.com\xe0"])
def test_a_database_that_cannot_be_opened_is_logged_once_and_is_no_error(settings, tmp_path, caplog, content):
    settings.GEOIP_PATH = tmp_path
    if content is not None:
        (tmp_path / "GeoLite2-City.mmdb").write_bytes(content)
    assert [Session(ip_address="192.0.2.7").place for _ in range(3)] == [""] * 3
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_database_that_is_broken_in_the_middle_is_no_error(geoip):
    file = geoip("City")
    whole = file.read_bytes()
    file.write_bytes(whole[:20] + b"\xff" * 400 + whole[420:])
    assert Session(ip_address="192.0.2.7").place in ("", "near Zurich, Switzerland")


def test_the_rest_api_says_no_place(geoip, ada):
    geoip("City")
    phone = Phone()
    phone.client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    phone.sign_in(ada)
    assert "Zurich" not in str(phone.sessions())
