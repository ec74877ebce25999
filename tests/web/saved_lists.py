"""Saved views, finished exports and uploaded files of lists, for people of the city."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select

from publisher.models.departments import RegisterFile, RegisterKind
from publisher.models.saved_views import Export, ExportFile, SavedView
from publisher.papers.letter_exports import LETTERS
from tests.support.city import City


def save_lists(city: City, names: Iterable[str]) -> None:
    """Store a saved view, exports of nothing, and a file for each of these people."""
    with city.write() as session:
        for name in names:
            person_id = city.people[name]
            session.add(
                SavedView(
                    person_id=person_id,
                    page="submissions",
                    name="माझे",
                    query="wished=soon",
                    made_at=city.now,
                )
            )
            for page, query in (("submissions", "view=all"), (LETTERS, "2")):
                export = Export(
                    person_id=person_id,
                    appointment_id=city.appointments[name],
                    line=[],
                    page=page,
                    query=query,
                    asked_at=city.now,
                    total=0,
                    finished_at=city.now,
                    expires_at=city.now + timedelta(days=1),
                )
                session.add(export)
                session.flush()
                if page == LETTERS:
                    row = ExportFile(export_id=export.id, number=0, name="letters.pdf", content=b"")
                    session.add(row)
            session.add(
                RegisterFile(
                    kind=RegisterKind.OFFICERS,
                    name="officers.csv",
                    headings=["विभाग", "नाव", "मोबाईल"],
                    rows=[(2, ["garden", "अनिता जोशी", "5550004321"])],
                    choices={},
                    uploaded_at=city.now,
                    uploaded_by_id=person_id,
                )
            )


def lists_of(city: City, name: str) -> dict[str, int]:
    """Return the ids of a person's view, export and file; 0 for what the person does not have."""
    person_id = city.people[name]
    views = select(SavedView.id).where(SavedView.person_id == person_id)
    exports = select(Export.id).where(Export.person_id == person_id, Export.page == "submissions")
    letters = select(Export.id).where(Export.person_id == person_id, Export.page == LETTERS)
    files = select(RegisterFile.id).where(RegisterFile.uploaded_by_id == person_id)
    with city.read() as session:
        return {
            "view_id": session.scalars(views).first() or 0,
            "register_file_id": session.scalars(files).first() or 0,
            "export_id": session.scalars(exports).first() or 0,
            "files_id": session.scalars(letters).first() or 0,
        }
