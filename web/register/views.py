"""A file of officers or heads: upload it, say what its columns mean, see its plan, carry it out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import BooleanField, FileField, RadioField

from approvals.errors import NotAllowed
from publisher.auth.contact_details import BadInput
from publisher.models.departments import RegisterFile, RegisterKind
from publisher.models.people import Department
from publisher.people.departments import departments_in_force
from publisher.register import columns as register_columns
from publisher.register import uploads
from publisher.register.carry_out import BadRow
from publisher.register.columns import BadColumns, Column
from publisher.register.plan import RowOutcome
from publisher.register.sheet import MOST_BYTES, BadSheet, read_sheet
from publisher.validation import Invalid
from web.core.auth import actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import N_, _, _l, _n
from web.core.list_pages import page_of_rows
from web.core.permissions import Page, allow_action
from web.forms import Form, number_of, options
from web.messages.names import department_name
from web.messages.register_files import (
    COLUMNS,
    OUTCOMES,
    columns_problem,
    file_problem,
    row_problem,
)
from web.people.department_forms import DepartmentOrderForm, read_order
from web.people.views import RECORD_ACTIONS

routes = Blueprint("register", __name__)
routes.add_app_template_filter(row_problem, "row_problem")
MOST_SPELLINGS = 20
"""The most unknown spellings that the page offers at once: the others follow."""

KINDS = {
    RegisterKind.OFFICERS: N_("Officers of departments"),
    RegisterKind.HEADS: N_("Heads of departments, with the offices above them"),
}


class UploadForm(Form):
    """A file, and the kind of its content."""

    kind = RadioField(_l("What is in the file"), default=RegisterKind.OFFICERS.value)
    file = FileField(_l("CSV or XLSX file"))

    def refuse(self, refusal: Invalid | NotAllowed) -> int:
        """Show at the field why the file cannot be read."""
        if not isinstance(refusal, BadSheet):
            return super().refuse(refusal)
        self.refusal = refusal
        self.file.errors = [file_problem(refusal)]
        return 422


class PlanForm(DepartmentOrderForm):
    """Whether refused rows are left out, and the order of the offices above."""

    skips_refused = BooleanField(_l("Leave out the rows that cannot be recorded"))

    def refuse(self, refusal: Invalid | NotAllowed) -> int:
        """Show the row that was refused when it was carried out."""
        if isinstance(refusal, BadInput) and refusal.field == "order_number":
            self.refusal = refusal
            self.order_number.errors = [row_problem(refusal)]
            return 422
        if isinstance(refusal, BadRow):
            self.refusal = refusal
            values = {"number": refusal.number, "why": row_problem(refusal.problem)}
            self.form_errors.append(_("Row %(number)s: %(why)s", **values))
            return 409
        return super().refuse(refusal)


@reads
def _upload_page(session: Session, form: UploadForm) -> str:
    form.kind.choices = options((kind.value, _(label)) for kind, label in KINDS.items())
    files = uploads.own_files(session, **actor_now())
    return render_template("register/upload.html", form=form, most_bytes=MOST_BYTES, files=files)


# No job of the clock: an export of the form with 5,000 rows is read in one second of
# processor time and planned in another, the widest accepted workbook is read in four, and no more
# people are recorded than departments have places, at about 4 ms each. The form says that it is
# checked.
@routes.route("/register/import", methods=["GET", "POST"])
@allow_action(*RECORD_ACTIONS)
@handle_form(UploadForm, shown_by=_upload_page)
def upload(form: UploadForm) -> Page:
    """Accept a file, and redirect to its plan."""
    source = request.files.get("file")
    if source is None or not source.filename:
        raise BadSheet("file", "missing")
    kind = form.kind.data or ""
    # A large file takes seconds to read, and no other write may wait for it.
    sheet = read_sheet(source.stream.read(MOST_BYTES + 1))
    with writing() as session:
        register_file_id = uploads.store(
            session,
            **actor_now(),
            kind=RegisterKind(kind) if kind in set(RegisterKind) else RegisterKind.OFFICERS,
            name=source.filename,
            sheet=sheet,
        ).id
    return redirect(url_for("register.show", register_file_id=register_file_id))


@reads
def _page(session: Session, form: PlanForm, register_file_id: int) -> str:
    file = uploads.get_file(session, **actor_now(), file_id=register_file_id)
    if uploads.read_columns(session, file) is None or request.args.get("columns"):
        return _columns_page(session, file)
    plan = uploads.plan_file(session, file, now=ctx.now())
    outcome = request.args.get("only", "")
    unknown = (row.answer.department_text for row in plan.rows if row.department is None)
    chosen_rows = [row for row in plan.rows if outcome in ("", row.outcome)]
    return render_template(
        "register/plan.html",
        form=form,
        file=file,
        plan=plan,
        rows=page_of_rows(chosen_rows),
        outcomes=[(key, _(label), plan.count(key)) for key, label in OUTCOMES.items()],
        outcome_words=OUTCOMES,
        refused=plan.count(RowOutcome.REFUSED),
        number_to_do=plan.count(RowOutcome.NEW) + plan.count(RowOutcome.CHANGES),
        moves=any(row.moves for row in plan.rows),
        spellings=list(dict.fromkeys(filter(None, unknown)))[:MOST_SPELLINGS],
        departments=[("", _("Choose a department"))]
        + [
            (str(department.id), department_name(department))
            for department in departments_in_force(session, now=ctx.now())
        ],
    )


def _columns_page(session: Session, file: RegisterFile, problem: str = "") -> str:
    columns = uploads.read_columns(session, file)
    columns = columns or register_columns.guess(file.kind, file.headings)
    if request.method == "POST":
        columns = _column_choice(file)
    return render_template(
        "register/columns.html",
        file=file,
        columns=columns,
        choices=[(key, _(COLUMNS[key])) for key in register_columns.column_choices(file.kind)],
        sample=file.rows[0][1] if file.rows else [],
        problem=problem,
    )


def _column_choice(file: RegisterFile) -> list[Column]:
    names = [request.form.get(f"column-{index}", "") for index in range(len(file.headings))]
    return [Column(name) if name in set(Column) else Column.IGNORED for name in names]


@routes.get("/register/import/<int:register_file_id>")
@allow_action(*RECORD_ACTIONS)
def show(register_file_id: int) -> Page:
    """Show what a file would do, or ask first what its columns mean."""
    return _page(PlanForm(formdata=None), register_file_id)


@routes.post("/register/import/<int:register_file_id>/columns")
@allow_action(*RECORD_ACTIONS)
def choose_columns(register_file_id: int) -> Page:
    """Store what the columns mean, for this file and the next ones with these headings."""
    with writing() as session:
        file = uploads.get_file(session, **actor_now(), file_id=register_file_id)
        columns = _column_choice(file)
        try:
            register_columns.keep(session, file.kind, file.headings, columns, **actor_now())
        except BadColumns as problem:
            return _columns_page(session, file, columns_problem(problem)), 422
    return redirect(url_for("register.show", register_file_id=register_file_id))


@routes.post("/register/import/<int:register_file_id>/department")
@allow_action(*RECORD_ACTIONS)
def choose_department(register_file_id: int) -> Page:
    """Make a spelling of the file mean a department."""
    department_id = number_of(request.form.get("department_id"))
    with writing() as session:
        file = uploads.get_file(session, **actor_now(), file_id=register_file_id)
        if session.get(Department, department_id) is not None:
            text = request.form.get("text", "")
            uploads.choose_department(file, text=text, department_id=department_id)
    return redirect(url_for("register.show", register_file_id=register_file_id))


@routes.post("/register/import/<int:register_file_id>")
@allow_action(*RECORD_ACTIONS)
@handle_form(PlanForm, shown_by=_page)
def carry_out(form: PlanForm, register_file_id: int) -> Page:
    """Record what the page showed: all of it or nothing."""
    with writing() as session:
        file = uploads.get_file(session, **actor_now(), file_id=register_file_id)
        recorded = uploads.carry_out_file(
            session,
            file,
            **actor_now(),
            digest=request.form.get("plan", ""),
            skips_refused=bool(form.skips_refused.data),
            order=read_order(form) if (form.order_number.data or "").strip() else None,
        )
        count = len(recorded)
    flash(
        _n(
            "%(num)s appointment is recorded and waits for the head, or another admin or lead.",
            "%(num)s appointments are recorded and wait for the heads, or another admin or lead.",
            count,
        )
    )
    return redirect(url_for("confirmation.index"))
