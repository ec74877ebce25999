"""The calls to name officers that the demo city has, who answered them, and a list of transfers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from approvals.policy import Role
from demo.script import read_toml
from publisher.nominations.named_officers import NamedOfficer


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAnswer:
    """The two officers that the head of a department named; `day` counts from today."""

    department: str
    day: int
    with_code: bool
    order_number: str
    first: NamedOfficer
    second: NamedOfficer


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCall:
    """A call to departments, by the key of a person; `telephoned` says who rang which of them."""

    by: str
    order_number: str
    opened: int
    nominate_by: int
    departments: tuple[str, ...]
    answers: tuple[DemoAnswer, ...]
    telephoned: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMove:
    """A person of the demo who moves to another department."""

    person: str
    department: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTransfers:
    """A list of transfers that somebody prepared for the first day of the next month."""

    by: str
    day: int
    order_number: str
    moves: tuple[DemoMove, ...]


@cache
def load_calls() -> tuple[DemoCall, ...]:
    """Return the calls in the order in which they are opened."""
    return tuple(_call(fields) for fields in read_toml("calls.toml")["calls"])


def _call(fields: Mapping[str, Any]) -> DemoCall:
    answers = [
        DemoAnswer(
            **{
                **answer,
                "first": NamedOfficer(**answer["first"]),
                "second": NamedOfficer(**answer["second"]),
            }
        )
        for answer in fields["answers"]
    ]
    return DemoCall(
        **{**fields, "departments": tuple(fields["departments"]), "answers": tuple(answers)}
    )


@cache
def load_transfers() -> DemoTransfers:
    """Return the list of transfers."""
    fields = read_toml("calls.toml")["transfers"]
    moves = [DemoMove(**{**move, "role": Role(move["role"])}) for move in fields["moves"]]
    return DemoTransfers(**{**fields, "moves": tuple(moves)})
