"""The list of mails that could not be sent, with their errors, and the retry."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.policy import Action
from publisher.models.notifications import Notice
from publisher.notifications import retry
from publisher.validation import NotFound
from web.core.auth import actor_now, reads, writing
from web.core.filters import decode_cursor, encode_cursor
from web.core.i18n import _
from web.core.permissions import Page, allow_action

routes = Blueprint("failed_mail", __name__)


@routes.get("/mails")
@allow_action(Action.SEND_MAIL_AGAIN)
@reads
def index(session: Session) -> Page:
    """List the failed mails, the latest first."""
    mails = retry.stuck_mails(session, before=decode_cursor(request.args.get("before", "")))
    rows = mails[: retry.PAGE]
    has_more = len(mails) > retry.PAGE
    return render_template(
        "deliveries/failed_mail.html",
        rows=[(mail, retry.can_go_again(mail)) for mail in rows],
        next_cursor=encode_cursor((rows[-1].state_at, rows[-1].id)) if has_more else "",
    )


@routes.post("/mails/<int:notice_id>/send-again")
@allow_action(Action.SEND_MAIL_AGAIN)
def send_again(notice_id: int) -> Page:
    """Queue a failed mail again."""
    with writing() as session:
        notice = session.get(Notice, notice_id)
        if notice is None:
            raise NotFound(notice_id)
        retry.send_again(session, **actor_now(), notice=notice)
    flash(_("Sent again within a minute."))
    return redirect(url_for("failed_mail.index"))
