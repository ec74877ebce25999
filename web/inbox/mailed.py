"""Answers that came by mail, on the comment's page: put into the answer, or dismissed."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for

from approvals.policy import Action
from publisher.inbox import offered_answers
from web.core.auth import by_actor, reading, writing
from web.core.form_views import with_form
from web.core.i18n import _
from web.core.permissions import Page, for_action
from web.inbox import views
from web.inbox.views import AnswerForm, comment_with_form

routes: Blueprint = views.routes


@routes.post("/comments/<int:comment_id>/answer/mail/<int:offer_id>")
@for_action(Action.ANSWER)
@with_form(AnswerForm, shown_by=comment_with_form)
def use_mail(form: AnswerForm, comment_id: int, offer_id: int) -> Page:
    """Put the text of a mail into the answer, below what is typed there; nothing is sent."""
    with reading() as session:
        mail = offered_answers.offered(session, comment_id=comment_id, mail_id=offer_id)
        mailed_text = mail.text
    typed_text = (form.text.data or "").strip()
    if mailed_text not in typed_text:
        form.text.data = f"{typed_text}\n\n{mailed_text}".strip()
    return comment_with_form(form, comment_id)  # refuses whoever does not see the comment


@routes.post("/comments/<int:comment_id>/answer/mail/<int:offer_id>/dismiss")
@for_action(Action.ANSWER)
def dismiss_mail(comment_id: int, offer_id: int) -> Page:
    """Offer the text of a mail no more."""
    with writing() as session:
        offered_answers.dismiss(session, **by_actor(), comment_id=comment_id, mail_id=offer_id)
    flash(_("The answer from the email is left out."))
    return redirect(url_for("inbox.show", comment_id=comment_id))
