"""Pages of a citizen's comment: its thread, its answer and its routing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, SelectField, TextAreaField

from approvals.policy import Action
from approvals.states import PostState
from publisher import failpoints
from publisher.content_checks import outgoing_text
from publisher.content_checks.outgoing_text import TextLength
from publisher.inbox import offered_answers, reply, routing
from publisher.inbox.undo import can_undo, undo_routing
from publisher.models.comments import AnswerKind, Comment
from publisher.models.mailbox import ReceivedMail
from publisher.people.departments import departments_in_force
from publisher.reports import inbox_list
from publisher.reports.comment_detail import CommentDetail, comment_page
from publisher.reports.inbox_list import InboxView
from publisher.review import takedown_orders
from publisher.states import CommentState
from publisher.undo import newest_event
from publisher.validation import FieldError, Invalid
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action
from web.core.undo import flash_with_undo, undone
from web.drafting import warnings
from web.forms import Form, department_options, number_of, options
from web.messages.progress import REPLIES

routes = Blueprint("inbox", __name__)
TO_THE_CELL = "0"
SIDE_LIST_LENGTH = 12


class AnswerForm(Form):
    """An answer; an interim answer leaves the comment open."""

    aliases = {"variants-0-text": "text"}  # noqa: RUF012  read by the base class only

    text_digest = HiddenField()
    text = TextAreaField(_l("The answer"))
    interim = BooleanField(_l("This is an interim answer; the deadline stays"))


@dataclass(frozen=True)
class MailedAnswer:
    """A mail that is offered as the answer, and how long its text is on the platform."""

    mail: ReceivedMail
    length: TextLength


class RoutingForm(Form):
    """A department and a reason; an action uses the fields it needs."""

    department = SelectField(_l("Department"), coerce=str, validate_choice=False)
    reason = TextAreaField(_l("Reason"))

    @property
    def department_id(self) -> int | None:
        """The chosen department; None for the cell. Raises `Invalid` if nothing was chosen."""
        if self.department.data == TO_THE_CELL:
            return None
        if department_id := number_of(self.department.data):
            return department_id
        raise Invalid([FieldError("department", "unknown_department")])


@routes.get("/comments/<int:comment_id>")
@allow_action(Action.SEE_COMMENT)
def show(comment_id: int) -> Page:
    """Show a comment with its thread, its routing and the answer."""
    return _comment_page(AnswerForm(), comment_id)


@reads
def _comment_page(session: Session, form: AnswerForm, comment_id: int) -> str:
    """Show the comment with what the form says; an answer from a mail is offered until it is in."""
    comment = comment_page(session, actor=actor(), comment_id=comment_id, now=ctx.now())
    return render_template(
        "inbox/comment.html",
        comment=comment,
        form=form,
        length=outgoing_text.measure(
            comment.account.platform, form.text.data or "", "", is_reply=True
        ),
        seen_digest=reply.text_digest(comment.text),
        reply_labels=REPLIES,
        reply_warning=warnings.warn_about_reply(comment),
        acts={action.value for action in comment.acts},
        offers=_offers(session, comment, form) if Action.ANSWER in comment.acts else [],
        answers_directly=actor().role in reply.OWN_HAND,
        listed_comments=_side_list(session, comment.state),
        departments=department_choices(session) if Action.ASSIGN in comment.acts else [],
        orders=takedown_orders.list_comment_orders(session, comment_id),
    )


def _offers(session: Session, comment: CommentDetail, form: AnswerForm) -> list[MailedAnswer]:
    """Return the mails whose text is offered as the answer and is not in the form."""
    typed_text = form.text.data or ""
    platform = comment.account.platform
    return [
        MailedAnswer(mail, outgoing_text.measure(platform, mail.text, "", is_reply=True))
        for mail in offered_answers.list_offers(session, comment.comment_id)
        if mail.text not in typed_text
    ]


_VIEW_OF = {
    CommentState.RECEIVED: InboxView.QUEUE,
    CommentState.ROUTED: InboxView.MINE,
    CommentState.ANSWERED: InboxView.ANSWERED,
    CommentState.CLOSED: InboxView.CLOSED,
}


def _side_list(session: Session, state: CommentState) -> tuple[inbox_list.CommentRow, ...]:
    """Return the list next to a comment: that of the view that contains its state."""
    views = inbox_list.list_views(actor())
    view = _VIEW_OF[state] if _VIEW_OF[state] in views else InboxView.DEPARTMENT
    page = inbox_list.list_comments(session, actor=actor(), view=view, limit=SIDE_LIST_LENGTH)
    return page.rows


def department_choices(session: Session) -> list[tuple[str, str]]:
    """Return the departments that may get a comment, below an empty choice."""
    departments = departments_in_force(session, now=ctx.now())
    return department_options(departments, empty_label=_("Choose a department"))


@routes.post("/comments/<int:comment_id>/answer")
@allow_action(Action.ANSWER)
@handle_form(AnswerForm, shown_by=_comment_page)
def answer(form: AnswerForm, comment_id: int) -> Page:
    """Answer a comment; an officer's own answer is sent at once."""
    with writing() as session:
        post = reply.answer(
            session,
            actor=actor(),
            now=ctx.now(),
            comment_id=comment_id,
            text=form.text.data or "",
            kind=AnswerKind.INTERIM if form.interim.data else AnswerKind.FINAL,
            seen_digest=form.text_digest.data or "",
            head_hours=ctx.settings.head_hours,
        )
        leaves = post.state is PostState.APPROVED
    failpoints.hit("answer.after_commit")
    flash(f"answer-{comment_id}", "draft-done")
    # The answer may be live, or have failed, before this sentence is read.
    sentence = _("Your answer is accepted for publication.")
    flash(sentence if leaves else _("The answer waits for the officer."))
    return redirect(url_for("inbox.show", comment_id=comment_id))


@routes.post("/comments/<int:comment_id>/answer/mail/<int:offer_id>")
@allow_action(Action.ANSWER)
@handle_form(AnswerForm, shown_by=_comment_page)
def use_mail(form: AnswerForm, comment_id: int, offer_id: int) -> Page:
    """Put the text of a mail into the answer, below what is typed there; nothing is sent."""
    with reading() as session:
        mail = offered_answers.get_offered_mail(session, comment_id=comment_id, mail_id=offer_id)
        mailed_text = mail.text
    typed_text = (form.text.data or "").strip()
    if mailed_text not in typed_text:
        form.text.data = f"{typed_text}\n\n{mailed_text}".strip()
    return _comment_page(form, comment_id)  # refuses anybody who may not see the comment


@routes.post("/comments/<int:comment_id>/answer/mail/<int:offer_id>/dismiss")
@allow_action(Action.ANSWER)
def dismiss_mail(comment_id: int, offer_id: int) -> Page:
    """Stop offering the text of a mail."""
    with writing() as session:
        offered_answers.dismiss(session, **actor_now(), comment_id=comment_id, mail_id=offer_id)
    flash(_("The answer from the email is left out."))
    return redirect(url_for("inbox.show", comment_id=comment_id))


@reads
def _routing_page(session: Session, form: RoutingForm, comment_id: int, *, act: str) -> str:
    comment = comment_page(session, actor=actor(), comment_id=comment_id, now=ctx.now())
    to_the_cell = options([(TO_THE_CELL, _("Back to the Social Media Cell"))])
    nothing, *departments = department_choices(session)
    form.department.choices = [nothing, *(to_the_cell if act == "transfer" else []), *departments]
    return render_template("inbox/move.html", comment=comment, act=act, form=form)


@routes.post("/comments/<int:comment_id>/assign")
@allow_action(Action.ASSIGN)
@handle_form(RoutingForm, shown_by=partial(_routing_page, act="assign"))
def assign(form: RoutingForm, comment_id: int) -> Page:
    """Assign a comment from the queue to a department."""
    with writing() as session:
        routing.assign(
            session,
            actor=actor(),
            now=ctx.now(),
            comment_id=comment_id,
            department_id=form.department_id or 0,
        )
    flash(_("The comment is with the department now."))
    flash(f"assign-{comment_id}", "draft-done")
    return redirect(url_for("inbox.show", comment_id=comment_id))


@routes.route("/comments/<int:comment_id>/transfer", methods=["GET", "POST"])
@allow_action(Action.TRANSFER)
@handle_form(RoutingForm, shown_by=partial(_routing_page, act="transfer"))
def transfer(form: RoutingForm, comment_id: int) -> Page:
    """Transfer a comment to another department, or back to the cell, with a reason."""
    with writing() as session:
        comment = routing.transfer(
            session,
            actor=actor(),
            now=ctx.now(),
            comment_id=comment_id,
            department_id=form.department_id,
            reason=form.reason.data or "",
        )
        undo_path = _undo_path(session, comment)
    flash_with_undo(_("The comment has been transferred."), undo_path)
    flash(f"transfer-{comment_id}", "draft-done")
    return redirect(url_for("inbox.index"))  # the actor may no longer see the comment


@routes.route("/comments/<int:comment_id>/close", methods=["GET", "POST"])
@allow_action(Action.CLOSE)
@handle_form(RoutingForm, shown_by=partial(_routing_page, act="close"))
def close(form: RoutingForm, comment_id: int) -> Page:
    """Close a comment without an answer."""
    reason = form.reason.data or ""
    with writing() as session:
        comment = routing.close(session, **actor_now(), comment_id=comment_id, reason=reason)
        undo_path = _undo_path(session, comment)
    flash_with_undo(_("The comment is closed."), undo_path)
    flash(f"close-{comment_id}", "draft-done")
    return redirect(url_for("inbox.index"))


def _undo_path(session: Session, comment: Comment) -> str:
    """Return where to undo the act just done; empty if it has no reverse move."""
    act = newest_event(session, comment)
    path = url_for("inbox.undo", comment_id=comment.id, event_id=act.id)
    return path if can_undo(act) else ""


@routes.post("/comments/<int:comment_id>/undo/<int:event_id>")
@allow_action(Action.TRANSFER, Action.CLOSE)
def undo(comment_id: int, event_id: int) -> Page:
    """Undo what was just done: transferring or closing the comment."""
    is_undone = undone(
        lambda session: undo_routing(
            session,
            **actor_now(),
            comment_id=comment_id,
            event_id=event_id,
            within=ctx.settings.scheduling.undo,
        ),
        _("Undone. The comment is as it was before."),
    )
    if not is_undone:
        return redirect(url_for("inbox.index"))  # the actor may no longer see the comment
    return redirect(url_for("inbox.show", comment_id=comment_id))


@routes.route("/comments/<int:comment_id>/reopen", methods=["GET", "POST"])
@allow_action(Action.REOPEN)
@handle_form(RoutingForm, shown_by=partial(_routing_page, act="reopen"))
def reopen(form: RoutingForm, comment_id: int) -> Page:
    """Reopen an answered or closed comment."""
    reason = form.reason.data or ""
    with writing() as session:
        routing.reopen(session, actor=actor(), now=ctx.now(), comment_id=comment_id, reason=reason)
    flash(_("The comment is open again."))
    flash(f"reopen-{comment_id}", "draft-done")
    return redirect(url_for("inbox.show", comment_id=comment_id))
