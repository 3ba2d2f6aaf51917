"""Takes a sequence of steps again, and finds a short one that fails in the same way."""

from contextlib import contextmanager


def replay(machine_class, steps):
    """What goes wrong, and after how many steps; steps that nobody can take are left out."""
    machine = machine_class()
    known_rules = machine.setup_state()
    rules = {each.function.__name__: each for each in [*known_rules.initializers, *known_rules.rules]}
    try:
        for number, (name, values) in enumerate(steps, 1):
            known = rules[name]
            if not all(condition(machine) for condition in known.preconditions):
                continue
            try:
                known.function(machine, **values)
                machine.what_must_hold()
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is what was found
                return error, number
    finally:
        machine.teardown()
    return None, len(steps)


def play(*steps):
    """For a named test: the steps as :func:`as_code` writes them."""
    from tests.reliability.state_machine.machine import SessionMachine

    error, _ = replay(SessionMachine, steps)
    if error is not None:
        raise error


def shorten(machine_class, steps, error):
    """As few of the steps as fail in the same way."""

    def fails(some):
        found, number = replay(machine_class, some)
        return number if type(found) is type(error) and _kind(found) == _kind(error) else None

    begin, rest = steps[0], steps[1:]
    size = max(1, len(rest) // 2)
    while True:
        start = len(rest)
        while start > 0:
            fewer = rest[: max(0, start - size)] + rest[start:]
            if fails([begin, *fewer]):
                rest = fewer
            start -= size
        if size == 1:
            return [begin, *rest]
        size = max(1, size // 2)


def _kind(error):
    return str(error).partition(":")[0]


def as_code(steps):
    return "\n".join(["play(", *(f"    ({name!r}, {values!r})," for name, values in steps), ")"])


@contextmanager
def shortening(machine_class):
    """Adds the short sequence to an error of a run."""
    try:
        yield
    except Exception as error:
        error.add_note(as_code(shorten(machine_class, list(machine_class.last), error)))
        raise
