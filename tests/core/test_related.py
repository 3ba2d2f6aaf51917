"""What is related to a session goes with it as ``on_delete`` says, on every database and whatever ends it."""

from contextlib import contextmanager

import pytest
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models.signals import post_delete, pre_delete
from django.test.utils import CaptureQueriesContext

from auth_sessions.choices import EndReason
from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from tests.host.models import PushDevice
from tests.support.related import child, new_model, receiving, with_table
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("new_models")

WAYS = {
    "sign-out": lambda device: device.sign_out("local"),
    "queryset": lambda device: Session.objects.filter(pk=device.session_id).end(reason=EndReason.REVOKED),
    "instance": lambda device: Session.objects.get(pk=device.session_id).delete(),
}


@pytest.fixture(params=WAYS)
def end_it(request):
    return WAYS[request.param]


def test_cascade(ada, laptop, end_it):
    lease = with_table(child("Lease", Session, models.CASCADE))
    another = create_session(ada)
    for key in (laptop.session_id, laptop.session_id, another.pk):
        lease.objects.create(key_id=key)
    end_it(laptop)
    assert [row.key_id for row in lease.objects.all()] == [another.pk]


def test_twice_on_one_model(ada, laptop, end_it):
    lease = child("Lease", Session, models.CASCADE)
    models.ForeignKey(Session, models.CASCADE, related_name="+", null=True).contribute_to_class(lease, "second")
    with_table(lease)
    another = create_session(ada)
    lease.objects.create(key_id=laptop.session_id, second_id=laptop.session_id)
    lease.objects.create(key_id=another.pk, second_id=laptop.session_id)
    stays = lease.objects.create(key_id=another.pk)
    end_it(laptop)
    assert list(lease.objects.all()) == [stays]


@pytest.mark.parametrize(
    ("on_delete", "options", "left"),
    [
        (models.SET_NULL, {"null": True}, [None]),
        (models.SET(lambda: None), {"null": True}, [None]),
        (models.SET_DEFAULT, {"null": True, "default": None}, [None]),
    ],
)
def test_what_stays_no_longer_names_it(laptop, end_it, on_delete, options, left):
    lease = with_table(child("Lease", Session, on_delete, **options))
    lease.objects.create(key_id=laptop.session_id)
    end_it(laptop)
    assert [row.key_id for row in lease.objects.all()] == left


@pytest.mark.parametrize(("on_delete", "left"), [(models.CASCADE, []), (models.SET_NULL, [None])])
def test_what_is_related_to_what_is_related(laptop, end_it, on_delete, left):
    lease = with_table(child("Lease", Session, models.CASCADE))
    payment = with_table(child("Payment", lease, on_delete, null=True))
    payment.objects.create(key=lease.objects.create(key_id=laptop.session_id))
    end_it(laptop)
    assert not lease.objects.exists()
    assert [row.key_id for row in payment.objects.all()] == left


def test_by_another_column_than_the_key(laptop, end_it):
    """A key to a column of the related row, not to its primary key."""
    lease = child("Lease", Session, models.CASCADE)
    models.CharField(max_length=10, unique=True).contribute_to_class(lease, "number")
    with_table(lease)
    payment = with_table(child("Payment", lease, models.CASCADE, to_field="number"))
    payment.objects.create(key=lease.objects.create(key_id=laptop.session_id, number="A1"))
    end_it(laptop)
    assert not lease.objects.exists()
    assert not payment.objects.exists()


@pytest.mark.parametrize("signal", [pre_delete, post_delete])
def test_a_receiver_is_called_for_each(laptop, end_it, signal):
    for _ in range(2):
        PushDevice.objects.create(session_id=laptop.session_id, token="t")
    received = []

    def receive(instance, **event):
        received.append((instance.session_id, PushDevice.objects.filter(pk=instance.pk).exists()))

    with receiving(receive, signal, of=PushDevice):
        end_it(laptop)
    assert [str(key) for key, _ in received] == [str(laptop.session_id)] * 2
    assert {there for _, there in received} == {signal is pre_delete}
    assert not PushDevice.objects.exists()


@pytest.fixture
def log():
    """A model that names whatever it is about, and that sessions know of."""
    entry = new_model(
        "Entry",
        content_type=models.ForeignKey(ContentType, models.CASCADE, related_name="+"),
        object_id=models.UUIDField(),
        about=GenericForeignKey(),
    )
    relation = GenericRelation(entry)
    relation.contribute_to_class(Session, "log")
    yield with_table(entry)
    Session._meta.private_fields.remove(relation)
    del Session.log


def test_generic_relations(ada, laptop, end_it, log):
    another = create_session(ada)
    for session in (Session.objects.get(pk=laptop.session_id), another):
        log.objects.create(about=session)
    end_it(laptop)
    assert [entry.object_id for entry in log.objects.all()] == [another.pk]


def test_by_columns_without_a_constraint(laptop, end_it):
    note = new_model(
        "Note",
        about=models.UUIDField(),
        session=models.ForeignObject(
            Session, models.CASCADE, from_fields=["about"], to_fields=["id"], related_name="+"
        ),
    )
    with_table(note).objects.create(about=laptop.session_id)
    end_it(laptop)
    assert not Session.objects.exists()
    assert not note.objects.exists()


class Shown(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(is_hidden=False)


def test_what_a_project_hides_from_deletions(laptop, end_it):
    record = new_model(
        "Record",
        meta={"base_manager_name": "shown"},
        key=models.ForeignKey(Session, models.CASCADE, related_name="+", db_constraint=False),
        is_hidden=models.BooleanField(),
        shown=Shown(),
        all=models.Manager(),
    )
    with_table(record)
    for is_hidden in (False, True):
        record.all.create(key_id=laptop.session_id, is_hidden=is_hidden)
    end_it(laptop)
    assert [row.is_hidden for row in record.all.all()] == [True]


@contextmanager
def sessions_with_a_place(name):
    """Sessions with a column of their own, in a table of its own."""
    yield with_table(new_model(name, Session, place=models.CharField(max_length=10)))
    delattr(Session, name.lower())


@pytest.fixture
def kiosk():
    with sessions_with_a_place("Kiosk") as kiosk:
        yield kiosk


@pytest.fixture
def booth():
    with sessions_with_a_place("Booth") as booth:
        yield booth


def place(model, session_id):
    model(session_ptr_id=session_id, place="hall").save_base(raw=True)


def test_a_session_with_columns_of_its_own(laptop, end_it, kiosk):
    place(kiosk, laptop.session_id)
    end_it(laptop)
    assert not kiosk.objects.exists()
    assert not Session.objects.exists()


def test_it_ends_by_the_name_of_its_own_too(ada, laptop, kiosk, booth, ended):
    """Whatever else that session is."""
    for model in (kiosk, booth):
        place(model, laptop.session_id)
    create_session(ada)
    assert kiosk.objects.filter(place="hall").end(reason=EndReason.REVOKED) == 1
    assert [str(session.pk) for session in ended[0]["sessions"]] == [str(laptop.session_id)]
    assert (kiosk.objects.count(), booth.objects.count(), Session.objects.count()) == (0, 0, 1)
    assert laptop.me().status_code == 401


def test_many_of_them_cost_as_much_as_two(ada, kiosk):
    def cost(number):
        for _ in range(number):
            place(kiosk, create_session(ada).pk)
        with CaptureQueriesContext(connection) as queries:
            Session.objects.all().end(reason=EndReason.REVOKED)
        return statements(queries)

    assert cost(2) == cost(20)


@pytest.mark.parametrize("number", [1, 2])
def test_an_on_delete_of_the_project_s_own(laptop, end_it, number):
    def all_of_them(collector, field, rows, using):
        collector.collect(list(rows), source=field.remote_field.model, source_attr=field.name)

    lease = with_table(child("Lease", Session, all_of_them))
    for _ in range(number):
        lease.objects.create(key_id=laptop.session_id)
    end_it(laptop)
    assert not lease.objects.exists()
    assert not RefreshToken.objects.exists()


@contextmanager
def done_in_sql(*statements, undo):
    """What a project does to the database by hand, until the end of the block."""
    for statement in statements:
        connection.cursor().execute(statement)
    try:
        yield
    finally:
        connection.cursor().execute(undo)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the triggers are PostgreSQL's")
@pytest.mark.parametrize("moment", ["BEFORE", "AFTER"])
@pytest.mark.parametrize("model", [PushDevice, RefreshToken])
def test_a_trigger_on_what_is_related_still_finds_the_session(laptop, end_it, model, moment):
    with done_in_sql(
        "CREATE TABLE audit AS SELECT user_id FROM auth_sessions_session WITH NO DATA",
        """CREATE FUNCTION write_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           INSERT INTO audit SELECT user_id FROM auth_sessions_session WHERE id = OLD.session_id; RETURN OLD; END $$""",
        f"CREATE TRIGGER a {moment} DELETE ON {model._meta.db_table} FOR EACH ROW EXECUTE FUNCTION write_audit()",
        undo="DROP FUNCTION write_audit CASCADE; DROP TABLE audit",
    ):
        PushDevice.objects.create(session_id=laptop.session_id, token="t")
        end_it(laptop)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM audit")
            assert cursor.fetchone() == (1,)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the trigger is PostgreSQL's")
@pytest.mark.parametrize("table", ["auth_sessions_session", "host_lease"])
def test_a_trigger_that_writes_to_what_is_deleted_next(laptop, end_it, table):
    """PostgreSQL refuses that within one statement: "already modified by an operation triggered by ..."."""
    for name in ("Bill", "Lease", "Receipt"):
        with_table(child(name, Session, models.CASCADE)).objects.create(key_id=laptop.session_id)
    key = "id" if table == "auth_sessions_session" else "key_id"
    with done_in_sql(
        f"""CREATE FUNCTION write_related() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE host_bill SET key_id = key_id WHERE key_id = OLD.{key};
            UPDATE host_receipt SET key_id = key_id WHERE key_id = OLD.{key}; RETURN OLD; END $$""",
        f"CREATE TRIGGER a BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION write_related()",
        undo="DROP FUNCTION write_related CASCADE",
    ):
        end_it(laptop)
    assert not Session.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the rule is PostgreSQL's")
def test_a_rule_on_what_is_related(laptop, end_it):
    lease = with_table(child("Lease", Session, models.CASCADE))
    lease.objects.create(key_id=laptop.session_id)
    with done_in_sql(
        "CREATE TABLE audit (session_id uuid)",
        "CREATE RULE audited AS ON DELETE TO host_lease DO ALSO INSERT INTO audit VALUES (OLD.key_id)",
        undo="DROP TABLE audit CASCADE",
    ):
        end_it(laptop)
    assert not Session.objects.exists()
