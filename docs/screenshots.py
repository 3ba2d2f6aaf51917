"""Takes the pictures of the documentation again, from the example: ``python docs/screenshots.py [NAME ...]``.

Needs playwright, and a Chromium on the path or named by ``AUTH_SESSIONS_CHROMIUM``. The database is a temporary one.
``AUTH_SESSIONS_SCREENSHOTS`` names another folder for them.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

import django
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

DOCS = Path(__file__).parent
FOLDER = Path(os.environ.get("AUTH_SESSIONS_SCREENSHOTS", DOCS))

AGENTS = {
    "Chrome on macOS": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/144.0 Safari/537.36",
    "Firefox on Linux": "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0",
    "Firefox on Windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:148.0) Gecko/20100101 Firefox/148.0",
    "Edge on Windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/144.0 Safari/537.36 Edg/144.0",
    "Chrome on iOS": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) CriOS/144.0 Mobile/15E148 Safari/604.1",
    "Safari on iPadOS": "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) Version/18.7 Mobile/15E148 Safari/604.1",
    "Chrome on Android": "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 Chrome/144.0 Mobile Safari/537.36",
    "App": "Dart/3.5 (dart:io)",
}

APPS = [
    # person, device, name, tag, address, hours since the sign-in, hours since the last use
    ("katherine", "App", "Scanner at gate 4", "warehouse", "192.0.2.40", 700, 12),
    ("alan", "App", "Scanner at gate 2", "warehouse", "192.0.2.41", 650, 26),
    ("katherine", "Edge on Windows", "", "", "192.0.2.9", 500, 400),
    ("ada", "Firefox on Windows", "Library, second floor", "", "198.51.100.23", 217, 216),
    ("alan", "Firefox on Linux", "", "", "203.0.113.88", 100, 5),
    ("ada", "Safari on iPadOS", "", "", "2001:db8::7", 72, 50),
    ("katherine", "Chrome on Android", "", "", "198.51.100.137", 30, 1),
    ("ada", "Chrome on iOS", "Ada's phone", "", "203.0.113.7", 4, 2),
]
"""Sessions of apps, from the oldest: the third is idle."""


def main(*chosen: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        set_up(Path(folder) / "example.sqlite3")
        cookies = {"ada": add_sessions(), "grace": log_in("grace", "hopper-1906", "Firefox on Linux")}
        server = make_server("127.0.0.1", 0, WSGIHandler(), server_class=WSGIServer)
        Thread(target=server.serve_forever, daemon=True).start()
        path = os.environ.get("AUTH_SESSIONS_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path)
            for picture in PICTURES:
                if not chosen or picture.__name__.replace("_", "-") in chosen:
                    picture(Visitor(browser, f"http://127.0.0.1:{server.server_port}", cookies))
        server.shutdown()


def set_up(database: Path) -> None:
    sys.path.insert(0, str(DOCS.parent))
    os.environ["DJANGO_SETTINGS_MODULE"] = "example_project.settings"
    from example_project import settings  # noqa: PLC0415 - it is found from here on

    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}}
    django.setup()
    call_command("demo", no_server=True)


def log_in(username: str, password: str, device: str) -> str:
    """The session key of a browser that logs in."""
    client = Client(headers={"user-agent": AGENTS[device]}, SERVER_NAME="localhost", REMOTE_ADDR="203.0.113.4")
    client.post("/accounts/login/", {"username": username, "password": password})
    return client.cookies["sessionid"].value


def add_sessions() -> str:
    """The session key of Ada, who has logged in an hour ago, and signed in with apps."""
    from django.contrib.auth.models import User  # noqa: PLC0415 - the apps are ready now

    from auth_sessions.activity.models import Activity  # noqa: PLC0415
    from auth_sessions.api import sign_in_user  # noqa: PLC0415
    from auth_sessions.models import RefreshToken, Session  # noqa: PLC0415

    now = timezone.now()
    for username, device, name, tag, address, signed_in, used in APPS:
        user, _ = User.objects.get_or_create(username=username)
        request = RequestFactory(headers={"user-agent": AGENTS[device]}, REMOTE_ADDR=address).post("/")
        pair = sign_in_user(user, request=request, name=name, tag=tag, amr=["pwd"])
        started, last = now - timedelta(hours=signed_in), now - timedelta(hours=used)
        times = {"created_at": started, "authenticated_at": started, "last_seen_at": last}
        Session.objects.filter(pk=pair.session.pk).update(**times, expires_at=started + timedelta(days=30))
        RefreshToken.objects.filter(session=pair.session).update(rotated_at=last)
        Activity.objects.filter(session_id=pair.session.pk).update(created_at=started)
    key = log_in("ada", "lovelace-1815", "Chrome on macOS")
    Session.objects.filter(django_session_key=key).update(authenticated_at=now - timedelta(hours=1))
    return key


class Visitor:
    """Opens pages of the example as one of its people."""

    def __init__(self, browser: Browser, address: str, cookies: dict[str, str]) -> None:
        self.browser, self.address, self.cookies = browser, address, cookies

    def open(self, path: str, *, of: str, device: str, size: tuple[int, int], **context: Any) -> Page:
        context |= {"viewport": {"width": size[0], "height": size[1]}, "user_agent": AGENTS[device]}
        page = self.browser.new_context(**context).new_page()
        page.context.add_cookies([{"name": "sessionid", "value": self.cookies[of], "url": self.address}])
        page.goto(self.address + path)
        return page

    def devices(self, *, width: int = 760, **context: Any) -> Page:
        size = width, 400  # pages are as high as what is on them, from this height on
        return self.open("/account/devices/", of="ada", device="Chrome on macOS", size=size, **context)

    def admin(self, path: str, *, size: tuple[int, int], **context: Any) -> Page:
        page = self.open(f"/admin/{path}", of="grace", device="Firefox on Linux", size=size, **context)
        page.evaluate("localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
        page.reload()
        return page


def keep(page: Page, picture: Callable[[Visitor], None], *, of: str = "html") -> None:
    """Write the picture: of the page, or of an element."""
    page.locator(of).screenshot(path=FOLDER / f"{picture.__name__.replace('_', '-')}.png")
    page.context.close()


def open_second_device(page: Page) -> Page:
    for details in page.locator(".auth-sessions-device").nth(1).locator("summary").all():
        details.click()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    return page


def pages_desktop(visitor: Visitor) -> None:
    keep(open_second_device(visitor.devices()), pages_desktop)


def pages_dark(visitor: Visitor) -> None:
    keep(open_second_device(visitor.devices(color_scheme="dark")), pages_dark)


def pages_small(visitor: Visitor) -> None:
    keep(open_second_device(visitor.devices(width=320)), pages_small)


def pages_rtl(visitor: Visitor) -> None:
    keep(open_second_device(visitor.devices(locale="ar")), pages_rtl)


def pages_question(visitor: Visitor) -> None:
    page = visitor.devices()
    page.get_by_role("link", name="Sign out of 3 other devices").click()
    page.get_by_label("Password").fill("babbage-1791")
    page.get_by_role("button", name="Sign out").click()
    keep(page, pages_question)


def admin_list(visitor: Visitor) -> None:
    keep(visitor.admin("auth_sessions/session/", size=(1280, 700)), admin_list)


def admin_confirmation(visitor: Visitor) -> None:
    page = visitor.admin("auth_sessions/session/", size=(1100, 450))
    for row in page.locator("#result_list tbody tr").all()[:4]:
        row.locator("input").check()
    page.get_by_label("Action:").select_option("revoke_selected")
    page.get_by_role("button", name="Go").click()
    keep(page, admin_confirmation)


def admin_user(visitor: Visitor) -> None:
    page = visitor.admin("auth/user/1/change/", size=(1200, 800), color_scheme="dark")
    keep(page, admin_user, of="#auth_sessions-group")


PICTURES = [
    pages_desktop,
    pages_dark,
    pages_small,
    pages_rtl,
    pages_question,
    admin_list,
    admin_confirmation,
    admin_user,
]

if __name__ == "__main__":
    main(*sys.argv[1:])
