"""Pages of a submission: its timeline, and the actions on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import StringField, TextAreaField

from approvals.errors import NotAllowed
from approvals.policy import Action, may, scope_of
from publisher.intake import close, edit, queries, questions, submit
from publisher.intake import merge as intake_merge
from publisher.intake.edit import check_recorded_here
from publisher.intake.undo import undo_end
from publisher.mail.mailbox.take_in import list_mails
from publisher.models.mailbox import MailOutcome
from publisher.models.submission_details import SubmissionNote
from publisher.models.submissions import Submission
from publisher.reports import progress, timeline
from publisher.reports.unseen_notes import unseen_notes
from publisher.states import SubmissionState
from publisher.undo import newest_event
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action
from web.core.undo import flash_with_undo, undone
from web.forms import Form
from web.messages.mails import note_lines
from web.messages.progress import NEXT, STEPS
from web.submissions.forms import KIND_WORDS

routes = Blueprint("submissions", __name__)
RECEIVED, RETURNED, DRAFTED = (
    SubmissionState.RECEIVED,
    SubmissionState.RETURNED,
    SubmissionState.DRAFTED,
)


class SubmissionReasonForm(Form):
    """A text, in the field that the use case names: reason, question, answer or note."""

    reason = TextAreaField(_l("Reason"))
    question = TextAreaField(_l("Question"))
    answer = TextAreaField(_l("Answer"))
    note = TextAreaField(_l("Note to the Cell"))


class MergeForm(Form):
    """The number of the submission to merge into, and the reason."""

    number = StringField(_l("Number of the other submission"))
    reason = TextAreaField(_l("Reason"))


@routes.get("/submissions/<int:submission_id>")
@allow_action(Action.SEE_SUBMISSION)
def show(submission_id: int) -> Page:
    """Show a submission with its timeline."""
    return _submission_page(SubmissionReasonForm(), submission_id)


@reads
def _submission_page(session: Session, form: SubmissionReasonForm, submission_id: int) -> str:
    submission = queries.get_submission(session, actor=actor(), submission_id=submission_id)
    mails = list_mails(session, submission)
    names = {
        action.value
        for action, states in _ALLOWED_STATES.items()
        if submission.state in states and _may(action, submission)
    }
    if submission.state is DRAFTED and _may(Action.CHANGE_SUBMISSION, submission):
        names.add("add_note")
    if scope_of(actor(), Action.HAND_IN) and may(actor(), Action.HAND_IN, submission.department_id):
        names.add("use_again")
    others = [submission.merged_into] if submission.merged_into else []
    others += submission.duplicates
    return render_template(
        "submissions/submission.html",
        submission=submission,
        timeline=timeline.load_timeline(session, submission=submission, now=ctx.now()),
        stages=progress.post_stages(session, submission.posts),
        step_labels=STEPS,
        next_labels=NEXT,
        kind_labels=KIND_WORDS,
        acts=frozenset(names),
        may_take=may(actor(), Action.DRAFT, submission.department_id),
        person_id=actor().person_id,
        changes=edit.list_changes(session, submission),
        related=[
            (other, may(actor(), Action.SEE_SUBMISSION, other.department_id)) for other in others
        ],
        unseen_notes=_unseen(session, submission),
        ended_original=submit.find_ended_original(submission),
        mail=next((mail for mail in mails if mail.outcome is not MailOutcome.JOINED), None),
        mail_notes=[line for mail in mails for line in note_lines(mail)],
        form=form,
    )


_ALLOWED_STATES: Mapping[Action, tuple[SubmissionState, ...]] = {
    Action.DRAFT: (RECEIVED, DRAFTED),
    Action.RETURN_SUBMISSION: (RECEIVED,),
    Action.MERGE_SUBMISSION: (RECEIVED,),
    Action.DECLINE_SUBMISSION: (RECEIVED, RETURNED),
    Action.COMPLETE_SUBMISSION: (RETURNED,),
    Action.CHANGE_SUBMISSION: (RECEIVED, RETURNED),
    Action.WITHDRAW_SUBMISSION: (RECEIVED, RETURNED, DRAFTED),
}
_AUTHOR_ACTIONS = (Action.COMPLETE_SUBMISSION, Action.CHANGE_SUBMISSION)


def _unseen(session: Session, submission: Submission) -> list[SubmissionNote]:
    """Return the department's notes that the cell has not seen; empty for other actors."""
    if submission.state not in _ALLOWED_STATES[Action.DRAFT] or not _may(Action.DRAFT, submission):
        return []
    return unseen_notes(session, [submission.id])


def _may(action: Action, submission: Submission) -> bool:
    if action in _AUTHOR_ACTIONS:
        try:
            check_recorded_here(submission, actor())
        except NotAllowed:
            return False
    return may(actor(), action, submission.department_id)


@routes.post("/submissions/<int:submission_id>/note/seen")
@allow_action(Action.DRAFT)
def see_note(submission_id: int) -> Page:
    """Mark the department's notes as seen, which removes them from Today."""
    with writing() as session:
        questions.mark_notes_seen(session, **actor_now(), submission_id=submission_id)
    flash(
        _("Saved. It is no longer listed under Today; the department sees that you have seen it.")
    )
    return redirect(url_for("submissions.show", submission_id=submission_id))


@reads
def _reason_page(
    session: Session, form: SubmissionReasonForm, submission_id: int, *, act: str
) -> str:
    """Return the page that asks for the text of the act."""
    submission = queries.get_submission(session, actor=actor(), submission_id=submission_id)
    if act == "note":
        check_recorded_here(submission, actor())
    field = form[_FIELDS.get(act, "reason")]
    return render_template(
        "submissions/reason.html", submission=submission, act=act, form=form, field=field
    )


_FIELDS = {"return": "question", "note": "note"}


@routes.route("/submissions/<int:submission_id>/decline", methods=["GET", "POST"])
@allow_action(Action.DECLINE_SUBMISSION)
@handle_form(SubmissionReasonForm, shown_by=partial(_reason_page, act="decline"))
def decline(form: SubmissionReasonForm, submission_id: int) -> Page:
    """Decline the submission with a reason; the department is notified."""
    with writing() as session:
        reason = form.reason.data or ""
        declined = close.decline(session, **actor_now(), submission_id=submission_id, reason=reason)
        undo_path = _undo_path(session, declined)
    flash_with_undo(_("Declined. The department is told the reason."), undo_path)
    return _show_again(submission_id, "decline")


def _undo_path(session: Session, submission: Submission) -> str:
    event_id = newest_event(session, submission).id
    return url_for("submissions.undo", submission_id=submission.id, event_id=event_id)


@routes.post("/submissions/<int:submission_id>/undo/<int:event_id>")
@allow_action(Action.DECLINE_SUBMISSION, Action.MERGE_SUBMISSION)
def undo(submission_id: int, event_id: int) -> Page:
    """Undo what was just done: declining or merging the submission."""
    undone(
        lambda session: undo_end(
            session,
            **actor_now(),
            submission_id=submission_id,
            event_id=event_id,
            within=ctx.settings.scheduling.undo,
        ),
        _("Undone. The submission is as it was before."),
    )
    return redirect(url_for("submissions.show", submission_id=submission_id))


@routes.route("/submissions/<int:submission_id>/withdraw", methods=["GET", "POST"])
@allow_action(Action.WITHDRAW_SUBMISSION)
@handle_form(SubmissionReasonForm, shown_by=partial(_reason_page, act="withdraw"))
def withdraw(form: SubmissionReasonForm, submission_id: int) -> Page:
    """Withdraw the submission for its department."""
    _act(close.withdraw, submission_id, reason=form.reason.data or "")
    flash(_("The submission is withdrawn."))
    return _show_again(submission_id, "withdraw")


@routes.route("/submissions/<int:submission_id>/return", methods=["GET", "POST"])
@allow_action(Action.RETURN_SUBMISSION)
@handle_form(SubmissionReasonForm, shown_by=partial(_reason_page, act="return"))
def return_submission(form: SubmissionReasonForm, submission_id: int) -> Page:
    """Return the submission to the department with a question."""
    _act(questions.return_submission, submission_id, question=form.question.data or "")
    flash(_("Returned. The department is asked by email, and answers on this page."))
    return _show_again(submission_id, "return")


@routes.route("/submissions/<int:submission_id>/note", methods=["GET", "POST"])
@allow_action(Action.CHANGE_SUBMISSION)
@handle_form(SubmissionReasonForm, shown_by=partial(_reason_page, act="note"))
def note(form: SubmissionReasonForm, submission_id: int) -> Page:
    """Add a note of the department, after the cell has begun to draft."""
    _act(questions.add_note, submission_id, note_text=form.note.data or "")
    flash(_("The note is saved here, and the clerk is told by email."))
    return _show_again(submission_id, "note")


@routes.post("/submissions/<int:submission_id>/complete")
@allow_action(Action.COMPLETE_SUBMISSION)
@handle_form(SubmissionReasonForm, shown_by=_submission_page, forbids=True)
def complete(form: SubmissionReasonForm, submission_id: int) -> Page:
    """Store the department's answer to the question, which is asked on the submission's page."""
    _act(questions.answer_question, submission_id, answer=form.answer.data or "")
    flash(_("Answered. The submission is with the Cell again."))
    return _show_again(submission_id, "complete")


def _act(act: Callable[..., Submission], submission_id: int, **text: str) -> None:
    with writing() as session:
        act(session, **actor_now(), submission_id=submission_id, **text)


def _show_again(submission_id: int, act: str) -> Response:
    flash(f"{act}-{submission_id}", "draft-done")
    return redirect(url_for("submissions.show", submission_id=submission_id))


@reads
def _merge_page(session: Session, form: MergeForm, submission_id: int) -> str:
    submission = queries.get_submission(session, actor=actor(), submission_id=submission_id)
    return render_template(
        "submissions/merge.html",
        submission=submission,
        candidates=intake_merge.likely_originals(session, submission),
        form=form,
    )


@routes.route("/submissions/<int:submission_id>/merge", methods=["GET", "POST"])
@allow_action(Action.MERGE_SUBMISSION)
@handle_form(MergeForm, shown_by=_merge_page)
def merge(form: MergeForm, submission_id: int) -> Page:
    """Merge a duplicate into another submission."""
    with writing() as session:
        merged = intake_merge.merge(
            session,
            **actor_now(),
            submission_id=submission_id,
            number=form.number.data or "",
            reason=form.reason.data or "",
        )
        number = merged.merged_into.number if merged.merged_into else ""
        undo_path = _undo_path(session, merged)
    sentence = _("Now handled as %(number)s. The department has been told.", number=number)
    flash_with_undo(sentence, undo_path)
    return _show_again(submission_id, "merge")
