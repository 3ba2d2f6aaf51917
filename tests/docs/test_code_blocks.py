"""Every block of code in the documents: it runs, or is read by the language that it is in, or another test runs it."""

import ast
import builtins
import json
import re
import shutil
import subprocess
import symtable
import sys
from types import ModuleType

import pytest
import yaml
from django.conf import settings
from django.contrib import admin
from django.template import Engine
from django.test.utils import isolate_apps
from django.utils.module_loading import import_string

from auth_sessions import signals
from tests.support.documents import DOCUMENTS, PAGES, blocks_of
from tests.support.host import has_admin
from tests.support.paths import ROOT

pytestmark = [pytest.mark.any_database, has_admin]

RUN_ELSEWHERE = {
    "docs/magic-link.md": "tests/docs/test_how_tos.py",
    "docs/operations.md": "tests/docs/test_operations.py",
    "docs/security-log.md": "tests/docs/test_monitoring.py",
    "docs/second-factors.md": "tests/integration/allauth_project/sign_ins.py",
    "docs/sockets.md": "tests/docs/test_sockets.py",
    "docs/testing.md": "tests/docs/test_testing.py",
    "docs/tutorial.md": "tests/integration/test_tutorial.py",
}
"""Pages whose Python another test runs."""

GUIDES = re.compile(r"docs/(from-.*|cookies|openapi)\.md")
"""Pages whose Python changes projects that their own tests have."""

BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
HERE = [
    block
    for block in BLOCKS
    if block.language == "python" and block.page not in RUN_ELSEWHERE and not GUIDES.fullmatch(block.page)
]

NAMED_BY_THE_TEXT = {
    "docs/admin.md": """
        from django.contrib import admin
        from django.contrib.auth.admin import UserAdmin
        from django.contrib.auth.models import User
        from auth_sessions.admin import SessionAdmin
        from auth_sessions.models import Session
    """,
    "docs/packages.md": """
        from types import SimpleNamespace
        from django.contrib.auth.models import User
        from auth_sessions.middleware import BrowserSessionMiddleware
        sentry_sdk = SimpleNamespace(init=lambda *where, **options: None)  # it would report from now on
    """,
    "docs/pages.md": "from django.urls import include, path",
    "docs/supabase.md": """
        from django.dispatch import receiver
        from django.urls import include, path
        from auth_sessions.signals import access_token_issuing
        new_private_key = new_public_key = old_public_key = ""
    """,
}
"""What a page says in its text or leaves to Django's own tutorial, and its code uses."""

PROJECTS_OWN = {"people.tenants": "current_tenant = str"}
"""Modules of a project that a page imports, and does not show."""


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch):
    """Receivers, admin classes and modules of the blocks are gone afterwards."""
    listened = [value for value in vars(signals).values() if isinstance(value, signals.Signal)]
    before = [list(signal.receivers) for signal in listened]
    registered, modules = dict(admin.site._registry), set(sys.modules)
    yield
    for signal, receivers in zip(listened, before, strict=True):
        signal.receivers = receivers
        signal.sender_receivers_cache.clear()
    admin.site._registry = registered
    for name in set(sys.modules) - modules:
        if name.split(".")[0] in {"people", "mysite"}:
            del sys.modules[name]


def dedented(text):
    return "\n".join(line[8:] if line.startswith(" " * 8) else line for line in text.splitlines())


def module(name, code, *, before=""):
    made = ModuleType(f"tests.host.{name}")  # in an installed app, for models
    exec(dedented(before), vars(made))
    with isolate_apps("tests.host"):
        exec(code, vars(made))
    sys.modules[name] = made
    return vars(made)


def provide_modules(block):
    """What a block imports of the project: by the block of the page that begins with its path."""
    sys.modules["people"] = ModuleType("people")
    shown = {
        first.removeprefix("# ").removesuffix(".py").replace("/", "."): each.code
        for each in BLOCKS
        if each.page == block.page and (first := each.code.partition("\n")[0]).startswith("# people/")
    }
    for name in re.findall(r"^from (people\.\w+) import", block.code, re.MULTILINE):
        module(name, {**shown, **PROJECTS_OWN}[name])


def undefined(code, names):
    """The global names that the code uses, in functions, too, and that nobody defines."""

    def tables(table):
        yield table
        for child in table.get_children():
            yield from tables(child)

    used = {
        symbol.get_name()
        for table in tables(symtable.symtable(code, "block", "exec"))
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module")
    }
    return used - names.keys() - vars(builtins).keys()


@pytest.mark.django_db
@pytest.mark.parametrize("block", HERE, ids=str)
def test_python_runs(block):
    for package in ("unfold", "celery", "sentry_sdk", "django_otp_webauthn"):
        if re.search(rf"^(from|import) {package}\b", block.code, re.MULTILINE):
            pytest.importorskip(package)
    if "unregister(User)" in block.code and settings.AUTH_USER_MODEL != "auth.User":
        pytest.skip("for Django's own user")
    provide_modules(block)
    names = module("recipe", block.code, before=NAMED_BY_THE_TEXT.get(block.page, ""))
    assert not undefined(block.code, names)
    for text in re.findall(r"\"(auth_sessions\.[\w.]+)\"", block.code):
        if not re.fullmatch(r"auth_sessions\.(Session|[EW]\d{3})", text):
            import_string(text) if text.split(".")[-1][0].isupper() else __import__(text)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "python"], ids=str)
def test_python_is_python(block):
    ast.parse(block.code)


@pytest.mark.parametrize(("page", "test"), RUN_ELSEWHERE.items())
def test_the_other_tests_read_their_page(page, test):
    assert (
        page.removeprefix("docs/") in (ROOT / test).read_text()
        or page.removeprefix("docs/").removesuffix(".md") in (ROOT / test).read_text()
    )


def test_json_is_json():
    for block in BLOCKS:
        if block.language == "json":
            json.loads(block.code)


def test_yaml_is_yaml():
    for block in BLOCKS:
        if block.language == "yaml":
            yaml.safe_load(block.code)


def commands_of(block):
    """What is typed: everything, or what stands after a prompt."""
    typed = [line.removeprefix("$ ") for line in block.code.splitlines() if line.startswith("$ ")]
    return "\n".join(typed) or block.code


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_commands_are_commands():
    for block in BLOCKS:
        if block.language in {"console", "bash"}:
            checked = subprocess.run(
                ["bash", "-n"], input=commands_of(block), capture_output=True, text=True, check=False
            )
            assert checked.returncode == 0, f"{block}: {checked.stderr}"


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_javascript_is_javascript(tmp_path):
    files = []
    for block in BLOCKS:
        if block.language == "js":
            files.append(tmp_path / f"{len(files)}.mjs")
            files[-1].write_text(block.code)
            checked = subprocess.run(["node", "--check", files[-1]], capture_output=True, text=True, check=False)
            assert checked.returncode == 0, f"{block}: {checked.stderr}"
    assert len(files) >= 3


def test_templates_are_templates():
    found = [block for block in BLOCKS if block.language == "django"]
    assert found
    for block in found:
        Engine.get_default().from_string(block.code)


def test_every_language_is_known():
    """SQL is run by test_operations; of a proxy's configuration, apps, changes and output nothing is known."""
    checked = {"python", "json", "yaml", "console", "bash", "js", "django"}
    assert {block.language for block in BLOCKS} - checked <= {
        "sql",
        "nginx",
        "swift",
        "kotlin",
        "diff",
        "text",
        "",
        "{toctree}",
    }


def test_manage_py_knows_the_commands():
    """What the documents type is a command of the app, of Django, or of the example."""
    commands = {path.stem for path in (ROOT / "auth_sessions").rglob("management/commands/[a-z]*.py")}
    commands |= {"check", "clearsessions", "createsuperuser", "makemigrations", "migrate", "runserver", "shell"}
    commands |= {"all_tenants_command", "demo", "spectacular"}
    for page in PAGES:  # which may show how to write one
        commands |= set(re.findall(r"management/commands/(\w+)\.py", page.read_text()))
    typed = {name for page in PAGES for name in re.findall(r"manage\.py (\w+)", page.read_text())}
    assert typed <= commands
