"""The tables of docs/reference name what the code has, all of it, and nothing else."""

import inspect
import re

import pytest
from django.core.management import load_command_class
from django.core.management.base import BaseCommand
from django.urls import reverse

from auth_sessions import api, choices, exceptions, models, signals, urls, views
from auth_sessions.activity.models import Activity
from auth_sessions.checks.settings import UNREAD_SIMPLE_JWT
from auth_sessions.conf import Settings
from auth_sessions.querysets import SessionQuerySet
from auth_sessions.supabase import urls as supabase_urls
from auth_sessions.supabase.models import Profile
from tests.support.device import IPHONE, Device
from tests.support.documents import first_column, page_named, section
from tests.support.paths import ROOT
from tests.support.sessions import clear_expired

pytestmark = pytest.mark.any_database

APP = ROOT / "auth_sessions"
SOURCES = {path: path.read_text() for path in APP.rglob("*.py")}


def reference(name):
    return page_named(f"reference/{name}")


def test_every_setting():
    table = reference("settings").partition("\n## ")[0]
    assert first_column(table) == [name for name in vars(Settings) if name.isupper()]


def test_the_settings_of_simplejwt_that_are_not_read():
    _, *names = first_column(section(reference("settings"), "## Settings of simplejwt"))
    assert names == list(UNREAD_SIMPLE_JWT)


def test_every_check():
    sources = [text for path, text in SOURCES.items() if "checks" in path.parts or path.stem == "checks"]
    found = {name for text in sources for name in re.findall(r"\"(auth_sessions\.[EW]\d{3})\"", text)}
    listed = first_column(reference("checks"))
    assert sorted(listed) == sorted(found)
    assert [name[-3:] for name in listed] == sorted(name[-3:] for name in listed)


def test_checks_that_other_pages_name_exist():
    listed = set(first_column(reference("checks")))
    pages = [path.read_text() for path in (ROOT / "docs").rglob("*.md")]
    assert {name for page in pages for name in re.findall(r"auth_sessions\.[EW]\d{3}", page)} <= listed


def test_every_code():
    classes = [cls for cls in vars(exceptions).values() if isinstance(cls, type) and hasattr(cls, "code")]
    rows = dict(re.findall(r"^\| `(\w+)` \| \d+ \| (.*?) \|", reference("errors"), re.MULTILINE))
    for cls in classes:
        assert f"`{cls.__name__}`" in rows[cls.code]
    details = [getattr(getattr(views, name), "default_detail", None) for name in views.__all__]
    of_views = {"not_authenticated", *(detail["code"] for detail in details if isinstance(detail, dict))}
    assert rows.keys() == {cls.code for cls in classes} | of_views


def test_every_code_of_the_supabase_api():
    sources = "\n".join(text for path, text in SOURCES.items() if "supabase" in path.parts)
    found = set(re.findall(r"(?:http_status|\d{3}), \"(\w+)\",", sources))
    found |= {getattr(exceptions, name).code for name in re.findall(r"\d{3}, exceptions\.(\w+)\.code", sources)}
    listed = first_column(section(reference("supabase"), "## Error codes"))
    assert {*listed} == found | {"unexpected_failure", "unknown"}


def test_the_refusals_of_the_supabase_api_are_codes():
    listed = {*first_column(section(reference("supabase"), "## Error codes"))}
    rows = re.findall(
        r"^\| (?:`([A-Z]+) ([^?`]+)|any other).*?\| .*?\| .*?\| (.*?) ?\|$", reference("supabase"), re.MULTILINE
    )
    named = {path for _, path, _ in rows if path}
    assert named == {str(route.pattern) for route in supabase_urls.urlpatterns if route.name}
    for *_, refusals in rows:
        assert set(re.findall(r"`(\w+)`", refusals)) - {"grant_type"} <= listed


def methods_of(view):
    return {name.upper() for name in view.http_method_names if hasattr(view, name)} - {"OPTIONS", "HEAD"}


def test_every_endpoint():
    served = {
        (method, re.sub(r"<\w+:", "<", str(route.pattern)))
        for route in urls.urlpatterns
        for method in methods_of(route.callback.view_class)
    }
    page = reference("rest")
    for form in (r"^\| \[`([A-Z]+) (\S+)`\]", r"^`([A-Z]+) (\S+)`$"):
        assert set(re.findall(form, page, re.MULTILINE)) == served


def test_who_may_call_and_how_often():
    for method, path, allowed, rate in re.findall(
        r"^\| \[`([A-Z]+) (\S+)`\]\S+ \| (.*?) \| (.*?) ?\|", reference("rest"), re.MULTILINE
    ):
        (view,) = [
            route.callback.view_class for route in urls.urlpatterns if re.sub(r"<\w+:", "<", str(route.pattern)) == path
        ]
        assert method in methods_of(view)
        assert rate.strip("`") == (view.action_throttle_scope or "") or method == "GET"
        permission = getattr(view, "permission_required", None)
        assert (f"`{permission}`" in allowed) if permission else ("permission" not in allowed)


def test_every_url_name():
    rows = re.findall(r"^\| `auth_sessions:([\w-]+)` \| `(\w+)` \|", reference("rest"), re.MULTILINE)
    assert rows == [(route.name, route.callback.view_class.__name__) for route in urls.urlpatterns]
    assert reverse("auth_sessions:token")


def test_a_session_has_the_members_that_are_shown(laptop):
    (example,) = re.findall(r"```json\n(\{\n  \"access\".*?)```", reference("rest"), re.DOTALL)
    shown = laptop.get("sessions/current/").json()
    assert re.findall(r"^    \"(\w+)\":", example, re.MULTILINE) == list(shown)
    assert re.findall(r"\"(\w+)\": ", re.search(r"\"device\": \{(.*?)\}", example)[1]) == list(shown["device"])


def test_every_signal():
    named = [name for name, value in vars(signals).items() if isinstance(value, signals.Signal)]
    assert sorted(arguments()) == sorted(named)
    reasons = re.findall(r"^\| `(\w+)` \|", reference("signals").partition("| `reason` | when |")[2], re.MULTILINE)
    assert reasons == choices.EndReason.values


def arguments():
    table = reference("signals").partition("| argument |")[0]
    rows = re.findall(r"^\| `(\w+)` \| (`.*?`) \|", table, re.MULTILINE)
    return {name: set(re.findall(r"\w+", given)) for name, given in rows}


def test_the_arguments_of_signals(clock, ada, settings):
    received = {}

    def receive(signal, sender, **given):
        (name,) = [name for name, value in vars(signals).items() if value is signal]
        received[name] = set(given)

    listened = [getattr(signals, name) for name in arguments()]
    for signal in listened:
        signal.connect(receive)
    try:
        iphone = Device(IPHONE).sign_in(ada)
        thief = iphone.copy()  # who calls from another system
        thief.refresh()
        clock.shift(11)
        thief.refresh()
        assert iphone.refresh().status_code == 401
        Device().sign_in(ada).sign_out()
        api.change_password(ada, "changed")
        settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, "refuse"
        api.sign_in_user(ada)
        with pytest.raises(exceptions.SessionLimitReached):
            api.sign_in_user(ada)
        clear_expired()
    finally:
        for signal in listened:
            signal.disconnect(receive)
    assert received == arguments()


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("Session", models.Session),
        ("RefreshToken", models.RefreshToken),
        ("Profile", Profile),
        ("Activity", Activity),
    ],
)
def test_every_field(heading, model):
    table = section(reference("models"), f"## {heading}").partition("| property |")[0].partition("\n### ")[0]
    assert first_column(table) == [field.name for field in model._meta.concrete_fields]


def test_properties_and_querysets():
    page = reference("models")
    properties = first_column(page.partition("| property |")[2].partition("\n\n")[0])
    assert properties == [
        name
        for name in ("device", "place", "sign_in_id", "last_used_at", "is_staff_help")
        if isinstance(vars(models.Session)[name], property)
    ]
    for name, given in re.findall(r"^\| `\.(\w+)\((.*?)\)` \|", page, re.MULTILINE):
        parameters = inspect.signature(getattr(SessionQuerySet, name)).parameters
        assert set(re.findall(r"(\w+)(?==|$|,)", given)) - {"None"} <= parameters.keys()


def test_every_function():
    headings = dict(re.findall(r"^## `(\w+)\((.*?)\)`$", reference("python"), re.MULTILINE))
    functions = {
        name: function
        for name in api.__all__
        if inspect.isroutine(function := getattr(api, name)) and not (name.startswith("a") and name[1:] in api.__all__)
    }
    assert headings.keys() == functions.keys()
    for name, function in functions.items():
        parameters = inspect.signature(function).parameters.values()
        positional = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
        keywords = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
        before, _, after = headings[name].partition("*, ")
        assert [each.strip() for each in before.split(",") if each.strip()] == positional, name
        assert sorted(each.strip() for each in after.split(",") if each.strip()) == sorted(keywords), name
        assert f"`{'a' + name}`" in reference("python") or function is api.clear_expired


def test_what_may_be_imported():
    text = section(reference("python"), "## What may be imported")
    for name in re.findall(r"`(\w+)`", text.partition("Everything else")[0]):
        assert list(APP.rglob(name)) or list(APP.rglob(f"{name}.py")), name


@pytest.mark.parametrize("name", ["clearauthsessions", "revokeauthsessions", "authsessionsreport", "auditauthsessions"])
def test_every_option(name):
    listed = first_column(section(reference("commands"), f"## {name}"))
    parser = load_command_class("auth_sessions", name).create_parser("manage.py", name)
    everywhere = BaseCommand().create_parser("manage.py", name)
    common = {option for action in everywhere._actions for option in action.option_strings}
    options = [action.option_strings[0] for action in parser._actions if action.option_strings]
    assert listed == [option for option in options if option not in common]


def test_every_permission():
    asked = {
        view.permission_required
        for view in vars(views).values()
        if isinstance(view, type) and hasattr(view, "permission_required")
    }
    assert set(first_column(reference("permissions").partition("\n## ")[0])) == asked
