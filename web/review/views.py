"""The review page of a revision, and the decisions about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import HiddenField, IntegerField, TextAreaField

from approvals import gate
from approvals.errors import FourEyesRequired, NotAllowed, StaleRevision, WrongState
from approvals.policy import Action, may
from approvals.states import PostState
from publisher import failpoints
from publisher.drafting import diff, drafts
from publisher.models.posts import DecisionKind, Post, Revision
from publisher.review import decide, gate_adapter, history, notify, withdraw
from publisher.review.decide import ActsUnderAnother
from publisher.validation import Invalid
from web import in_flight
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import for_action, for_roles
from web.drafting import warnings
from web.drafting.revisions import newer_changes, previous_revision
from web.forms import Form, number_of
from web.messages.names import department_name
from web.messages.refusals import refusal_sentence
from web.messages.review_codes import already_sentence
from web.previews import previews_of, short_title

routes = Blueprint("reviewing", __name__)
Page = Response | str | tuple[str, int]
DECIDERS = (Action.APPROVE, Action.RETURN, Action.REJECT)


class SeenForm(Form):
    """The revision that the page showed, and the appointment under which it was opened."""

    seen = IntegerField()
    under = IntegerField()


class DecisionReasonForm(Form):
    """A reason, with the revision and the appointment of the page."""

    seen = HiddenField()
    under = HiddenField()
    reason = TextAreaField(_l("Reason"))
    aliases = {"words": "reason"}  # noqa: RUF012  as in the base


@routes.get("/posts/<int:post_id>/review")
@for_roles()
@reads
def show(session: Session, post_id: int) -> Page:
    """Show all texts of a revision, its changes, its time window and its sources."""
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    if not post.revisions:
        return redirect(url_for("posts.show", post_id=post_id))
    number = request.args.get("revision", post.newest, type=int)
    revision = next((row for row in post.revisions if row.number == number), post.revisions[-1])
    return _page(session, post, revision)


def _page(
    session: Session, post: Post, revision: Revision, *, refusal: NotAllowed | None = None
) -> str:
    before, now = previous_revision(post, revision), ctx.now()
    standings = gate_adapter.standings(revision, now=now)
    lacking = gate_adapter.lacking(session, revision, standings, now=now)
    return render_template(
        "review/review.html",
        post=post,
        revision=revision,
        shown=(views := previews_of(revision)),
        jumps=[(short_title(view.variant), f"#{view.anchor}") for view in views],
        photos=len(
            {picture.source_sha256 for view in views for picture in view.variant.renditions}
        ),
        warned=warnings.of_revision(session, revision),
        before=before,
        changes=diff.changes(before, revision) if before else [],
        changes_since=newer_changes(post, revision),
        standings=standings,
        lacking=lacking,
        approvers=gate_adapter.approvers_for(session, revision, _my_department(revision), now=now),
        refusal=refusal_sentence(refusal) if refusal else _blocker(session, post, revision),
        pressed=refusal is not None,
        can_still=isinstance(refusal, ActsUnderAnother) and not _blocker(session, post, revision),
        under=actor().appointment_id,
        asks=may(actor(), Action.SEND_FOR_REVIEW, post.department_id)
        and sum(review.is_missing for review in standings) > len(lacking),
    )


def _my_department(revision: Revision) -> int:
    """Return the id of the actor's department if it is asked, else of the owning department."""
    own_id = actor().department_id
    asked_ids = gate_adapter.asked_departments(revision)
    return own_id if own_id is not None and own_id in asked_ids else asked_ids[0]


def _blocker(session: Session, post: Post, revision: Revision) -> str:
    """Return the reason why the actor cannot decide now; empty if they can."""
    if post.state is not PostState.IN_REVIEW or revision.number != post.newest:
        return ""
    department_id = actor().department_id
    if department_id not in gate_adapter.asked_departments(revision):
        return _("Only the department that was asked can decide.")
    if waits_for := _waits_for_others(revision, department_id):
        return _(
            "Your department has approved this revision. It waits for: %(departments)s.",
            departments=waits_for,
        )
    able = gate_adapter.approvers_for(session, revision, department_id, now=ctx.now())
    if not may(actor(), Action.APPROVE, department_id, standing_in=able.standing_in):
        return _("An officer of your department decides about this.")
    try:
        gate.check_approval(
            state=post.state,
            seen_revision=revision.number,
            newest_revision=post.newest,
            person_id=actor().person_id or 0,
            authors=gate_adapter.bound_authors(revision),
        )
    except FourEyesRequired as refusal:
        if revision.author_id != actor().person_id:
            return _("This revision brings back words that you wrote. Somebody else approves it.")
        return refusal_sentence(refusal)
    return ""


def _waits_for_others(revision: Revision, department_id: int | None) -> str:
    """Return the departments yet to approve if the actor's has approved; else empty."""
    standings = gate_adapter.standings(revision, now=ctx.now())
    has_approved = any(
        review.has_approved for review in standings if review.department.id == department_id
    )
    missing = [department_name(review.department) for review in standings if review.is_missing]
    return ", ".join(missing) if has_approved else ""


@routes.post("/posts/<int:post_id>/approve")
@for_action(*DECIDERS)
def approve(post_id: int) -> Page:
    """Approve the revision that the page showed."""
    form = SeenForm()
    try:
        decide.check_under(actor(), form.under.data)
        with ctx.database.transaction() as session:
            decide.approve(
                session,
                actor=actor(),
                now=ctx.now(),
                post_id=post_id,
                seen_revision=form.seen.data or 0,
            )
        failpoints.hit("approve.after_commit")
    except NotAllowed as refusal:
        response = _already_decided(post_id, form.seen.data or 0, gate_adapter.APPROVALS, refusal)
        return response or _refused_page(post_id, form.seen.data or 0, refusal)
    flash(_("You have approved this revision. The cell sets its time."))
    return redirect(url_for("posts.show", post_id=post_id))


def _already_decided(
    post_id: int, number: int, kinds: Collection[DecisionKind], refusal: NotAllowed
) -> Response | None:
    """Redirect if the actor has already decided so, else return None."""
    # A button pressed twice, or again after going back, is no error.
    if not isinstance(refusal, WrongState):
        return None
    with ctx.database.reading() as session:
        decision = history.decision_on(
            session, actor=actor(), post_id=post_id, seen_revision=number
        )
        if decision is None or decision.kind not in kinds:
            return None
        flash(already_sentence(decision), "grey")
    return redirect(url_for("posts.show", post_id=post_id))


def _refused_page(post_id: int, number: int, refusal: NotAllowed) -> Page:
    """Return the review page with the refusal; a stale revision is shown with its changes."""
    with ctx.database.reading() as session:
        post = drafts.post_for(session, actor=actor(), post_id=post_id)
        revisions = {candidate.number: candidate for candidate in post.revisions}
        stale = isinstance(refusal, StaleRevision)
        revision = revisions.get(number if stale else post.newest, post.revisions[-1])
        return _page(session, post, revision, refusal=refusal), 409


Use = Callable[[Session, int, int, str], object]


def _return(session: Session, post_id: int, number: int, reason: str) -> object:
    return decide.return_post(
        session, actor=actor(), now=ctx.now(), post_id=post_id, seen_revision=number, reason=reason
    )


def _reject(session: Session, post_id: int, number: int, reason: str) -> object:
    return decide.reject(
        session, actor=actor(), now=ctx.now(), post_id=post_id, seen_revision=number, reason=reason
    )


def _withdraw_approval(session: Session, post_id: int, number: int, reason: str) -> object:
    return withdraw.withdraw_approval(
        session, actor=actor(), now=ctx.now(), post_id=post_id, seen_revision=number, reason=reason
    )


def _withdraw_post(session: Session, post_id: int, _number: int, reason: str) -> object:
    return withdraw.withdraw_post(
        session, actor=actor(), now=ctx.now(), post_id=post_id, reason=reason
    )


@routes.route("/posts/<int:post_id>/return", methods=["GET", "POST"])
@for_action(*DECIDERS)
def return_post(post_id: int) -> Page:
    """Return the revision to the cell with the changes to make."""
    return _with_reason(post_id, "return", _return, _("Returned to the cell with your words."))


@routes.route("/posts/<int:post_id>/reject", methods=["GET", "POST"])
@for_action(*DECIDERS)
def reject(post_id: int) -> Page:
    """Reject the post with a reason."""
    return _with_reason(post_id, "reject", _reject, _("Rejected. The cell sees your reason."))


@routes.route("/posts/<int:post_id>/withdraw-approval", methods=["GET", "POST"])
@for_action(Action.WITHDRAW_APPROVAL)
def withdraw_approval(post_id: int) -> Page:
    """Withdraw the approval of the actor's department, as long as something is unsent."""
    done_message = _("The approval is taken back. Nothing more of it leaves.")
    return _with_reason(post_id, "withdraw_approval", _withdraw_approval, done_message)


@routes.route("/posts/<int:post_id>/withdraw", methods=["GET", "POST"])
@for_action(Action.WITHDRAW_POST)
def withdraw_post(post_id: int) -> Page:
    """Withdraw the post."""
    return _with_reason(post_id, "withdraw_post", _withdraw_post, _("The post is withdrawn."))


_REPEATED_KINDS: Mapping[str, Collection[DecisionKind]] = {
    "return": (DecisionKind.RETURNED,),
    "reject": (DecisionKind.REJECTED,),
}


def _with_reason(post_id: int, act: str, use: Use, done_message: str) -> Page:
    form = DecisionReasonForm()
    if request.method == "GET":
        return _reason_page(post_id, act, form)
    if act == "return" and ("use" in request.form or "keep" in request.form):
        return _with_own_text(post_id, form)
    try:
        decide.check_under(actor(), number_of(form.under.data))
        with ctx.database.transaction() as session:
            drafts.post_for(session, actor=actor(), post_id=post_id)
            use(session, post_id, number_of(form.seen.data), form.reason.data or "")
    except Invalid as invalid:
        form.show(invalid.problems)
        return _reason_page(post_id, act, form), 422
    except NotAllowed as refusal:
        return _reason_refused(post_id, act, form, refusal)
    flash(done_message)
    if act in ("withdraw_approval", "withdraw_post"):
        in_flight.flash_for_post(post_id)
    flash(f"{act}-{post_id}", "draft-done")
    return redirect(url_for("posts.show", post_id=post_id))


def _reason_refused(post_id: int, act: str, form: DecisionReasonForm, refusal: NotAllowed) -> Page:
    """Return the page with the typed reason and the refusal; a repeated decision redirects."""
    number = number_of(form.seen.data)
    if isinstance(refusal, StaleRevision):
        return _stale_page(post_id, act, form, refusal)
    if response := _already_decided(post_id, number, _REPEATED_KINDS.get(act, ()), refusal):
        flash(f"{act}-{post_id}", "draft-done")
        return response
    if isinstance(refusal, ActsUnderAnother):
        form.under.data = str(actor().appointment_id)
        form.under.raw_data = [form.under.data]
    return _reason_page(post_id, act, form, message=refusal_sentence(refusal)), 409


def _with_own_text(post_id: int, form: DecisionReasonForm) -> Page:
    """Insert one of the actor's saved texts into the reason, or save the reason as a text."""
    reason, code = form.reason.data or "", 200
    try:
        with ctx.database.transaction() as session:
            drafts.post_for(session, actor=actor(), post_id=post_id)
            if "keep" in request.form:
                notify.keep(session, actor=actor(), now=ctx.now(), return_text=reason)
                flash(_("The text is kept. You find it here the next time."))
            else:
                text_id = number_of(request.form.get("use"))
                texts = {text.id: text.words for text in notify.mine(session, actor=actor())}
                reason = notify.with_text(reason, texts.get(text_id, ""))
    except Invalid as invalid:
        form.show(invalid.problems)
        code = 422
    form.reason.data = reason
    return _reason_page(post_id, "return", form, filled=True), code


def _stale_page(post_id: int, act: str, form: DecisionReasonForm, stale: StaleRevision) -> Page:
    """Return the page with the typed reason, now for the newer revision, with its changes."""
    number = number_of(form.seen.data)
    form.seen.data = str(stale.values["newest"])
    form.seen.raw_data = [form.seen.data]
    return _reason_page(post_id, act, form, message=refusal_sentence(stale), number=number), 409


@reads
def _reason_page(
    session: Session,
    post_id: int,
    act: str,
    form: DecisionReasonForm,
    *,
    message: str = "",
    number: int | None = None,
    filled: bool = False,
) -> str:
    """Return the page that asks for a reason; `number` is an outdated revision to compare."""
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    old = next((candidate for candidate in post.revisions if candidate.number == number), None)
    if request.method == "GET":
        form.seen.data = str(request.args.get("revision", post.newest, type=int))
        form.under.data = str(actor().appointment_id)
    return render_template(
        "review/reason.html",
        post=post,
        act=act,
        form=form,
        happened=message,
        changes=newer_changes(post, old) if old else [],
        filled=filled or bool(form.errors) or bool(message),
        texts=notify.mine(session, actor=actor()) if act == "return" else [],
    )
