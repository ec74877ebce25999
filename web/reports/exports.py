"""CSV exports: short lists at once; long lists are prepared by the clock and kept for a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.policy import Action, Role
from publisher.models.submissions import SubmissionKind
from publisher.reports import export as reports_export
from publisher.reports.export import Plain
from publisher.reports.next_step import NextKind
from publisher.reports.progress import Stage
from publisher.reports.submission_filters import filter_from_query
from publisher.reports.types import Office, Who
from publisher.validation import NotFound
from publisher.working_time import local
from web.core.auth import actor, actor_now, reads, writes
from web.core.context import ctx
from web.core.database import reading
from web.core.i18n import N_, _
from web.core.permissions import allow_action
from web.core.state_badges import state_word
from web.messages.names import department_name, name_and_post
from web.messages.progress import NEXT
from web.reports.csv_files import csv_response
from web.submissions.forms import KIND_WORDS

routes = Blueprint("exports", __name__)
HEADINGS = (
    N_("Acknowledgement number"),
    N_("Title"),
    N_("Department"),
    N_("Kind"),
    N_("Urgent"),
    N_("State"),
    N_("What must still be done"),
    N_("Next"),
    N_("Who has it"),
    N_("Since"),
    N_("Requested publishing time"),
    N_("Received"),
    N_("Submitted by"),
    N_("Outward number"),
    N_("Links of published posts"),
    N_("Comments"),
    N_("Unanswered"),
)


@routes.get("/exports")
@allow_action(Action.SEE_SUBMISSION)
@reads
def index(session: Session) -> str:
    """List one's own exports with their progress; `list` in the URL offers a new one."""
    exports = reports_export.list_exports(session, **actor_now())
    list_query = request.args.get("list")
    return render_template(
        "reports/exports.html",
        exports=exports,
        own_appointment_id=actor().appointment_id,
        requested_query=None
        if list_query is None
        else filter_from_query(dict(parse_qsl(list_query))).query,
    )


@routes.post("/exports")
@allow_action(Action.SEE_SUBMISSION)
@writes
def start(session: Session) -> Response:
    """Request an export, prepared by the clock."""
    filters = filter_from_query(dict(parse_qsl(request.form.get("list", ""))))
    reports_export.start(session, **actor_now(), filters=filters)
    flash(_("The list is being prepared. You can leave this page and come back."))
    return redirect(url_for("exports.index"))


@routes.post("/exports/<int:export_id>/remove")
@allow_action(Action.SEE_SUBMISSION)
@writes
def remove(session: Session, export_id: int) -> Response:
    """Delete an export, prepared or not."""
    reports_export.remove(session, **actor_now(), export_id=export_id)
    flash(_("The prepared list is deleted."))
    return redirect(url_for("exports.index"))


@routes.get("/exports/<int:export_id>/file")
@allow_action(Action.SEE_SUBMISSION)
def fetch(export_id: int) -> Response:
    """Serve the prepared list as CSV, in the language of the page."""
    with reading() as session:
        export = reports_export.get_export(session, **actor_now(), export_id=export_id)
        if export.finished_at is None:
            raise NotFound(export_id)
    return submissions_csv(_read_rows(export_id, export.parts))


def _read_rows(export_id: int, parts: int) -> Iterator[Plain]:
    """Yield all rows; no transaction is open while they are sent."""
    for number in range(parts):
        with ctx.database.reading() as session:
            rows = reports_export.rows_of_part(session, export_id, number)
        yield from rows


def submissions_csv(rows: Iterable[Plain]) -> Response:
    """Return the rows as a CSV file."""
    return csv_response("submissions", HEADINGS, map(_cells, rows))


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["number"],
        row["title"],
        department_name(Office(**row["department"])),
        _(KIND_WORDS[SubmissionKind(row["kind"])]),
        _("Urgent") if row["urgent"] else "",
        _stage(row["stage"]),
        _stage(row["left"]),
        _(NEXT[NextKind(row["next"])]) if row["next"] else "",
        "; ".join(name_and_post(_read_person(holder)) for holder in row["holders"]),
        _moment(row["since_at"]),
        _moment(row["wished_at"]),
        _moment(row["received_at"]),
        name_and_post(_read_person(row["handed_in_by"])),
        row["outward_number"],
        " ".join(row["links"]),
        str(row["comments"]),
        str(row["unanswered"]),
    ]


def _stage(stage: str) -> str:
    return _(state_word(*Stage(stage).look)) if stage else ""


def _read_person(fields: Mapping[str, Any]) -> Who:
    role, department = fields["role"], fields["department"]
    return Who(
        **{
            **fields,
            "role": Role(role) if role else None,
            "department": Office(**department) if department else None,
        }
    )


def _moment(iso_moment: str) -> str:
    """Format a moment for a spreadsheet, in city time: `2026-11-27 09:00`."""
    return f"{local(datetime.fromisoformat(iso_moment)):%Y-%m-%d %H:%M}" if iso_moment else ""
