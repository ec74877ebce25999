"""Pages of the hand-in form: submit, reuse an earlier submission, change, and upload files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Action, Scope, scope_of
from publisher.intake import edit, persistence, queries
from publisher.intake.edit import ChangedMeanwhile, DraftingBegun, check_open, check_recorded_here
from publisher.intake.form import NOTHING, HandIn, check
from publisher.intake.persistence import StoredForm
from publisher.intake.submit import create_submission
from publisher.intake.uploads import KeptFile, put_off_removal
from publisher.models.submissions import Submission
from publisher.people.departments import departments_in_force
from publisher.validation import FieldError, Invalid
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.core.i18n import _
from web.core.permissions import Page, allow_action
from web.forms import key_of, number_of
from web.messages.field_errors import problem_sentence
from web.messages.refusals import refusal_sentence
from web.submissions import forms, uploads
from web.submissions.detail import routes
from web.submissions.forms import KIND_WORDS, WITH_AN_EVENT, HandInForm
from web.submissions.uploads import FileRow

SEND = "send"


@dataclass
class Filled:
    """A hand-in form with its files and the messages above it."""

    form: HandInForm
    rows: list[FileRow]

    #: The errors of the files that were just uploaded.
    file_problems: list[FieldError] = field(default_factory=list)

    #: The submission that is being changed; None for a new submission.
    submission: Submission | None = None

    #: The names of the fields that another person changed meanwhile.
    overtaken_fields: tuple[str, ...] = ()

    #: True if the cell has begun to draft, so that the submission can no longer be changed.
    drafting_begun: bool = False

    #: True if the form was filled from an earlier submission.
    again: bool = False

    @property
    def at_desk(self) -> bool:
        """True if the form shows the fields that only the cell fills in."""
        if self.submission is not None:
            return bool(self.submission.brought_by)
        return scope_of(actor(), Action.HAND_IN) is Scope.ANY

    def refused(self, problems: Sequence[FieldError]) -> Page:
        """Return the page with each error at its field or file, and the others above the form."""
        all_problems = [*self.file_problems, *problems]
        self.form.show(uploads.show_problems(self.rows, all_problems))
        return self.page(), 422

    def page(self) -> str:
        """Return the HTML of the form's page."""
        uploads.show_thumbnails(self.rows)
        return render_template(
            "submissions/new.html",
            form_page=self,
            form=self.form,
            rows=self.rows,
            at_desk=self.at_desk,
            submission=self.submission,
            error_lines=uploads.summarize_errors(self.rows),
            kind_labels=KIND_WORDS,
            with_an_event=WITH_AN_EVENT,
        )


@routes.route("/submissions/new", methods=["GET", "POST"])
@allow_action(Action.HAND_IN)
def new() -> Page:
    """Store the submission and show its number on the next page.

    On GET, `?again=<id>` fills the form from an earlier submission, without its dates.
    """
    if request.method != "POST":
        return _empty_page(request.args.get("again", type=key_of))
    with reading() as session:
        form = _empty_form(session)
    filled = _read_files(form)
    if (act := request.form.get("act", SEND)) != SEND:
        return _page_after_file_act(filled, act)
    own = actor().department_id or 0
    chosen = (filled.form.department.data or 0) if filled.at_desk else own
    hand_in_form = forms.read(filled.form, filled.rows, department_id=chosen)
    try:
        if not filled.form.validate() or filled.file_problems:
            _raise_all_errors(filled, hand_in_form)
        stored_form = _load_form(hand_in_form)
        with writing(names_files=bool(hand_in_form.files)) as session:
            submission = create_submission(
                session, **actor_now(), city_code=ctx.settings.city.code, stored_form=stored_form
            )
            submission_id, number = submission.id, submission.number
    except Invalid as invalid:
        return filled.refused(invalid.problems)
    flash("hand-in", "draft-done")
    message = _(
        "Submitted. The acknowledgement number is %(number)s; it also comes by email.",
        number=number,
    )
    flash(message)
    return redirect(url_for("submissions.show", submission_id=submission_id))


@reads
def _empty_page(session: Session, earlier: int | None) -> str:
    form = _empty_form(session)
    if earlier is None:
        return Filled(form, []).page()
    submission = queries.get_submission(session, actor=actor(), submission_id=earlier)
    hand_in_form = persistence.form_again(submission)
    forms.fill(form, hand_in_form)
    return Filled(form, uploads.make_rows(hand_in_form.files), again=True).page()


def _empty_form(session: Session, submission: Submission | None = None) -> HandInForm:
    """Return the form; a ward office that the submission names already is offered if it ended."""
    at_desk = scope_of(actor(), Action.HAND_IN) is Scope.ANY
    departments = departments_in_force(session, now=ctx.now()) if at_desk else []
    wards = persistence.ward_offices(session, now=ctx.now())
    if submission is not None:
        wards += [ward for ward in submission.wards if ward not in wards]
    return forms.empty_form(departments, wards)


def _read_files(form: HandInForm, submission: Submission | None = None) -> Filled:
    """Return the sent form with its carried and new files."""
    rows = uploads.read_carried_rows()
    return Filled(form, rows, uploads.take_up(rows), submission)


def _page_after_file_act(filled: Filled, act: str) -> Page:
    """Return the form after a file was moved or removed; the other fields keep their input."""
    filled.rows = uploads.apply_act(filled.rows, act)
    return filled.refused([]) if filled.file_problems else filled.page()


def _load_form(hand_in_form: HandIn) -> StoredForm:
    digests = [file.sha256 for file in hand_in_form.files if isinstance(file, KeptFile)]
    if digests:
        with writing() as session:
            put_off_removal(session, digests=digests, now=ctx.now())
    end_reading()  # the store may be slow
    return persistence.store_form(ctx.store, hand_in_form)


def _raise_all_errors(filled: Filled, hand_in_form: HandIn) -> None:
    """Raise `Invalid` with the remaining errors, so that the form shows all of them at once."""
    submission = filled.submission
    standing = edit.standing_values(submission) if submission is not None else NOTHING
    checked = check(hand_in_form, at_desk=filled.at_desk, now=ctx.now(), standing=standing)
    raise Invalid(checked.problems)


def _form_page(session: Session, submission: Submission) -> Page:
    """Show the form with the stored submission; if drafting has begun, redirect to the note."""
    try:
        check_open(submission)
    except NotAllowed as refusal:
        flash(refusal_sentence(refusal), "amber")
        where = "note" if isinstance(refusal, DraftingBegun) else "show"
        return redirect(url_for(f"submissions.{where}", submission_id=submission.id))
    form = _empty_form(session, submission)
    hand_in_form = persistence.submission_to_form(submission)
    forms.fill(form, hand_in_form)
    form.seen.data = str(submission.edition)
    return Filled(form, uploads.make_rows(hand_in_form.files), submission=submission).page()


@routes.route("/submissions/<int:submission_id>/change", methods=["GET", "POST"])
@allow_action(Action.CHANGE_SUBMISSION)
@reads
def change(session: Session, submission_id: int) -> Page:
    """Store the changed submission; if another person was faster, show the form with its input."""
    submission = queries.get_submission(session, actor=actor(), submission_id=submission_id)
    check_recorded_here(submission, actor())
    if request.method != "POST":
        return _form_page(session, submission)
    filled = _read_files(_empty_form(session, submission), submission)
    if (act := request.form.get("act", SEND)) != SEND:
        return _page_after_file_act(filled, act)
    hand_in_form = forms.read(
        filled.form,
        filled.rows,
        department_id=submission.department_id,
        useful_until=submission.useful_until,
    )
    try:
        fields = _change(filled, hand_in_form)
    except Invalid as invalid:
        return filled.refused(invalid.problems)
    except ChangedMeanwhile as meanwhile:
        filled.overtaken_fields, filled.form.seen.data = meanwhile.fields, str(meanwhile.newest)
        return filled.page(), 409
    except NotAllowed as refusal:
        filled.drafting_begun = isinstance(refusal, DraftingBegun)
        filled.form.refuse(refusal)
        return filled.page(), 409
    flash(f"change-{submission_id}", "draft-done")
    flash(_("The submission is changed.") if fields else _("Nothing was changed."))
    return redirect(url_for("submissions.show", submission_id=submission_id))


def _change(filled: Filled, hand_in_form: HandIn) -> tuple[str, ...]:
    if filled.submission is None:
        raise ValueError("there is nothing to change")
    if not filled.form.validate() or filled.file_problems:
        _raise_all_errors(filled, hand_in_form)
    stored_form = _load_form(hand_in_form)
    with writing(names_files=bool(hand_in_form.files)) as session:
        return edit.change(
            session,
            **actor_now(),
            submission_id=filled.submission.id,
            seen_edition=number_of(filled.form.seen.data),
            stored_form=stored_form,
        )


@routes.post("/submissions/files")
@allow_action(Action.HAND_IN)
def upload() -> Page:
    """Store files while the form is being written, and return the HTML of their rows only."""
    rows = uploads.read_carried_rows()
    before = {row.key for row in rows} if request.form.get("only") == "new" else set()
    problems = uploads.take_up(rows)
    if problems or not rows:
        sentences = [problem_sentence(error) for error in problems]
        return " ".join(sentences) or _("Choose a file."), 422
    new_rows = [row for row in rows if row.key not in before]
    uploads.show_thumbnails(new_rows)
    return render_template("submissions/rows.html", rows=new_rows)
