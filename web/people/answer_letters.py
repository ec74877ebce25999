"""The page where a head's letter on paper is typed in: both officers at once, with its scan."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import FileField, SelectField

from approvals.policy import Action
from publisher.intake.uploads import put_off_removal
from publisher.media.files import LIMITS, FileKind
from publisher.nominations import answer_letters, named_officers
from publisher.nominations.mandates import AnswerLetter
from publisher.people.departments import departments_in_force
from publisher.validation import FieldError, Invalid
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.database import end_reading
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.media import serve
from web.core.permissions import Page, allow_action
from web.forms import department_options, number_of
from web.nominations.forms import OfficersForm
from web.submissions import uploads
from web.submissions.uploads import FileRow

routes = Blueprint("answer_letters", __name__, url_prefix="/people")


class LetterForm(OfficersForm):
    """Two people, and the letter that names them, with its number and date in place of an order's.

    `scan` is the stored scan, which the page carries if something else is wrong.
    """

    scan: FileRow | None = None
    department_id = SelectField(_l("Department"), coerce=number_of, validate_choice=False)
    files = FileField(_l("Scan of the letter"))

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.order_number.label.text = _("Number of the letter")
        self.ordered_on.label.text = _("Date of the letter")


@reads
def _page(session: Session, form: LetterForm) -> str:
    departments = departments_in_force(session, now=ctx.now())
    form.department_id.choices = department_options(
        departments, empty_label=_("Choose a department")
    )
    if request.method != "POST":
        code = request.args.get("department", "")
        ids = [department.id for department in departments if department.code == code]
        form.department_id.data = ids[0] if ids else None
    most_bytes = LIMITS[FileKind.DOCUMENT]
    return render_template("people/answer_letter.html", form=form, most_bytes=most_bytes)


@routes.route("/new/letter", methods=["GET", "POST"])
@allow_action(Action.RECORD_HEAD)
@handle_form(LetterForm, shown_by=_page)
def new(form: LetterForm) -> Page:
    """Record both officers of a letter; a second person confirms them."""
    problems = _store_scan(form)
    if not form.department_id.data:
        problems.append(FieldError("department_id", "unknown_department"))
    named = named_officers.read(form.named(), heads={}, now=ctx.now(), problems=problems)
    if form.scan is None or named.ordered_on is None:
        raise Invalid(problems)
    file = form.scan.file
    letter = AnswerLetter(named.order_number, named.ordered_on, file.sha256, file.name, file.mime)
    with writing(names_files=True) as session:
        answer_letters.record_answer(
            session,
            **actor_now(),
            department_id=form.department_id.data,
            named=named,
            letter=letter,
        )
    flash(_("Recorded. The names count once a second person has confirmed them."))
    return redirect(url_for("confirmation.index"))


def _store_scan(form: LetterForm) -> list[FieldError]:
    """Store the chosen scan, or use the one that the page carried; return what is wrong."""
    rows: list[FileRow] = []
    problems = uploads.take_up(rows)
    if not (rows or problems):
        rows = uploads.read_carried_rows()
        with writing() as session:
            put_off_removal(session, digests=[row.file.sha256 for row in rows], now=ctx.now())
        end_reading()  # the store may take its time
        rows = [row for row in rows if ctx.store.exists(row.file.sha256)]
    file = rows[-1].file if rows else None
    if file is None or not (file.is_picture or file.mime == "application/pdf"):
        return problems or [FieldError("files", "scan_needed")]
    if not file.is_usable:  # the second person could not open it
        return [*problems, FieldError("files", "scan_waits")]
    form.scan = rows[-1]
    return problems


@routes.get("/letters/<int:nomination_id>")
@allow_action(Action.CONFIRM_APPOINTMENT)
@reads
def scan(session: Session, nomination_id: int) -> Response:
    """Serve the scan of a letter for download."""
    nomination = answer_letters.nomination_of_scan(
        session, actor=actor(), nomination_id=nomination_id
    )
    return serve(nomination.scan_sha256 or "", nomination.scan_mime, nomination.scan_name)
