"""The table of a run."""

COLUMNS = ("requests", "accepted", "refused", "after", "accepted_after", "refused_before", "failed")
HEADINGS = ("requests", "accepted", "refused", "after", "accepted after", "refused before", "5xx, other")
FAULTS = ("accepted_after", "refused_before", "failed")


def faults(seen):
    """How much there is that must not be."""
    return sum(getattr(seen, name).total() for name in FAULTS)


def table(seen):
    lines = [f"{'check':10}{'credential':20}" + "".join(f"{heading:>16}" for heading in HEADINGS)]
    for check, credential in sorted(seen.requests):
        figures = [getattr(seen, name)[check, credential] for name in COLUMNS]
        lines.append(f"{check:10}{credential:20}" + "".join(f"{figure:16}" for figure in figures))
    totals = [getattr(seen, name).total() for name in COLUMNS]
    lines.append(f"{'all':30}" + "".join(f"{figure:16}" for figure in totals))
    lines += ["", f"{seen.sign_ins} sign-ins, {seen.doors.total()} ends:"]
    lines += [f"{number:6}  {name}" for name, number in seen.doors.most_common()]
    lines.append(f"{seen.doors_too_late.total():6}  found the session gone already")
    return "\n".join(lines)
