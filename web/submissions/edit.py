"""The pages of the form: handing in, using an earlier one again, changing, and sending files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Action, Scope, may, scope_of
from publisher.intake import edit, persistence, queries
from publisher.intake.edit import ChangedMeanwhile, DraftingBegun, check_open, check_recorded_here
from publisher.intake.form import MOST_PICTURES, HandIn, check
from publisher.intake.submit import hand_in
from publisher.models.submissions import Submission
from publisher.validation import FieldError, Invalid
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _
from web.core.permissions import for_action
from web.forms import key_of, number_of
from web.messages.field_errors import problem_sentence
from web.messages.intake import FIELD_WORDS
from web.messages.refusals import refusal_sentence
from web.submissions import forms, uploads
from web.submissions.detail import Page, departments_by_name, routes
from web.submissions.forms import KIND_WORDS, WITH_AN_EVENT, HandInForm
from web.submissions.uploads import FileRow

SEND = "send"


@dataclass
class Filled:
    """The form with its files, and what has to be said above it.

    `submission` is the one that is being changed; `theirs` are the fields that somebody else
    changed meanwhile, `begun` tells that the cell works on it already, and `again` that the form
    shows an earlier submission.
    """

    form: HandInForm
    rows: list[FileRow]
    submission: Submission | None = None
    happened: list[str] = field(default_factory=list)
    theirs: tuple[str, ...] = ()
    begun: bool = False
    again: bool = False

    @property
    def at_desk(self) -> bool:
        """Whether the cell's own fields are shown."""
        if self.submission is not None:
            return bool(self.submission.brought_by)
        return scope_of(actor(), Action.HAND_IN) is Scope.ANY

    def show(self, problems: Sequence[FieldError]) -> None:
        """Put every problem at its place."""
        rest = uploads.show_problems(self.rows, problems)
        self.happened += self.form.show(rest)

    def page(self) -> str:
        """The form's page."""
        return render_template(
            "submissions/new.html",
            filled=self,
            form=self.form,
            rows=self.rows,
            at_desk=self.at_desk,
            submission=self.submission,
            summary=[(one, None) for one in self.happened] + uploads.summary_of(self.rows),
            field_words=FIELD_WORDS,
            kinds=KIND_WORDS,
            with_an_event=WITH_AN_EVENT,
            most_pictures=MOST_PICTURES,
        )


@routes.get("/submissions/new")
@for_action(Action.HAND_IN)
@reads
def new(session: Session) -> Page:
    """The empty form; `?again=` fills it from an earlier submission, without its dates."""
    earlier = request.args.get("again", type=key_of)
    form = _empty_form(session)
    if earlier is None:
        return Filled(form, []).page()
    submission = queries.submission_for(session, actor=actor(), submission_id=earlier)
    handed = persistence.form_again(submission)
    forms.fill(form, handed)
    return Filled(form, uploads.rows_of(handed.files), again=True).page()


@reads
def _form_in_hand(session: Session) -> HandInForm:
    return _empty_form(session)


def _empty_form(session: Session) -> HandInForm:
    at_desk = scope_of(actor(), Action.HAND_IN) is Scope.ANY
    departments = departments_by_name(session) if at_desk else []
    wards = persistence.ward_offices(session, now=ctx.now())
    return forms.empty_form(departments, wards, actor().department_id)


@routes.post("/submissions/new")
@for_action(Action.HAND_IN)
def create() -> Page:
    """Hand in; the number stands on the next page at once."""
    filled, problems = _read_files(_form_in_hand())
    if (act := request.form.get("act", SEND)) != SEND:
        return _acted(filled, problems, act)
    own = actor().department_id or 0
    chosen = (filled.form.department.data or 0) if filled.at_desk else own
    handed = forms.read(filled.form, filled.rows, department_id=chosen)
    try:
        submission_id, number = _hand_in(filled, handed, problems)
    except Invalid as invalid:
        filled.show([*problems, *invalid.problems])
        return filled.page(), 422
    flash("hand-in", "draft-done")
    said = _(
        "Handed in. The acknowledgement number is %(number)s; it comes by mail as well.",
        number=number,
    )
    flash(said)
    return redirect(url_for("submissions.show", submission_id=submission_id))


def _read_files(
    form: HandInForm, submission: Submission | None = None
) -> tuple[Filled, list[FieldError]]:
    """The form in hand with the files it carries and those that were chosen now."""
    rows = uploads.carried()
    problems = uploads.take_up(rows)
    return Filled(form, rows, submission), problems


def _acted(filled: Filled, problems: Sequence[FieldError], act: str) -> Page:
    """The form once more after a step among its files, everything typed as it was."""
    filled.rows = uploads.act_on(filled.rows, act)
    filled.show(problems)
    return filled.page(), 422 if problems else 200


def _hand_in(filled: Filled, handed: HandIn, problems: Sequence[FieldError]) -> tuple[int, str]:
    """Hand it in; what cannot be read or taken counts among what is wrong with the form."""
    if not filled.form.validate() or problems:
        _tell_the_rest(filled, handed)
    with ctx.database.transaction() as session:
        submission = hand_in(
            session,
            actor=actor(),
            now=ctx.now(),
            city_code=ctx.settings.city.code,
            store=ctx.store,
            form=handed,
        )
        return submission.id, submission.number


def _tell_the_rest(filled: Filled, handed: HandIn) -> None:
    """Raise `Invalid` with whatever else is wrong, so that everything is told at once."""
    checked = check(handed, at_desk=filled.at_desk, now=ctx.now())
    raise Invalid(checked.problems)


@routes.get("/submissions/<int:submission_id>/change")
@for_action(Action.CHANGE_SUBMISSION)
@reads
def change(session: Session, submission_id: int) -> Page:
    """The form as the submission stands; once drafting has begun, a note in its place."""
    submission = _changeable(session, submission_id)
    try:
        check_open(submission)
    except NotAllowed as refusal:
        flash(refusal_sentence(refusal), "amber")
        where = "note" if isinstance(refusal, DraftingBegun) else "show"
        return redirect(url_for(f"submissions.{where}", submission_id=submission_id))
    form = _empty_form(session)
    handed = persistence.form_of(submission)
    forms.fill(form, handed)
    form.seen.data = str(submission.edition)
    return Filled(form, uploads.rows_of(handed.files), submission).page()


def _changeable(session: Session, submission_id: int) -> Submission:
    """The submission, for those who may change it."""
    submission = queries.submission_for(session, actor=actor(), submission_id=submission_id)
    check_recorded_here(submission, actor())
    return submission


@routes.post("/submissions/<int:submission_id>/change")
@for_action(Action.CHANGE_SUBMISSION)
@reads
def save(session: Session, submission_id: int) -> Page:
    """Let the submission say what the form says; a form that was overtaken loses nothing."""
    submission = _changeable(session, submission_id)
    filled, problems = _read_files(_empty_form(session), submission)
    if (act := request.form.get("act", SEND)) != SEND:
        return _acted(filled, problems, act)
    handed = forms.read(
        filled.form,
        filled.rows,
        department_id=submission.department_id,
        useful_until=submission.useful_until,
    )
    try:
        fields = _change(filled, handed, problems)
    except Invalid as invalid:
        filled.show([*problems, *invalid.problems])
        return filled.page(), 422
    except ChangedMeanwhile as meanwhile:
        filled.theirs, filled.form.seen.data = meanwhile.fields, str(meanwhile.newest)
        return filled.page(), 409
    except NotAllowed as refusal:
        filled.begun = isinstance(refusal, DraftingBegun)
        filled.happened.append(refusal_sentence(refusal))
        return filled.page(), 409
    flash(f"change-{submission_id}", "draft-done")
    flash(_("The submission is changed.") if fields else _("There was nothing to change."))
    return redirect(url_for("submissions.show", submission_id=submission_id))


def _change(filled: Filled, handed: HandIn, problems: Sequence[FieldError]) -> tuple[str, ...]:
    if filled.submission is None:
        raise ValueError("there is nothing to change")
    if not filled.form.validate() or problems:
        _tell_the_rest(filled, handed)
    with ctx.database.transaction() as session:
        return edit.change(
            session,
            actor=actor(),
            now=ctx.now(),
            store=ctx.store,
            submission_id=filled.submission.id,
            seen_edition=number_of(filled.form.seen.data),
            form=handed,
        )


@routes.post("/submissions/files")
@for_action(Action.HAND_IN)
def upload() -> Page:
    """Take files while the form is still being written; answers with their rows alone."""
    rows = uploads.carried()
    before = {row.key for row in rows} if request.form.get("only") == "new" else set()
    problems = uploads.take_up(rows)
    if problems or not rows:
        sentences = [problem_sentence(one) for one in problems]
        return " ".join(sentences) or _("Choose a file."), 422
    shown = [row for row in rows if row.key not in before]
    return render_template("submissions/rows.html", rows=shown)


def may_change(submission: Submission) -> bool:
    """Whether the person at the counter may change it as it stands."""
    try:
        check_recorded_here(submission, actor())
        check_open(submission)
    except NotAllowed:
        return False
    return may(actor(), Action.CHANGE_SUBMISSION, submission.department_id)
