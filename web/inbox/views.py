"""Pages of citizens' comments: the list, a comment, its answer and its routing."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import BooleanField, SelectField, TextAreaField

from approvals.errors import NotAllowed
from approvals.policy import Action
from approvals.states import PostState
from publisher import failpoints
from publisher.content_checks import outgoing_text
from publisher.inbox import reply, routing
from publisher.models.comments import AnswerKind
from publisher.people.departments import departments_in_force
from publisher.reports import inbox_list
from publisher.reports.comment_detail import comment_page
from publisher.reports.inbox_list import InboxView
from publisher.review import takedown_orders
from publisher.states import CommentState
from publisher.validation import Invalid
from web.core.auth import actor, reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.filters import decode_cursor, encode_cursor
from web.core.i18n import _, _l
from web.core.permissions import Page, for_action
from web.drafting import warnings
from web.forms import Form, key_of, options
from web.messages.names import department_name
from web.messages.progress import REPLIES, VIEWS
from web.messages.refusals import refusal_sentence

routes = Blueprint("inbox", __name__)
TO_THE_CELL = 0
SIDE_LIST_LENGTH = 12


class AnswerForm(Form):
    """An answer; an interim answer leaves the comment open."""

    aliases = {"variants-0-text": "text"}  # noqa: RUF012  read by the base class only

    text = TextAreaField(_l("The answer"))
    interim = BooleanField(_l("This is an interim answer; the deadline goes on"))


class RoutingForm(Form):
    """A department and a reason; an action uses the fields it needs."""

    department = SelectField(_l("Department"), coerce=key_of, validate_choice=False)
    reason = TextAreaField(_l("Reason"))


@routes.get("/comments")
@for_action(Action.SEE_COMMENT)
@reads
def index(session: Session) -> Page:
    """List the comments of a view."""
    views = inbox_list.views_for(actor())
    view_name = request.args.get("view", "")
    view = next((candidate for candidate in views if candidate.value == view_name), views[0])
    page = inbox_list.comments_in(
        session,
        actor=actor(),
        now=ctx.now(),
        view=view,
        before=decode_cursor(request.args.get("before", "")),
    )
    return render_template(
        "inbox/index.html",
        page=page,
        view=view,
        view_labels=VIEWS,
        counts=inbox_list.view_counts(session, actor=actor(), now=ctx.now()),
        next_cursor=encode_cursor(page.following),
    )


@routes.get("/comments/<int:comment_id>")
@for_action(Action.SEE_COMMENT)
@reads
def show(session: Session, comment_id: int) -> Page:
    """Show a comment with its thread, its routing and the answer."""
    return _page(session, comment_id, AnswerForm())


def _page(
    session: Session, comment_id: int, form: AnswerForm, *, messages: list[str] | None = None
) -> str:
    comment = comment_page(session, actor=actor(), comment_id=comment_id, now=ctx.now())
    return render_template(
        "inbox/comment.html",
        comment=comment,
        form=form,
        length=outgoing_text.measure(
            comment.account.platform, form.text.data or "", "", is_reply=True
        ),
        reply_labels=REPLIES,
        reply_warning=warnings.of_reply(comment),
        acts={action.value for action in comment.acts},
        answers_directly=actor().role in reply.OWN_HAND,
        listed_comments=_side_list(session, comment.state),
        departments=_departments(session) if Action.ASSIGN in comment.acts else [],
        error_lines=[(message, None) for message in messages or []],
        orders=takedown_orders.orders_about(session, comment_id),
    )


_VIEW_OF = {
    CommentState.RECEIVED: InboxView.QUEUE,
    CommentState.ROUTED: InboxView.MINE,
    CommentState.ANSWERED: InboxView.ANSWERED,
    CommentState.CLOSED: InboxView.CLOSED,
}


def _side_list(session: Session, state: CommentState) -> tuple[inbox_list.CommentRow, ...]:
    """Return the list beside a comment: that of the view which contains its state."""
    views = inbox_list.views_for(actor())
    view = _VIEW_OF[state] if _VIEW_OF[state] in views else InboxView.DEPARTMENT
    page = inbox_list.comments_in(
        session, actor=actor(), now=ctx.now(), view=view, limit=SIDE_LIST_LENGTH
    )
    return page.rows


def _departments(session: Session) -> list[tuple[int, str]]:
    departments = departments_in_force(session, now=ctx.now())
    return [(department.id, department_name(department)) for department in departments]


@routes.post("/comments/<int:comment_id>/answer")
@for_action(Action.ANSWER)
def answer(comment_id: int) -> Page:
    """Answer a comment; an officer's own answer is sent at once."""
    form = AnswerForm()
    kind = AnswerKind.INTERIM if form.interim.data else AnswerKind.FINAL
    try:
        with writing() as session:
            post = reply.answer(
                session,
                actor=actor(),
                now=ctx.now(),
                comment_id=comment_id,
                text=form.text.data or "",
                kind=kind,
            )
            leaves = post.state is PostState.APPROVED
        failpoints.hit("answer.after_commit")
    except Invalid as invalid:
        unplaced = form.show(invalid.problems)
        with reading() as session:
            return _page(session, comment_id, form, messages=unplaced), 422
    except NotAllowed as refusal:
        with reading() as session:
            return _page(session, comment_id, form, messages=[refusal_sentence(refusal)]), 409
    flash(f"answer-{comment_id}", "draft-done")
    flash(_("The answer is on its way.") if leaves else _("The answer waits for the officer."))
    return redirect(url_for("inbox.show", comment_id=comment_id))


RoutingAction = Callable[[Session, RoutingForm], object]


@routes.post("/comments/<int:comment_id>/assign")
@for_action(Action.ASSIGN)
def assign(comment_id: int) -> Page:
    """Assign a comment from the queue to a department."""

    def action(session: Session, form: RoutingForm) -> object:
        return routing.assign(
            session,
            actor=actor(),
            now=ctx.now(),
            comment_id=comment_id,
            department_id=form.department.data or 0,
        )

    return _routing_action(
        comment_id, "assign", action, _("The comment is with the department now.")
    )


@routes.route("/comments/<int:comment_id>/transfer", methods=["GET", "POST"])
@for_action(Action.TRANSFER)
def transfer(comment_id: int) -> Page:
    """Transfer a comment to another department, or back to the cell, with a reason."""

    def action(session: Session, form: RoutingForm) -> object:
        return routing.transfer(
            session,
            actor=actor(),
            now=ctx.now(),
            comment_id=comment_id,
            department_id=form.department.data or None,
            reason=form.reason.data or "",
        )

    return _routing_action(comment_id, "transfer", action, _("The comment has been transferred."))


@routes.route("/comments/<int:comment_id>/close", methods=["GET", "POST"])
@for_action(Action.CLOSE)
def close(comment_id: int) -> Page:
    """Close a comment without an answer."""

    def action(session: Session, form: RoutingForm) -> object:
        return routing.close(
            session,
            actor=actor(),
            now=ctx.now(),
            comment_id=comment_id,
            reason=form.reason.data or "",
        )

    return _routing_action(comment_id, "close", action, _("The comment is closed."))


@routes.route("/comments/<int:comment_id>/reopen", methods=["GET", "POST"])
@for_action(Action.REOPEN)
def reopen(comment_id: int) -> Page:
    """Reopen an answered or closed comment."""

    def action(session: Session, form: RoutingForm) -> object:
        return routing.reopen(
            session,
            actor=actor(),
            now=ctx.now(),
            comment_id=comment_id,
            reason=form.reason.data or "",
        )

    return _routing_action(comment_id, "reopen", action, _("The comment is open again."))


def _routing_action(comment_id: int, act: str, action: RoutingAction, done_message: str) -> Page:
    form = RoutingForm()
    if request.method == "GET":
        return _move_page(comment_id, act, form)
    try:
        with writing() as session:
            action(session, form)
    except Invalid as invalid:
        form.show(invalid.problems)
        return _move_page(comment_id, act, form), 422
    except NotAllowed as refusal:
        return _move_page(comment_id, act, form, message=refusal_sentence(refusal)), 409
    flash(done_message)
    flash(f"{act}-{comment_id}", "draft-done")
    return redirect(_address_after(comment_id, act))


def _address_after(comment_id: int, act: str) -> str:
    # After a transfer the actor may no longer see the comment.
    out_of_sight = act in ("transfer", "close")
    return url_for("inbox.index") if out_of_sight else url_for("inbox.show", comment_id=comment_id)


@reads
def _move_page(
    session: Session, comment_id: int, act: str, form: RoutingForm, *, message: str = ""
) -> str:
    comment = comment_page(session, actor=actor(), comment_id=comment_id, now=ctx.now())
    departments = [(TO_THE_CELL, _("Back to the Social Media Cell")), *_departments(session)]
    form.department.choices = options((str(key), name) for key, name in departments)
    return render_template("inbox/move.html", comment=comment, act=act, form=form, message=message)
