"""The list of comments, and the acts on those that are ticked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.fields import SelectMultipleField

from approvals.errors import NotAllowed
from approvals.policy import Action, scope_of
from publisher.inbox import routing
from publisher.inbox.undo import can_undo
from publisher.models.comments import Comment
from publisher.reports import inbox_list
from publisher.reports.inbox_list import InboxView
from publisher.states import CommentState
from publisher.undo import newest_event
from publisher.validation import FieldError, Invalid, NotFound, clean_reason
from web.core.auth import actor, actor_now, reads, writing
from web.core.filters import decode_cursor, encode_cursor
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action
from web.forms import Form, number_of
from web.inbox import views
from web.messages.field_errors import problem_sentence
from web.messages.progress import VIEWS
from web.messages.refusals import refusal_sentence

routes: Blueprint = views.routes
MOST_TICKED = 25
"""How many comments are acted on at once: a page of the list."""


class TickedForm(Form):
    """The ticked comments, and what the act needs: a department, or a reason."""

    view = HiddenField()
    before = HiddenField()
    act = HiddenField()
    chosen = SelectMultipleField(coerce=number_of, validate_choice=False)
    department = SelectField(_l("Department that answers"), coerce=str, validate_choice=False)
    reason = TextAreaField(_l("Reason"))


@dataclass(frozen=True)
class TickedOutcome:
    """What became of a ticked comment: `undo_path` is empty if nothing can be undone."""

    comment_id: int
    sentence: str
    is_done: bool = False
    undo_path: str = ""


@routes.get("/comments")
@allow_action(Action.SEE_COMMENT)
def index() -> Page:
    """List the comments of a view."""
    return _list(TickedForm(request.args))


@reads
def _list(session: Session, form: TickedForm) -> str:
    actor_views = inbox_list.list_views(actor())
    named = [view for view in actor_views if view.value == form.view.data]
    view = [*named, *actor_views][0]
    before = form.before.data or ""
    page = inbox_list.list_comments(
        session, actor=actor(), view=view, before=decode_cursor(before), limit=MOST_TICKED
    )
    # Without an act no boxes are shown.
    acts = set()
    if view not in (InboxView.ANSWERED, InboxView.CLOSED) and scope_of(actor(), Action.CLOSE):
        acts.add("close")
    if view is InboxView.QUEUE and scope_of(actor(), Action.ASSIGN):
        acts.add("assign")
        form.department.choices = views.department_choices(session)
    return render_template(
        "inbox/index.html",
        page=page,
        view=view,
        before=before,
        view_labels=VIEWS,
        counts=inbox_list.view_counts(session, actor=actor()),
        next_cursor=encode_cursor(page.following),
        form=form,
        acts=acts,
        ticked_ids=set(form.chosen.data or ()),
        ticks_all="all" in request.args,
    )


@routes.post("/comments/ticked")
@allow_action(Action.ASSIGN, Action.CLOSE)
@handle_form(TickedForm, shown_by=_list)
def act_on_ticked(form: TickedForm) -> Page:
    """Assign or close the ticked comments one by one, and say what became of each."""
    comment_ids = list(dict.fromkeys(key for key in form.chosen.data or () if key))
    problems = []
    if not comment_ids:
        problems.append(FieldError("chosen", "nothing_chosen"))
    if len(comment_ids) > MOST_TICKED:
        problems.append(FieldError("chosen", "too_many_ticked", {"most": MOST_TICKED}))
    try:
        act = _read_act(form)
    except Invalid as invalid:
        raise Invalid([*problems, *invalid.problems]) from invalid
    if problems:
        raise Invalid(problems)
    outcomes = [_outcome(comment_id, act) for comment_id in comment_ids]
    return _outcomes_page(outcomes, form)


@dataclass(frozen=True)
class TickedAct:
    """An act on one comment, and what is said when it is done."""

    carry_out: Callable[[Session, int], Comment]
    done: str


def _read_act(form: TickedForm) -> TickedAct:
    """Read what is to be done; raises `Invalid` before anything is done."""
    if form.act.data == "assign":
        department_id = number_of(form.department.data)
        if not department_id:
            raise Invalid([FieldError("department", "unknown_department")])
        return TickedAct(
            lambda session, comment_id: routing.assign(
                session, **actor_now(), comment_id=comment_id, department_id=department_id
            ),
            _("The comment is with the department now."),
        )
    reason = clean_reason(form.reason.data or "")
    return TickedAct(
        lambda session, comment_id: routing.close(
            session, **actor_now(), comment_id=comment_id, reason=reason
        ),
        _("The comment is closed."),
    )


def _outcome(comment_id: int, act: TickedAct) -> TickedOutcome:
    """Do it in a separate transaction, as on the comment's own page."""
    try:
        with writing() as session:
            comment = act.carry_out(session, comment_id)
            event = newest_event(session, comment)
            is_with_nobody = comment.state is CommentState.RECEIVED
    except NotFound:
        return TickedOutcome(comment_id, _("You do not see this comment any more."))
    except NotAllowed as refusal:
        return TickedOutcome(comment_id, refusal_sentence(refusal))
    except Invalid as refusal:
        return TickedOutcome(comment_id, " ".join(map(problem_sentence, refusal.problems)))
    if is_with_nobody:
        return TickedOutcome(
            comment_id, _("That department has named nobody, so the Cell still has it.")
        )
    path = url_for("inbox.undo", comment_id=comment_id, event_id=event.id)
    return TickedOutcome(
        comment_id, act.done, is_done=True, undo_path=path if can_undo(event) else ""
    )


@reads
def _outcomes_page(session: Session, outcomes: Sequence[TickedOutcome], form: TickedForm) -> str:
    comment_ids = [outcome.comment_id for outcome in outcomes]
    return render_template(
        "inbox/outcomes.html",
        outcomes=outcomes,
        comments=inbox_list.comments_by_id(session, actor=actor(), comment_ids=comment_ids),
        done_count=sum(outcome.is_done for outcome in outcomes),
        view_name=form.view.data or "",
    )
