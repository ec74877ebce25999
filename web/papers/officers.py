"""The register of officers on paper."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, request, url_for
from werkzeug import Response

from publisher.i18n.languages import digits
from publisher.models.people import Appointment
from publisher.papers.pdf import Paper, Part, Table
from publisher.reports import export
from web.core.auth import actor_now, writing
from web.core.i18n import _, page_language
from web.core.permissions import allow_roles
from web.messages.names import department_name, person_name
from web.papers.files import filter_line, pdf_file
from web.people.departments import READERS, read_register_choice

routes = Blueprint("officers_papers", __name__)


@routes.get("/departments.pdf")
@allow_roles(*READERS)
def register() -> Response:
    """Return the departments that the register shows, with their officers and heads, as PDF."""
    with writing() as session:
        listed = read_register_choice(session)
        headings = [
            _("No."),
            _("Department"),
            _("First officer"),
            _("Second officer"),
            _("Head"),
        ]
        rows = []
        for number, department in enumerate(listed.chosen, start=1):
            officers = [_person(officer) for officer in listed.officers.get(department.id, ())]
            heads = [_person(head) for head in listed.heads.get(department.id, ())]
            rows.append(
                (
                    digits(str(number), page_language()),
                    department_name(department),
                    *[*(officers or [_("nobody named")]), "", ""][:2],
                    "\n".join(heads) or _("not recorded"),
                )
            )
        table = Table((1.6, 7, 8.5, 8.5, 8), rows, headings)
        numbers = {0: _("No officer"), 1: _("One officer"), 2: _("Two officers")}
        officers_label = "" if listed.number is None else numbers[listed.number]
        filters = [(_("Search"), listed.query), (_("Officers"), officers_label)]
        parts: list[Part] = [*filter_line(filters), table]
        export.record_export(session, **actor_now(), rows=len(table.rows), page="departments")
    return pdf_file(
        Paper(_("Register of nodal officers"), parts, landscape=True),
        name="officers",
        back=url_for(
            "departments.index",
            q=request.args.get("q") or None,
            officers=request.args.get("officers") or None,
        ),
    )


def _person(appointment: Appointment) -> str:
    """Return name, designation and order number, each on its own line."""
    lines: Sequence[str] = (
        person_name(appointment.person),
        appointment.person.designation,
        _("Order: %(number)s", number=appointment.order_number) if appointment.order_number else "",
    )
    return "\n".join(filter(None, lines))
