import signal
from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.auth.signals import user_login_failed
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache, caches
from django.core.management.color import no_style
from django.db import connection
from django.db.models.signals import post_migrate
from django.test import TransactionTestCase

from auth_sessions import pytest_plugin
from auth_sessions.core import circuit_breaker, session_cache
from auth_sessions.signals import (
    access_token_issuing,
    credentials_revoked,
    expired_cleared,
    sessions_ended,
    sessions_ending,
)
from auth_sessions.testing import stopped_clock
from tests.host.caches import Shared
from tests.support.acting import act
from tests.support.admin import AdminClient
from tests.support.browser import Browser
from tests.support.device import IPHONE, PASSWORD, Device
from tests.support.host import OF_FOLDERS, require
from tests.support.isolation import LEVELS, set_level
from tests.support.related import forgotten
from tests.support.security_log import watched
from tests.support.servers import RedisServer, or_skipped, running


def pytest_configure(config):
    """Who is told to end stops first what it has started: servers, browsers, databases."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not config.pluginmanager.has_plugin("auth_sessions"):  # an editable installation older than the entry point
        config.pluginmanager.register(pytest_plugin, "auth_sessions")


def pytest_terminal_summary(terminalreporter):
    """What a test has to say though it passed: ``record_property("message", text)``."""
    for report in terminalreporter.getreports("passed"):
        for text in (value for name, value in report.user_properties if name == "message" and report.when == "call"):
            terminalreporter.write_line(f"{report.nodeid}: {text}")


class ModuleOfAPart(pytest.Module):
    """Skipped, before it imports what it tests, where the host does not have it."""

    def collect(self):
        require(OF_FOLDERS[self.path.parent.name])
        return super().collect()


def pytest_pycollect_makemodule(module_path, parent):
    if module_path.parent.name in OF_FOLDERS:
        return ModuleOfAPart.from_parent(parent, path=module_path)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Whoever needs a user commits, since much happens on commit; a test marked ``django_db`` is rolled back.

    What asks for no database is the same on each.
    """
    for item in items:
        if "make_user" in item.fixturenames and item.get_closest_marker("django_db") is None:
            item.add_marker(pytest.mark.django_db(transaction=True))
        if item.get_closest_marker("django_db") is None and not {"db", "transactional_db"} & set(item.fixturenames):
            item.add_marker(pytest.mark.any_database)


def pytest_sessionfinish(session, exitstatus):
    """A run in which every test was skipped has not passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")  # which the workers of xdist lack
    if exitstatus == 0 and reporter and not session.config.option.collectonly and not reporter.stats.get("passed"):
        reporter.write_line("\nno test was executed", red=True)
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    """After each test, the rows go that tests write, and what ``migrate`` says of models stays.

    Django would truncate, which takes PostgreSQL half a second, and write content types and permissions again, which
    takes as long as most of the tests.
    """
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    staying = {ContentType._meta.db_table, Permission._meta.db_table}
    deleting, quote = connection.ops.sql_flush, connection.ops.quote_name

    def sql_flush(style, tables, **options):
        tables = [table for table in tables if table not in staying]
        if connection.vendor == "postgresql":
            return [f"DELETE FROM {quote(table)}" for table in tables]
        return deleting(style, tables, **options)

    def delete_rows(test):
        """As the command ``flush``, without all that a command and its signal do."""
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        statements = connection.ops.sql_flush(no_style(), tables, allow_cascade=test.available_apps is not None)
        connection.ops.execute_sql_flush(statements)

    connection.ops.sql_flush = sql_flush
    TransactionTestCase._fixture_teardown = delete_rows


@pytest.fixture
def new_models(transactional_db):
    """What the test adds to the host project is gone when it ends."""
    with forgotten():
        yield


# Users, and where they are signed in


@pytest.fixture
def make_user(db):
    def make(name="ada", **fields):
        if get_user_model().USERNAME_FIELD == "email":
            name = f"{name}@example.org"
        return get_user_model().objects.create_user(name, password=PASSWORD, **fields)

    return make


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def bob(make_user):
    return make_user("bob")


@pytest.fixture
def grace(make_user):
    """A superuser."""
    return make_user("grace", is_staff=True, is_superuser=True)


@pytest.fixture
def laptop(ada):
    """A device with tokens."""
    return Device().sign_in(ada)


@pytest.fixture
def phone(ada):
    """Another one."""
    return Device().sign_in(ada)


@pytest.fixture
def iphone(ada):
    """One that is seen to be another."""
    return Device(IPHONE).sign_in(ada)


@pytest.fixture
def office_browser(ada):
    """A browser with Django's own session."""
    return Browser().sign_in(ada)


@pytest.fixture
def library_browser(ada):
    """Another one."""
    return Browser().sign_in(ada)


@pytest.fixture
def staff_device(grace):
    """An administrator's device with tokens."""
    return Device().sign_in(grace)


@pytest.fixture
def help_device(grace, staff_device, ada):
    """Grace, the administrator, acts as Ada from her own device."""
    return act(grace, ada, from_device=staff_device)


@pytest.fixture
def staff_client(grace):
    """An administrator at the admin."""
    return AdminClient(grace)


# What is seen of it


@pytest.fixture
def ended():
    """What ``sessions_ended`` said, one event for each operation."""
    events = []

    def receive(**event):
        events.append(event)

    sessions_ended.connect(receive)
    yield events
    sessions_ended.disconnect(receive)


@pytest.fixture
def login_failures():
    """What ``user_login_failed`` said."""
    events = []

    def receive(**event):
        events.append(event)

    user_login_failed.connect(receive)
    yield events
    user_login_failed.disconnect(receive)


# What a project may have


@pytest.fixture
def atomic_requests(monkeypatch):
    """Each request is one transaction."""
    if connection.vendor == "sqlite":
        # A request that reads first and writes later cannot wait for another on SQLite, unless it begins as a writer.
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "transaction_mode", "IMMEDIATE")
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


@pytest.fixture(params=[False, True], ids=["autocommit", "atomic requests"])
def any_transaction_mode(request):
    """Both ways of a project: each statement by itself, and each request in one transaction."""
    if request.param:
        request.getfixturevalue("atomic_requests")


@pytest.fixture(params=LEVELS, ids=lambda level: level or "default level")
def any_level(request, monkeypatch):
    """Each isolation level of the database: Django's default is None."""
    set_level(monkeypatch, request.param)
    yield request.param
    connection.close()


@pytest.fixture
def patient_breaker(monkeypatch):
    """A new circuit breaker, and a patient one: a busy machine is no slow cache."""
    monkeypatch.setattr(session_cache, "breaker", circuit_breaker.CircuitBreaker())
    monkeypatch.setattr(circuit_breaker, "SLOW", 30)


@pytest.fixture
def shared_cache(settings, patient_breaker):
    """A cache that all processes might share, which is asked for sessions."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "shared": {"BACKEND": "tests.host.caches.Shared", "LOCATION": "shared"},
    }
    settings.AUTH_SESSIONS_CACHE = "shared"
    Shared.asked, Shared.before = [], None
    caches["shared"].clear()
    yield Shared
    Shared.before = None


@pytest.fixture(scope="session")
def redis_address():
    """Of a Redis that others may use as well, without the number of the database."""
    pytest.importorskip("redis", reason="redis is not installed")
    with or_skipped(), running("redis") as where:
        yield f"redis://127.0.0.1:{where['REDIS_PORT']}"


@pytest.fixture
def own_redis():
    """A Redis that nobody else uses, which may stop, hang and lose what it holds."""
    pytest.importorskip("redis", reason="redis is not installed")
    with or_skipped(), RedisServer.own() as server:
        yield server


@pytest.fixture
def geoip(tmp_path, settings):
    """A project with a database of cities, or of countries."""
    pytest.importorskip("geoip2", reason="needs geoip2")
    pytest.importorskip("mmdb_writer", reason="needs mmdb-writer")
    from tests.support.geoip import write

    def install(kind):
        settings.GEOIP_PATH = tmp_path
        return write(tmp_path, kind)

    return install


@pytest.fixture
def axes(settings):
    """django-axes counts failures, and locks out at three."""
    settings.AUTHENTICATION_BACKENDS = ["axes.backends.AxesBackend", *settings.AUTHENTICATION_BACKENDS]
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3
    settings.AXES_USERNAME_FORM_FIELD = get_user_model().USERNAME_FIELD


@pytest.fixture
def clock():
    """The time stands still until the test moves it: ``clock.shift(seconds or timedelta)``."""
    with stopped_clock(datetime(2026, 11, 24, 12, tzinfo=UTC)) as moving:
        yield moving


@pytest.fixture
def clock_from_now():
    """Starts at the real time, since some go by what the system notes of its files."""
    with stopped_clock() as moving:
        yield moving


@pytest.fixture
def use_middleware(settings):
    """Puts a class of the host's in the place of the app's middleware."""
    import_module("tests.urls")  # which looks at the settings once
    ours = "auth_sessions.middleware.BrowserSessionMiddleware"

    def use(name):
        settings.MIDDLEWARE = [each.replace(ours, f"tests.host.middleware.{name}") for each in settings.MIDDLEWARE]

    return use


@pytest.fixture
def rest_only():
    """As in a project without the apps beside the core, which add statements.

    The Supabase API adds claims, and one SELECT, to each access token; what comes from simplejwt remembers who signs
    out everywhere, and forgets what has expired.
    """
    from auth_sessions.contrib.simplejwt import receivers as simplejwt

    connected = [
        (credentials_revoked, "auth_sessions.contrib.simplejwt.credentials_revoked", simplejwt.refuse_old_tokens),
        (expired_cleared, "auth_sessions.contrib.simplejwt.expired_cleared", simplejwt.clear_expired),
    ]
    if apps.is_installed("auth_sessions.supabase"):
        from auth_sessions.supabase.receivers import add_claims

        connected.append((access_token_issuing, "auth_sessions.supabase.add_claims", add_claims))
    for sent, uid, _ in connected:
        sent.disconnect(dispatch_uid=uid)
    yield
    for sent, uid, receiver in connected:
        sent.connect(receiver, dispatch_uid=uid)


@pytest.fixture
def hiding_manager(monkeypatch):
    """The user model's default manager hides the marked, as that of a project with soft deletion does."""
    user_model = get_user_model()
    plain = user_model._default_manager

    class Visible(type(plain)):
        def get_queryset(self):
            return super().get_queryset().filter(is_staff=False)

    manager = Visible()
    manager.model, manager.name = user_model, "visible"
    monkeypatch.setitem(vars(user_model._meta), "default_manager", manager)
    return manager


@pytest.fixture
def tokens_only(settings):
    """As in a project without browser sessions: Django's logins are no rows."""
    import_module("tests.urls")  # which looks at the settings once
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("auth_sessions.")]


@pytest.fixture(autouse=True)
def security_log():
    """What the security log says during the test. Each line fits the tables of docs/security-log.md."""
    with watched() as lines:
        yield lines


@pytest.fixture
def unheard(monkeypatch):
    """As in a project that does not listen to the end of sessions: the app reads no instances of them."""
    for heard in (sessions_ending, sessions_ended):
        monkeypatch.setattr(heard, "receivers", [])


@pytest.fixture(params=["heard", "unheard"])
def heard_or_not(request):
    """As in a project that listens to the end of sessions, and in one that does not."""
    if request.param == "unheard":
        request.getfixturevalue("unheard")


@pytest.fixture(autouse=True)
def _fresh_cache():
    cache.clear()
