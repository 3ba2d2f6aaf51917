"""Many sessions, written in a few statements."""

from django.db import connection

from auth_sessions.models import RefreshToken, Session


def multiply(session, count):
    """Add as many sessions of the same person, which differ from this one in their keys alone, all of them lower.

    With tokens, if this one has one. Returns the keys, in order.
    """
    if connection.vendor == "postgresql":
        _multiply_in_sql(session, count)
        return list(Session.objects.filter(pk__lt=session.pk).order_by("pk").values_list("pk", flat=True))
    template = {field.attname: getattr(session, field.attname) for field in Session._meta.concrete_fields}
    template |= {"django_session_key": None}
    keys = [f"00000000-0000-7000-8000-{number:012x}" for number in range(count)]
    Session.objects.bulk_create([Session(**(template | {"id": key})) for key in keys], batch_size=1000)
    if RefreshToken.objects.filter(pk=session.pk).exists():
        RefreshToken.objects.bulk_create([RefreshToken(session_id=key) for key in keys], batch_size=1000)
    return list(Session.objects.filter(pk__lt=session.pk).order_by("pk").values_list("pk", flat=True))


def _multiply_in_sql(session, count):
    new = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
    with connection.cursor() as cursor:
        for model, values in (
            (Session, {"id": new, "django_session_key": "NULL"}),
            (RefreshToken, {"session_id": new}),
        ):
            columns = [field.column for field in model._meta.concrete_fields]
            read = ", ".join(values.get(column, f'"{column}"') for column in columns)
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {read} FROM "
                f"{model._meta.db_table}, generate_series(0, %s - 1) AS n WHERE {model._meta.pk.column} = %s",
                [count, session.pk],
            )
            cursor.execute(f"ANALYZE {model._meta.db_table}")
