"""The officer's desk: exactly what will leave, on one page, and the decision about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

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
from publisher.models.approvals import ReturnText
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
from web.drafting.revisions import decided_before, newer_changes
from web.forms import Form, number_of
from web.messages.names import department_name
from web.messages.refusals import refusal_sentence
from web.messages.review_codes import already_sentence
from web.previews import previews_of, short_title

routes = Blueprint("reviewing", __name__)
Page = Response | str | tuple[str, int]
DECIDERS = (Action.APPROVE, Action.RETURN, Action.REJECT)


class SeenForm(Form):
    """Which revision was on the screen, and under which appointment the page was opened."""

    seen = IntegerField()
    under = IntegerField()


class DecisionReasonForm(Form):
    """A reason, for the revision that was on the screen, under the appointment of the page."""

    seen = HiddenField()
    under = HiddenField()
    reason = TextAreaField(_l("Reason"))
    aliases = {"words": "reason"}  # noqa: RUF012  as in the base


@routes.get("/posts/<int:post_id>/review")
@for_roles()
@reads
def show(session: Session, post_id: int) -> Page:
    """The whole of what will leave, what changed, the window and the source."""
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    if not post.revisions:
        return redirect(url_for("posts.show", post_id=post_id))
    seen = request.args.get("revision", post.newest, type=int)
    revision = next((one for one in post.revisions if one.number == seen), post.revisions[-1])
    return _page(session, post, revision)


def _page(
    session: Session, post: Post, revision: Revision, *, refusal: NotAllowed | None = None
) -> str:
    before, now = decided_before(post, revision), ctx.now()
    standings = gate_adapter.standings(revision, now=now)
    lacking = gate_adapter.lacking(session, revision, standings, now=now)
    return render_template(
        "review/review.html",
        post=post,
        revision=revision,
        shown=(views := previews_of(revision)),
        jumps=[(short_title(view.variant), f"#{view.anchor}") for view in views],
        photos=len({one.source_sha256 for view in views for one in view.variant.renditions}),
        warned=warnings.of_revision(session, revision),
        before=before,
        changes=diff.changes(before, revision) if before else [],
        changes_since=newer_changes(post, revision),
        standings=standings,
        lacking=lacking,
        approvers=gate_adapter.approvers_for(session, revision, _my_department(revision), now=now),
        refusal=refusal_sentence(refusal) if refusal else _cannot(session, post, revision),
        pressed=refusal is not None,
        can_still=isinstance(refusal, ActsUnderAnother) and not _cannot(session, post, revision),
        under=actor().appointment_id,
        asks=may(actor(), Action.SEND_FOR_REVIEW, post.department_id)
        and sum(one.is_missing for one in standings) > len(lacking),
    )


def _my_department(revision: Revision) -> int:
    """The actor's department where it is asked, else the owning one."""
    mine = actor().department_id
    asked = gate_adapter.asked_departments(revision)
    return mine if mine is not None and mine in asked else asked[0]


def _cannot(session: Session, post: Post, revision: Revision) -> str:
    """Why this person cannot decide now; empty where they can."""
    if post.state is not PostState.IN_REVIEW or revision.number != post.newest:
        return ""
    mine = actor().department_id
    if mine not in gate_adapter.asked_departments(revision):
        return _("Only the department that was asked can decide.")
    if waits_for := _waits_for_others(revision, mine):
        return _(
            "Your department has approved this revision. It waits for: %(departments)s.",
            departments=waits_for,
        )
    able = gate_adapter.approvers_for(session, revision, mine, now=ctx.now())
    if not may(actor(), Action.APPROVE, mine, standing_in=able.standing_in):
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


def _waits_for_others(revision: Revision, mine: int | None) -> str:
    """The asked departments that are missing, once the own one has approved; else nothing."""
    standings = gate_adapter.standings(revision, now=ctx.now())
    own = any(one.has_approved for one in standings if one.department.id == mine)
    missing = [department_name(one.department) for one in standings if one.is_missing]
    return ", ".join(missing) if own else ""


@routes.post("/posts/<int:post_id>/approve")
@for_action(*DECIDERS)
def approve(post_id: int) -> Page:
    """Approve the revision that was on the screen."""
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
        done = _done_before(post_id, form.seen.data or 0, gate_adapter.APPROVALS, refusal)
        return done or _refused(post_id, form.seen.data or 0, refusal)
    flash(_("You have approved this revision. The cell sets its time."))
    return redirect(url_for("posts.show", post_id=post_id))


def _done_before(
    post_id: int, seen: int, kinds: Collection[DecisionKind], refusal: NotAllowed
) -> Response | None:
    """Pressed twice, or once more after going back: the first press counts, none is an error."""
    if not isinstance(refusal, WrongState):
        return None
    with ctx.database.reading() as session:
        done = history.decision_on(session, actor=actor(), post_id=post_id, seen_revision=seen)
        if done is None or done.kind not in kinds:
            return None
        flash(already_sentence(done), "grey")
    return redirect(url_for("posts.show", post_id=post_id))


def _refused(post_id: int, seen: int, refusal: NotAllowed) -> Page:
    """The review page again, with what stands in the way; the stale one with the difference."""
    with ctx.database.reading() as session:
        post = drafts.post_for(session, actor=actor(), post_id=post_id)
        known = {one.number: one for one in post.revisions}
        stale = isinstance(refusal, StaleRevision)
        revision = known.get(seen if stale else post.newest, post.revisions[-1])
        return _page(session, post, revision, refusal=refusal), 409


Use = Callable[[Session, int, int, str], object]


def _return(session: Session, post_id: int, seen: int, reason: str) -> object:
    return decide.return_post(
        session, actor=actor(), now=ctx.now(), post_id=post_id, seen_revision=seen, reason=reason
    )


def _reject(session: Session, post_id: int, seen: int, reason: str) -> object:
    return decide.reject(
        session, actor=actor(), now=ctx.now(), post_id=post_id, seen_revision=seen, reason=reason
    )


def _withdraw_approval(session: Session, post_id: int, seen: int, reason: str) -> object:
    return withdraw.withdraw_approval(
        session, actor=actor(), now=ctx.now(), post_id=post_id, seen_revision=seen, reason=reason
    )


def _withdraw_post(session: Session, post_id: int, _seen: int, reason: str) -> object:
    return withdraw.withdraw_post(
        session, actor=actor(), now=ctx.now(), post_id=post_id, reason=reason
    )


@routes.route("/posts/<int:post_id>/return", methods=["GET", "POST"])
@for_action(*DECIDERS)
def return_post(post_id: int) -> Page:
    """Return the revision to the cell with what to change."""
    return _with_reason(post_id, "return", _return, _("Returned to the cell with your words."))


@routes.route("/posts/<int:post_id>/reject", methods=["GET", "POST"])
@for_action(*DECIDERS)
def reject(post_id: int) -> Page:
    """Reject the post with a reason."""
    return _with_reason(post_id, "reject", _reject, _("Rejected. The cell sees your reason."))


@routes.route("/posts/<int:post_id>/withdraw-approval", methods=["GET", "POST"])
@for_action(Action.WITHDRAW_APPROVAL)
def withdraw_approval(post_id: int) -> Page:
    """Take one's department's approval back, as long as something can be stopped."""
    said = _("The approval is taken back. Nothing more of it leaves.")
    return _with_reason(post_id, "withdraw_approval", _withdraw_approval, said)


@routes.route("/posts/<int:post_id>/withdraw", methods=["GET", "POST"])
@for_action(Action.WITHDRAW_POST)
def withdraw_post(post_id: int) -> Page:
    """Give the post up."""
    return _with_reason(post_id, "withdraw_post", _withdraw_post, _("The post is withdrawn."))


_SAME_AGAIN: Mapping[str, Collection[DecisionKind]] = {
    "return": (DecisionKind.RETURNED,),
    "reject": (DecisionKind.REJECTED,),
}


def _with_reason(post_id: int, act: str, use: Use, said: str) -> Page:
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
    flash(said)
    if act in ("withdraw_approval", "withdraw_post"):
        in_flight.flash_for_post(post_id)
    flash(f"{act}-{post_id}", "draft-done")
    return redirect(url_for("posts.show", post_id=post_id))


def _reason_refused(post_id: int, act: str, form: DecisionReasonForm, refusal: NotAllowed) -> Page:
    """The words stay; what was pressed twice is no error."""
    seen = number_of(form.seen.data)
    if isinstance(refusal, StaleRevision):
        return _overtaken(post_id, act, form, refusal)
    if done := _done_before(post_id, seen, _SAME_AGAIN.get(act, ()), refusal):
        flash(f"{act}-{post_id}", "draft-done")
        return done
    if isinstance(refusal, ActsUnderAnother):
        form.under.data = str(actor().appointment_id)
        form.under.raw_data = [form.under.data]
    return _reason_page(post_id, act, form, happened=refusal_sentence(refusal)), 409


def _with_own_text(post_id: int, form: DecisionReasonForm) -> Page:
    """Put one of one's own texts into the reason, or keep the reason as one of them."""
    words, code = form.reason.data or "", 200
    try:
        with ctx.database.transaction() as session:
            drafts.post_for(session, actor=actor(), post_id=post_id)
            if "keep" in request.form:
                notify.keep(session, actor=actor(), now=ctx.now(), return_text=words)
                flash(_("The text is kept. You find it here the next time."))
            else:
                wanted = number_of(request.form.get("use"))
                texts = {one.id: one.words for one in notify.mine(session, actor=actor())}
                words = notify.with_text(words, texts.get(wanted, ""))
    except Invalid as invalid:
        form.show(invalid.problems)
        code = 422
    form.reason.data = words
    return _reason_page(post_id, "return", form, filled=True), code


def _overtaken(post_id: int, act: str, form: DecisionReasonForm, stale: StaleRevision) -> Page:
    """The words stay; the next press is about the newer revision, whose difference is shown."""
    seen = number_of(form.seen.data)
    form.seen.data = str(stale.values["newest"])
    form.seen.raw_data = [form.seen.data]
    happened = refusal_sentence(stale)
    return _reason_page(post_id, act, form, happened=happened, seen=seen), 409


@reads
def _reason_page(
    session: Session,
    post_id: int,
    act: str,
    form: DecisionReasonForm,
    *,
    happened: str = "",
    seen: int | None = None,
    filled: bool = False,
) -> str:
    """The page of an act with its reason; `seen` is the revision that a newer one has overtaken."""
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    old = next((one for one in post.revisions if one.number == seen), None)
    if request.method == "GET":
        form.seen.data = str(request.args.get("revision", post.newest, type=int))
        form.under.data = str(actor().appointment_id)
    return render_template(
        "review/reason.html",
        post=post,
        act=act,
        form=form,
        happened=happened,
        changes=newer_changes(post, old) if old else [],
        filled=filled or bool(form.errors) or bool(happened),
        texts=_own_texts(session) if act == "return" else [],
    )


def _own_texts(session: Session) -> Sequence[ReturnText]:
    return notify.mine(session, actor=actor())
