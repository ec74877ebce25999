"""The open register: departments added, renamed and placed, and their history."""

from __future__ import annotations

from publisher.people.departments.changing import (
    add,
    carry_out,
    drop,
    finish,
    place,
    record_ending,
    rename,
)
from publisher.people.departments.history import (
    due_changes,
    former_names,
    history,
    waiting_ending,
)
from publisher.people.departments.orders import (
    KINDS,
    BadDepartment,
    Names,
    Order,
    read_order,
)

__all__ = [
    "KINDS",
    "BadDepartment",
    "Names",
    "Order",
    "add",
    "carry_out",
    "drop",
    "due_changes",
    "finish",
    "former_names",
    "history",
    "place",
    "read_order",
    "record_ending",
    "rename",
    "waiting_ending",
]
