"""The page of a letter on paper, by which the head of the office above proposes two officers.

The link in its QR code shows title, department and day; all else needs the code beside it, which is
sent again with every step. Who is signed in here and is not that head is refused.
"""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from publisher.models.nominations import NominationLetter
from publisher.nominations import head_links, nominate, office_letters
from publisher.nominations.office_letters import LetterProblem
from publisher.people.personal_links import LinkCodeProblem
from publisher.validation import NotFound
from web.core.auth import acting, reads, writing
from web.core.context import ctx
from web.core.form_views import with_form
from web.core.i18n import N_, _
from web.core.permissions import Page, public
from web.errors import error_page
from web.nominations.forms import OfficersForm

routes = Blueprint("name_by_letter", __name__)
PROBLEMS = {
    LinkCodeProblem.WRONG: N_(
        "This code is not right. The code is beside the QR code of the letter."
    ),
    LinkCodeProblem.THROTTLED: N_("Too many wrong codes. Wait 15 minutes, then try again."),
}


class LetterForm(OfficersForm):
    """Two people and the order, with the code of the letter; once it was right, all is shown."""

    has_code: bool = False
    is_summary: bool = False


def _is_of_another(letter: NominationLetter) -> bool:
    """Return True if somebody is signed in who is not the head to whom the letter went."""
    above = letter.above
    return g.acting is not None and (above is None or acting().person.id != above.person_id)


@reads
def _page(session: Session, /, form: LetterForm, token: str) -> Page:
    letter, now = office_letters.find(session, token), ctx.now()
    if letter is None:
        return error_page(404, message=_("This link has expired or was already used."))
    if _is_of_another(letter):
        return render_template("nominations/letter_of_another.html", letter=letter), 403
    department = letter.addressee.department
    named = head_links.named_since(session, department.id, letter.printed_at)
    problem = office_letters.problem_of(session, letter, now=now)
    if problem is LetterProblem.REPLACED:
        return error_page(
            404, message=_("A newer letter was printed. Only the newest one can be used.")
        )
    if problem is not None and named is None:
        return error_page(404, message=_("This link has expired or was already used."))
    officers = nominate.officers_of(session, department.id, now=now) if form.has_code else []
    return render_template(
        "nominations/name_by_letter.html",
        form=form,
        letter=letter,
        department=department,
        named=named,
        officers=officers,
        digest=nominate.digest_of_officers(officers),
    )


@routes.route("/letter/<token>", methods=["GET", "POST"])
@public
@with_form(LetterForm, shown_by=_page)
def name(form: LetterForm, token: str) -> Page:
    """Propose two officers by the code of the letter; opening the link does nothing."""
    is_done = False
    with writing() as session:
        letter = office_letters.find(session, token)
        if letter is None or _is_of_another(letter):
            raise NotFound(token)
        problem = office_letters.check_code(
            session, letter=letter, token=token, code=form.code.data or "", now=ctx.now()
        )
        if problem is None:
            form.has_code = True
            is_done = _act(session, form, letter)
    if problem is not None:
        form.code.errors = [_(PROBLEMS[problem])]
        page = _page(form, token)
        return (page, 422) if isinstance(page, str) else page
    if is_done:
        flash(_("Recorded. The names count once a second person has confirmed them."))
        return redirect(url_for("name_by_letter.name", token=token))
    return _page(form, token)


def _act(session: Session, form: LetterForm, letter: NominationLetter) -> bool:
    """Do what the form's button says; return True if the officers are named, or kept."""
    now = ctx.now()
    match request.form.get("step"):
        case "check":
            office_letters.check(session, letter=letter, named=form.named(), now=now)
            form.is_summary = True
        case "name":
            office_letters.name_officers(session, letter=letter, named=form.named(), now=now)
            return True
        case "keep":
            digest = form.digest.data or ""
            office_letters.keep_officers(session, letter=letter, digest=digest, now=now)
            return True
    return False
