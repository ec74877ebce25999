"""The review page of a revision, and its approval."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import HiddenField, IntegerField

from approvals.approvers import Approvers
from approvals.errors import (
    NotAllowed,
    StaleRevision,
    WrongState,
)
from approvals.policy import Action, may
from approvals.states import PostState
from publisher import failpoints
from publisher.drafting import diff, drafts
from publisher.models.approvals import Absence
from publisher.models.people import Appointment
from publisher.models.posts import DecisionKind, Post, Revision
from publisher.reports import progress
from publisher.review import decide, department_approvers, gate_adapter, history
from publisher.review.department_approvers import DepartmentOffices
from publisher.review.department_reviews import department_reviews, find_unapprovable, pending_ids
from publisher.review.reminders import list_reminders
from publisher.validation import Invalid
from web.core.auth import actor, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.permissions import Page, allow_action, allow_roles
from web.drafting import warnings
from web.drafting.revisions import newer_changes, previous_revision
from web.drafting.warnings import WarningList
from web.forms import Form
from web.messages.review_codes import already_sentence, decision_sentence
from web.previews import address_of_post, make_previews
from web.review import shared_computer
from web.review.acting_under import ActsUnderAnother, check_acting_under
from web.review.decision_block import blocking_sentence
from web.review.photos import (
    PhotosUnshown,
    check_shown,
    list_photos,
    photo_numbers,
    review_address,
    waiting_photos,
)

routes = Blueprint("review", __name__)
DECIDERS = (Action.APPROVE, Action.RETURN, Action.REJECT)


class ApproveForm(Form):
    """The hidden values of the approve button."""

    # Names of form fields are data: they are in templates and in forms kept for a new sign-in.
    seen = IntegerField()  # the number of the revision that the page showed
    under = IntegerField()  # the appointment under which the page was opened
    pictures = HiddenField()  # what the browser reports about the pictures


@routes.get("/posts/<int:post_id>/review")
@allow_roles()
@reads
def show(session: Session, post_id: int) -> Page:
    """Show all texts of a revision, its changes, its time window and its sources."""
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    if not post.revisions:
        return redirect(url_for("posts.show", post_id=post_id))
    number = request.args.get("revision", post.newest, type=int)
    revision = next((row for row in post.revisions if row.number == number), post.revisions[-1])
    return _page(session, post, revision)


def _page(
    session: Session,
    post: Post,
    revision: Revision,
    *,
    form: ApproveForm | None = None,
) -> str:
    """Return the page of a revision; `form` is the one with which it could not be approved."""
    previous, now = previous_revision(post, revision), ctx.now()
    reviews = department_reviews(revision, now=now)
    department_id = gate_adapter.deciding_department_id(revision, actor())
    department_ids = {department_id, *pending_ids(reviews)}
    offices = department_approvers.offices_by_department(session, department_ids, now=now)
    nobody_for = find_unapprovable(offices, revision, reviews, now=now)
    approvers = department_approvers.select_approvers(offices[department_id], revision, now=now)
    blocked = blocking_sentence(session, revision, approvers, actor=actor())
    return render_template(
        "review/review.html",
        post=post,
        revision=revision,
        stage=progress.post_stages(session, [post])[post.id],
        previews=make_previews(revision, review_address(address_of_post(post.id))),
        photos=list_photos(revision),
        photo_numbers=photo_numbers(revision),
        warnings=_warnings(session, post, revision),
        previous=previous,
        changes=diff.changes(previous, revision) if previous else [],
        changes_since=newer_changes(post, revision),
        reviews=reviews,
        without_approver=nobody_for,
        approvers=approvers,
        approver_offices=_approver_offices(offices[department_id], approvers),
        reminders=list_reminders(session, revision, now=now),
        refusal=" ".join(form.form_errors) if form else blocked,
        was_refused=form is not None,
        # Nothing was decided and it still can be: the button is shown again.
        may_retry=form is not None
        and isinstance(form.refusal, ActsUnderAnother | PhotosUnshown)
        and not blocked,
        appointment_id=actor().appointment_id,
        # This needs a department that has yet to decide and has somebody who can.
        may_approve_in_person=may(actor(), Action.SEND_FOR_REVIEW, post.department_id)
        and sum(review.is_pending for review in reviews) > len(nobody_for),
    )


def _warnings(session: Session, post: Post, revision: Revision) -> WarningList | None:
    """Return the warnings about a waiting revision for the cell; an officer cannot change texts."""
    waits = post.state is PostState.IN_REVIEW and revision.number == post.newest
    if not waits or not may(actor(), Action.DRAFT, post.department_id):
        return None
    return warnings.warn_about_revision(session, revision)


def _approver_offices(
    offices: DepartmentOffices, approvers: Approvers
) -> list[tuple[Appointment, date | None]]:
    """Return the offices of those who may decide now, and the last day of those who are away."""
    heads = [approvers.head] if approvers.head is not None and approvers.standing_in else []
    ids = {candidate.appointment_id for candidate in (*approvers.officers, *heads)}
    return [
        (office, _last_day(offices.absences.get(office.person_id, [])))
        for office in (*offices.officers, *offices.heads)
        if office.id in ids
    ]


def _last_day(own_absences: Sequence[Absence]) -> date | None:
    return own_absences[0].until_on if own_absences else None


@reads
def _refusal_page(session: Session, form: ApproveForm, post_id: int) -> Page:
    """Return the review page with the refusal; a stale revision is shown with its changes."""
    seen_revision, kinds = form.seen.data or 0, gate_adapter.APPROVAL_KINDS
    if response := redirect_if_already_decided(
        session, post_id, seen_revision, kinds, form.refusal
    ):
        return response
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    is_stale = isinstance(form.refusal, StaleRevision)
    number = seen_revision if is_stale else post.newest
    revision = next((row for row in post.revisions if row.number == number), post.revisions[-1])
    standing = [row for row in revision.decisions if row.withdrawn_at is None]
    if isinstance(form.refusal, WrongState) and standing:
        form.form_errors.append(decision_sentence(max(standing, key=lambda row: row.at)))
    return _page(session, post, revision, form=form)


@routes.post("/posts/<int:post_id>/approve")
@allow_action(*DECIDERS)
@handle_form(ApproveForm, shown_by=_refusal_page)
def approve(form: ApproveForm, post_id: int) -> Page:
    """Approve the revision that the page showed."""
    check_acting_under(actor(), form.under.data)
    view = check_shown(_photos_to_show(post_id, form.seen.data), form.pictures.data or "")
    with writing() as session:
        decide.approve(
            session,
            actor=actor(),
            now=ctx.now(),
            post_id=post_id,
            seen_revision=form.seen.data or 0,
            picture_view=view,
        )
        shared_computer.end_session(session)
    failpoints.hit("approve.after_commit")  # a crash test kills the process here
    flash(_("You have approved this revision. The Cell sets its time."))
    return shared_computer.leave() or redirect(url_for("posts.show", post_id=post_id))


@reads
def _photos_to_show(session: Session, post_id: int, number: int | None) -> tuple[str, ...]:
    """Return the digests of the photos that the page of a revision showed, if it waits."""
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    revision = next((row for row in post.revisions if row.number == number), None)
    return waiting_photos(revision) if revision is not None else ()


def redirect_if_already_decided(
    session: Session,
    post_id: int,
    revision_number: int,
    kinds: Collection[DecisionKind | None],
    refusal: Invalid | NotAllowed | None,
) -> Response | None:
    """Redirect if the actor has already made this decision, else return None."""
    # Pressing a button twice, or again after going back, is not an error.
    if not isinstance(refusal, WrongState):
        return None
    decision = history.find_decision(
        session, actor=actor(), post_id=post_id, seen_revision=revision_number
    )
    if decision is None or decision.kind not in kinds:
        return None
    flash(already_sentence(decision), "grey")
    return redirect(url_for("posts.show", post_id=post_id))
