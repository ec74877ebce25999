"""Handing in, and looking at what was handed in: where it is, who has it, what comes next."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import TextAreaField

from approvals.errors import NotAllowed
from approvals.policy import Action, Scope, may, scope_of
from publisher.desk import intake
from publisher.desk.checking import Invalid
from publisher.desk.intake import HandIn, forms
from publisher.lifecycle import SubmissionState
from publisher.models.content import Submission
from publisher.models.people import Department
from publisher.office import reporting
from publisher.office.reporting import Stage
from web import handing_in
from web.acting import actor, reads
from web.fields import key_of
from web.forms import Form
from web.handing_in import KIND_WORDS, HandInForm
from web.house import house
from web.listing import place_from, place_to
from web.rules import for_action
from web.wording import refusal_sentence
from web.wording.progress import NEXT, STEPS
from web.words import _, _l

routes = Blueprint("submissions", __name__)
Page = Response | str | tuple[str, int]
VIEWS = (
    Stage.RECEIVED,
    Stage.DRAFT,
    Stage.CHANGES_WANTED,
    Stage.IN_REVIEW,
    Stage.APPROVED,
    Stage.SCHEDULED,
    Stage.LIVE,
)


class ReasonForm(Form):
    """A reason."""

    reason = TextAreaField(_l("Reason"))


@routes.get("/submissions")
@for_action(Action.SEE_SUBMISSION)
@reads
def index(session: Session) -> Page:
    """The submissions in sight, with state, who has them and what comes next."""
    stage = next((one for one in Stage if one.value == request.args.get("state")), None)
    words = request.args.get("q", "").strip()
    department_id = request.args.get("department", type=key_of)
    page = reporting.department_submissions(
        session,
        actor=actor(),
        now=house().now(),
        department_id=department_id,
        state=stage,
        words=words,
        before=place_from(request.args.get("before", "")),
    )
    counts = reporting.stage_counts(
        session, actor=actor(), now=house().now(), department_id=department_id
    )
    return render_template(
        "submissions/index.html",
        page=page,
        stage=stage,
        words=words,
        department_id=department_id,
        counts=counts,
        views=VIEWS,
        next_words=NEXT,
        kinds=KIND_WORDS,
        departments=_departments(session) if _at_the_cell() else [],
        next_place=place_to(page.following),
        may_hand_in=scope_of(actor(), Action.HAND_IN) is not None,
    )


def _at_the_cell() -> bool:
    return scope_of(actor(), Action.SEE_SUBMISSION) is Scope.ANY


def _departments(session: Session) -> list[Department]:
    """Every department that is not closed, by name."""
    today = house().now().date()
    query = select(Department).order_by(Department.name_mr)
    return [one for one in session.scalars(query) if one.until_on is None or one.until_on >= today]


@routes.get("/submissions/new")
@for_action(Action.HAND_IN)
@reads
def new(session: Session) -> Page:
    """The empty form."""
    return _form_page(handing_in.empty_form(_departments(session), actor().department_id))


def _form_page(form: HandInForm, *, happened: list[str] | None = None) -> str:
    return render_template(
        "submissions/new.html",
        form=form,
        at_desk=scope_of(actor(), Action.HAND_IN) is Scope.ANY,
        kept={place: handing_in.kept_file(form, place) for place in handing_in.PLACES},
        places=handing_in.PLACES,
        happened=[(one, None) for one in happened or []],
    )


@routes.post("/submissions/new")
@for_action(Action.HAND_IN)
def create() -> Page:
    """Hand in; the number stands on the next page at once."""
    with house().database.reading() as session:
        form = handing_in.empty_form(_departments(session), None)
    own = actor().department_id or 0
    at_desk = scope_of(actor(), Action.HAND_IN) is Scope.ANY
    chosen = (form.department.data or 0) if at_desk else own
    handed, places = handing_in.read(form, department_id=chosen)
    try:
        submission_id, number = _hand_in(form, handed)
    except Invalid as invalid:
        wrong = {one.field for one in invalid.problems}
        uploads = enumerate(zip(places, handed.files, strict=True))
        handing_in.keep_files(form, [one for at, one in uploads if f"files-{at}" not in wrong])
        found = [handing_in.problem_at(one, places) for one in invalid.problems]
        return _form_page(form, happened=form.show(found)), 422
    flash("hand-in", "draft-done")
    said = _(
        "Handed in. The acknowledgement number is %(number)s; it comes by mail as well.",
        number=number,
    )
    flash(said)
    return redirect(url_for("submissions.show", submission_id=submission_id))


def _hand_in(form: HandInForm, handed: HandIn) -> tuple[int, str]:
    """Hand it in; a date that cannot be read counts among what is wrong with the form."""
    if not form.validate():
        _check_the_rest(handed)
    with house().database.transaction() as session:
        submission = intake.hand_in(
            session,
            actor=actor(),
            now=house().now(),
            city_code=house().settings.city.code,
            store=house().store,
            form=handed,
        )
        return submission.id, submission.number


def _check_the_rest(handed: HandIn) -> None:
    """Raise `Invalid` with whatever else is wrong, so that everything is told at once."""
    at_desk = scope_of(actor(), Action.HAND_IN) is Scope.ANY
    raise Invalid(forms.check(handed, at_desk=at_desk, now=house().now()).problems)


@routes.get("/submissions/<int:submission_id>")
@for_action(Action.SEE_SUBMISSION)
@reads
def show(session: Session, submission_id: int) -> Page:
    """One submission with its timeline."""
    submission = intake.submission_for(session, actor=actor(), submission_id=submission_id)
    return render_template(
        "submissions/submission.html",
        submission=submission,
        timeline=reporting.timeline_of(
            session, actor=actor(), submission_id=submission_id, now=house().now()
        ),
        steps=STEPS,
        next_words=NEXT,
        kinds=KIND_WORDS,
        acts=_acts(submission),
    )


def _acts(submission: Submission) -> frozenset[str]:
    """What can be done with it now, by right and by its state."""
    wanted = {
        Action.DRAFT: (SubmissionState.RECEIVED, SubmissionState.DRAFTED),
        Action.DECLINE_SUBMISSION: (SubmissionState.RECEIVED, SubmissionState.RETURNED),
        Action.WITHDRAW_SUBMISSION: (
            SubmissionState.RECEIVED,
            SubmissionState.RETURNED,
            SubmissionState.DRAFTED,
        ),
    }
    return frozenset(
        action.value
        for action, states in wanted.items()
        if submission.state in states and may(actor(), action, submission.department_id)
    )


@routes.route("/submissions/<int:submission_id>/decline", methods=["GET", "POST"])
@for_action(Action.DECLINE_SUBMISSION)
def decline(submission_id: int) -> Page:
    """Decline with a reason; the department is told."""
    return _with_reason(submission_id, "decline", _("Declined. The department is told why."))


@routes.route("/submissions/<int:submission_id>/withdraw", methods=["GET", "POST"])
@for_action(Action.WITHDRAW_SUBMISSION)
def withdraw(submission_id: int) -> Page:
    """The department takes its submission back."""
    return _with_reason(submission_id, "withdraw", _("The submission is withdrawn."))


def _with_reason(submission_id: int, act: str, said: str) -> Page:
    form, use = ReasonForm(), {"decline": intake.decline, "withdraw": intake.withdraw}[act]
    if request.method == "GET":
        return _reason_page(submission_id, act, form)
    try:
        with house().database.transaction() as session:
            use(
                session,
                actor=actor(),
                now=house().now(),
                submission_id=submission_id,
                reason=form.reason.data or "",
            )
    except Invalid as invalid:
        form.show(invalid.problems)
        return _reason_page(submission_id, act, form), 422
    except NotAllowed as refusal:
        return _reason_page(submission_id, act, form, happened=refusal_sentence(refusal)), 409
    flash(said)
    flash(f"{act}-{submission_id}", "draft-done")
    return redirect(url_for("submissions.show", submission_id=submission_id))


@reads
def _reason_page(
    session: Session, submission_id: int, act: str, form: ReasonForm, *, happened: str = ""
) -> str:
    submission = intake.submission_for(session, actor=actor(), submission_id=submission_id)
    return render_template(
        "submissions/reason.html", submission=submission, act=act, form=form, happened=happened
    )
