"""Models that a test adds to the host project, related to a session; and receivers of signals for a while."""

from contextlib import contextmanager

from django.apps import apps
from django.db import connection, models


def new_model(name, base=models.Model, meta=None, **fields):
    """A model of the host project."""
    options = type("Meta", (), {"app_label": "host", **(meta or {})})
    return type(name, (base,), {"__module__": __name__, "Meta": options, **fields})


def child(name, target, on_delete, **options):
    """A model of the host project with a foreign key to the target."""
    return new_model(name, key=models.ForeignKey(target, on_delete, **{"related_name": "+", **options}))


@contextmanager
def forgotten():
    """What is added meanwhile is gone afterwards, its tables, too."""
    models_before, tables_before = set(apps.all_models["host"]), set(connection.introspection.table_names())
    try:
        yield
    finally:
        added = {name: model for name, model in apps.all_models["host"].items() if name not in models_before}
        tables = set(connection.introspection.table_names()) - tables_before
        with connection.schema_editor() as editor:
            for model in reversed(added.values()):
                if model._meta.db_table in tables:
                    editor.delete_model(model)
        for name in added:
            del apps.all_models["host"][name]
        apps.clear_cache()


def with_table(model):
    with connection.schema_editor() as editor:
        editor.create_model(model)
    return model


@contextmanager
def receiving(receiver, *signals, of):
    for signal in signals:
        signal.connect(receiver, of)
    try:
        yield
    finally:
        for signal in signals:
            signal.disconnect(receiver, of)
