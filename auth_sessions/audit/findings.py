"""What a judge says of a requirement."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether this project meets a requirement. It is the project's duty where only people can know."""

    MET = "met"
    NOT_MET = "not met"
    DUTY = "the project's duty"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Finding:
    """A verdict, the fact it rests on, and what to change ("" where there is nothing to change)."""

    verdict: Verdict
    reason: str
    change: str = ""


def met(reason: str) -> Finding:
    return Finding(Verdict.MET, reason)


def not_met(reason: str, change: str) -> Finding:
    return Finding(Verdict.NOT_MET, reason, change)


def duty(reason: str, change: str) -> Finding:
    return Finding(Verdict.DUTY, reason, change)


def not_applicable(reason: str) -> Finding:
    return Finding(Verdict.NOT_APPLICABLE, reason)
