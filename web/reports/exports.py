"""Lists as CSV: at once where they are short, else prepared by the clock and fetched for a day."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, flash, redirect, render_template, request, stream_with_context, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.policy import Action, Actor, Role
from publisher.models.submissions import SubmissionKind
from publisher.reports import export as reports_export
from publisher.reports.export import Plain
from publisher.reports.next_step import NextKind
from publisher.reports.progress import Stage
from publisher.reports.submission_filters import filter_from_query
from publisher.reports.types import Office, Who
from publisher.validation import NotFound
from publisher.working_time import local
from web.core.auth import actor, reads, writes
from web.core.context import ctx
from web.core.i18n import _
from web.core.permissions import for_action
from web.core.state_badges import N_, state_word
from web.messages.names import department_name, who_name
from web.messages.progress import NEXT
from web.submissions.forms import KIND_WORDS

routes = Blueprint("exports", __name__)
BOM = "\ufeff"
"""Without it Excel takes UTF-8 for something else, and Marathi becomes gibberish."""
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
HEADINGS = (
    N_("Acknowledgement number"),
    N_("Title"),
    N_("Department"),
    N_("Kind"),
    N_("Urgent"),
    N_("State"),
    N_("What is left"),
    N_("Next"),
    N_("Who has it"),
    N_("Since"),
    N_("Wished time"),
    N_("Received"),
    N_("Handed in by"),
    N_("Outward number"),
    N_("Live links"),
    N_("Comments"),
    N_("Unanswered"),
)


@routes.get("/exports")
@for_action(Action.SEE_SUBMISSION)
@reads
def index(session: Session) -> str:
    """One's own exports with how far each is; `list` in the address asks for one more."""
    exports = reports_export.exports_of(session, actor=actor(), now=ctx.now())
    asked = request.args.get("list")
    return render_template(
        "reports/exports.html",
        exports=exports,
        own=actor().appointment_id,
        asked=None if asked is None else filter_from_query(dict(parse_qsl(asked))).query,
    )


@routes.post("/exports")
@for_action(Action.SEE_SUBMISSION)
@writes
def start(session: Session) -> Response:
    """Have a long list written down by the clock."""
    wanted = filter_from_query(dict(parse_qsl(request.form.get("list", ""))))
    reports_export.start(session, actor=actor(), now=ctx.now(), filters=wanted)
    flash(_("The list is being prepared. You can leave this page and come back."))
    return redirect(url_for("exports.index"))


@routes.post("/exports/<int:export_id>/remove")
@for_action(Action.SEE_SUBMISSION)
@writes
def remove(session: Session, export_id: int) -> Response:
    """Throw an export away, prepared or not."""
    reports_export.remove(session, actor=actor(), now=ctx.now(), export_id=export_id)
    flash(_("The prepared list is deleted."))
    return redirect(url_for("exports.index"))


@routes.get("/exports/<int:export_id>/file")
@for_action(Action.SEE_SUBMISSION)
def fetch(export_id: int) -> Response:
    """The list as CSV, in the language of the page."""
    with ctx.database.reading() as session:
        export = reports_export.export_for(
            session, actor=actor(), now=ctx.now(), export_id=export_id
        )
        if export.finished_at is None:
            raise NotFound(export_id)
    return csv_answer(_kept_rows(export_id, actor()))


def _kept_rows(export_id: int, owner: Actor) -> Iterator[Plain]:
    with ctx.database.reading() as session:
        export = reports_export.export_for(session, actor=owner, now=ctx.now(), export_id=export_id)
        yield from reports_export.parts_of(session, export)


def csv_answer(rows: Iterable[Plain]) -> Response:
    """The rows as a CSV file that Excel opens as it is; sent while it is read."""
    name = f"submissions-{local(ctx.now()):%Y-%m-%d}.csv"
    answer = Response(stream_with_context(_written(rows)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _written(rows: Iterable[Plain]) -> Iterator[str]:
    yield BOM + _line(_(heading) for heading in HEADINGS)
    for row in rows:
        yield _line(defused(cell) for cell in _cells(row))


def _line(cells: Iterable[str]) -> str:
    page = io.StringIO()
    csv.writer(page).writerow(cells)
    return page.getvalue()


def defused(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(_STARTS_A_FORMULA) else cell


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
        "; ".join(who_name(_who(one)) for one in row["holders"]),
        _moment(row["since_at"]),
        _moment(row["wished_at"]),
        _moment(row["received_at"]),
        who_name(_who(row["handed_in_by"])),
        row["outward_number"],
        " ".join(row["links"]),
        str(row["comments"]),
        str(row["unanswered"]),
    ]


def _stage(value: str) -> str:
    return _(state_word(*Stage(value).look)) if value else ""


def _who(given: Mapping[str, Any]) -> Who:
    role, department = given["role"], given["department"]
    return Who(
        **{
            **given,
            "role": Role(role) if role else None,
            "department": Office(**department) if department else None,
        }
    )


def _moment(written: str) -> str:
    """As a spreadsheet reads it: `2026-11-27 09:00`, by the city's clock."""
    return f"{local(datetime.fromisoformat(written)):%Y-%m-%d %H:%M}" if written else ""
