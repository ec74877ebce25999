"""What heads write wrong at first in the form of two officers, and where the page says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.journey.called_heads import Head, day

Fields = dict[str, str]


@dataclass(frozen=True)
class Slip:
    """A slip: what it makes of the right fields, and the field that has the error then."""

    name: str
    change: Callable[[Head, Fields], Fields]
    field: str


def _with(**changes: str) -> Callable[[Head, Fields], Fields]:
    return lambda _head, fields: {**fields, **changes}


def _one_officer(_head: Head, fields: Fields) -> Fields:
    return {name: "" if name.startswith("second_") else text for name, text in fields.items()}


def _same_person(_head: Head, fields: Fields) -> Fields:
    return fields | {
        name: fields[name.replace("second", "first")] for name in fields if "second_" in name
    }


SLIPS = (
    Slip("landline", _with(second_mobile="020-25501000"), "second_mobile"),
    Slip("one officer only", _one_officer, "second_name_mr"),
    Slip("the same person twice", _same_person, "second_mobile"),
    Slip("the head", lambda head, fields: fields | {"first_mobile": head.mobile}, "first_mobile"),
    # Two days ahead: a long run may pass a midnight.
    Slip("order of a day to come", _with(ordered_on=day(2)), "ordered_on"),
    Slip("no such day", _with(ordered_on="31/06/2026"), "ordered_on"),
    # The mobile of the first head of the list: the name is not the one it is recorded with.
    Slip("somebody else's mobile", _with(first_mobile="9700000000"), "first_name_mr"),
    Slip("nine digits", _with(first_mobile="982201111"), "first_mobile"),
    Slip("no class", _with(second_service_class=""), "second_service_class"),
    Slip("no name", _with(first_name_mr="  "), "first_name_mr"),
    Slip("no mail address", _with(first_mail="officer at pmc"), "first_mail"),
    Slip("a name too long", _with(second_name_mr="अ" * 121), "second_name_mr"),
    Slip("no order number", _with(order_number=""), "order_number"),
)
