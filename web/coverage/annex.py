"""The annex in the circular's form: the departments that had named no officer on a day."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.policy import Actor, Role
from publisher.coverage.annex import HEADINGS as ANNEX_HEADINGS
from publisher.coverage.annex import PAPER, Annex, BadAnnexDay, annex
from publisher.i18n.dates import editable_day
from publisher.models.people import Department
from publisher.papers.annex import annex_paper
from publisher.people.register_data import NAMED_NOBODY_ON
from publisher.reports import export
from publisher.validation import NotFound
from publisher.working_time import local_day
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.i18n import N_, _, _l, page_language
from web.core.permissions import allow_roles
from web.forms import Form
from web.moments.fields import DayField
from web.papers.files import pdf_file
from web.people.departments import READERS
from web.reports.csv_files import csv_response

routes = Blueprint("annex", __name__)
HEADINGS = (N_("Number"), N_("Department"), N_("Code"))


class AnnexForm(Form):
    """The day of the annex; without one it is today's."""

    on = DayField(_l("Day"), looks_back=True, confirms=False)


@routes.get("/annex")
@allow_roles(*READERS)
@reads
def index(session: Session) -> str:
    """Show the annex of a day, or say why there is none."""
    form, paper = _annex(session)
    return render_template(
        "coverage/annex.html",
        form=form,
        annex=paper,
        headings=ANNEX_HEADINGS,
        is_of_a_line=actor().role is Role.OVERSIGHT,
    )


@routes.get("/annex.csv")
@allow_roles(*READERS)
def csv() -> Response:
    """Return the annex of a day as CSV."""
    with writing() as session:
        paper = _annex(session)[1]
        if paper is None:
            raise NotFound(request.args.get("on"))
        export.record_export(session, **actor_now(), rows=len(paper.rows), page="annex")
    return csv_response("annex", HEADINGS, [(*row.cells, row.code) for row in paper.rows])


@routes.get("/annex.pdf")
@allow_roles(*READERS)
def pdf() -> Response:
    """Return the annex of a day as PDF, in the circular's form and language."""
    with writing() as session:
        listed = _annex(session)[1]
        if listed is None:
            raise NotFound(request.args.get("on"))
        export.record_export(session, **actor_now(), rows=len(listed.rows), page="annex")
        paper = annex_paper(listed, office=_overseer(session))
    name, back = f"annex-{listed.on}", url_for("annex.index", on=listed.on)
    return pdf_file(paper, name=name, back=back, language=PAPER)


def _overseer(session: Session) -> str:
    """Return the Marathi name of the viewer's office if they see only what it oversees."""
    if line_ids(actor()) is None:
        return ""
    office = session.get(Department, actor().department_id)
    return office.name_mr if office else ""


def _annex(session: Session) -> tuple[AnnexForm, Annex | None]:
    """Return the form and the annex that it asks for; None if its day has an error."""
    form = AnnexForm(request.args, meta={"csrf": False})
    now = ctx.now()
    if not form.validate():
        return form, None
    if form.on.data is None:
        form.on.fill(local_day(now))
    on = form.on.data or local_day(now)
    try:
        return form, annex(session, on=on, now=now, visible_ids=line_ids(actor()))
    except BadAnnexDay as problem:
        form.on.errors = [_day_sentence(problem)]
        return form, None


def _day_sentence(problem: BadAnnexDay) -> str:
    if problem.code == "not_yet":
        return _("This day has not come yet. Write today or an earlier day.")
    first = editable_day(NAMED_NOBODY_ON, page_language())
    return _("Before %(day)s nothing is recorded. Write a later day.", day=first)


def line_ids(viewer: Actor) -> frozenset[int] | None:
    """Return the departments that the viewer oversees, or None if they see all."""
    if viewer.role is not Role.OVERSIGHT:
        return None
    return viewer.line | {viewer.department_id or 0}
