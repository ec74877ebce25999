"""Read what a head wrote about two officers; all wrong fields are reported together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date, datetime
from itertools import product
from typing import Final

from publisher.auth.contact_details import BadPerson, read_mail, read_mobile
from publisher.models.people import Person, ServiceClass
from publisher.nominations.calls import read_order_day
from publisher.validation import FieldError, Validator

SLOTS: Final = ("first", "second")


@dataclass(frozen=True)
class NamedOfficer:
    """A person as a head wrote them: texts as typed, or as stored once they have been read."""

    name_mr: str = ""
    designation: str = ""
    service_class: str = ""
    mobile: str = ""
    mail: str = ""

    @property
    def is_empty(self) -> bool:
        """True if nothing was written about this person."""
        return not any(text.strip() for text in astuple(self))


@dataclass(frozen=True)
class OfficersNamed:
    """The two officers of a department, and the order that names them."""

    first: NamedOfficer
    second: NamedOfficer
    order_number: str
    ordered_on: date | None

    def digest(self, *parts: object) -> str:
        """Return a digest of all this and of further parts, which binds a code to it."""
        return hashlib.sha256(repr((astuple(self), parts)).encode()).hexdigest()[:32]


def read(
    named: OfficersNamed,
    *,
    heads: Mapping[str, Person],
    now: datetime,
    problems: Iterable[FieldError] = (),
) -> OfficersNamed:
    """Return the two officers in their stored form.

    No officer may have the mobile or mail of one of the `heads`, who are listed by the code of that
    problem. Raises `Invalid` with every problem, after the `problems` found before; the fields
    begin with `first_` or `second_`.
    """
    validator = Validator(problems)
    first = _read_officer(validator, "first", named.first)
    if named.second.is_empty and not named.first.is_empty:
        validator.add("second_name_mr", "two_needed")
        second = named.second
    else:
        second = _read_officer(validator, "second", named.second)
    for field in ("mobile", "mail"):
        if getattr(first, field) and getattr(first, field) == getattr(second, field):
            validator.add(f"second_{field}", f"same_{field}")
    for slot, officer in zip(SLOTS, (first, second), strict=True):
        for field, (code, head) in product(("mobile", "mail"), heads.items()):
            if getattr(officer, field) and getattr(officer, field) == getattr(head, field):
                validator.add(f"{slot}_{field}", code)
    number = validator.line("order_number", named.order_number, most=80, required=True)
    ordered_on = read_order_day(validator, named.ordered_on, now=now)
    validator.finish()
    return OfficersNamed(first, second, number, ordered_on)


def _read_officer(validator: Validator, slot: str, officer: NamedOfficer) -> NamedOfficer:
    if officer.service_class not in set(ServiceClass):
        validator.add(f"{slot}_service_class", "class_needed")
    return NamedOfficer(
        name_mr=validator.line(f"{slot}_name_mr", officer.name_mr, most=120, required=True),
        designation=validator.line(
            f"{slot}_designation", officer.designation, most=160, required=True
        ),
        service_class=officer.service_class,
        mobile=_read_contact(validator, f"{slot}_mobile", officer.mobile, read_mobile),
        mail=_read_contact(validator, f"{slot}_mail", officer.mail, read_mail, is_needed=False),
    )


def _read_contact(
    validator: Validator,
    field: str,
    text: str,
    reader: Callable[[str | None], str | None],
    *,
    is_needed: bool = True,
) -> str:
    try:
        contact = reader(text)
    except BadPerson as problem:
        validator.add(field, f"{problem.field}_{problem.code}")
        return ""
    if contact is None and is_needed:
        validator.add(field, "required")
    return contact or ""
