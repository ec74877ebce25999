"""What each of the cast has kept of the lists: a named view, and a list that is prepared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select

from publisher.models.saved_views import Export, KeptView
from tests.support.city import City


def keep_lists(city: City, names: Iterable[str]) -> None:
    """A view and a prepared list, without rows, for each of them."""
    with city.write() as session:
        for name in names:
            person_id = city.people[name]
            session.add(
                KeptView(
                    person_id=person_id,
                    page="submissions",
                    name="माझे",
                    query="wished=soon",
                    made_at=city.now,
                )
            )
            session.add(
                Export(
                    person_id=person_id,
                    appointment_id=city.appointments[name],
                    line=[],
                    page="submissions",
                    query="view=all",
                    asked_at=city.now,
                    total=0,
                    finished_at=city.now,
                    expires_at=city.now + timedelta(days=1),
                )
            )


def lists_of(city: City, name: str) -> dict[str, int]:
    """The ids of what somebody has kept; 0 where nothing is."""
    person_id = city.people[name]
    views = select(KeptView.id).where(KeptView.person_id == person_id)
    exports = select(Export.id).where(Export.person_id == person_id)
    with city.read() as session:
        return {
            "view_id": session.scalars(views).first() or 0,
            "export_id": session.scalars(exports).first() or 0,
        }
