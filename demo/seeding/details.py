"""What the demo's departments tick and add beside their texts: event, ward offices, urgency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from demo.days import resolve
from demo.notices import Notice
from publisher.models.people import Department
from publisher.models.submissions import Priority
from publisher.working_time import local_day


@dataclass(frozen=True)
class Details:
    """Names of the notice's own days, a place, codes of ward offices, and why it is urgent."""

    first_day: str = ""
    last_day: str = ""
    place: str = ""
    wards: tuple[str, ...] = ()
    urgent: str = ""

    @property
    def priority(self) -> Priority:
        """Urgent where something says why."""
        return Priority.URGENT if self.urgent else Priority.NORMAL


NOTHING: Final = Details()
DETAILS: Final = {
    "exhibition": Details("d1", "d2", place="महापालिका कलादालन"),
    "bp-camp": Details("d1", place="महापालिकेचे १२ दवाखाने"),
    "water-cut": Details(
        wards=("ward-nagar-road",),
        urgent="पाणी साठविण्यासाठी नागरिकांना किमान दोन दिवस आधी कळणे आवश्यक आहे.",
    ),
    "drain-cleaning": Details(wards=("ward-hadapsar",)),
}
"""By the notice's key."""


def day_of(notice: Notice, name: str, base: datetime) -> date | None:
    """The calendar day of that name; None for no name."""
    return resolve(notice.days, local_day(base))[name] if name else None


def ward_ids(session: Session, details: Details) -> tuple[int, ...]:
    """The ids of its ward offices."""
    if not details.wards:
        return ()
    query = select(Department.id).where(Department.code.in_(details.wards))
    return tuple(sorted(session.scalars(query)))
