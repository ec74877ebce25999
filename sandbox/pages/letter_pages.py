"""The pages on which a visitor writes to the Cell as a department would."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import letterbox, letters
from sandbox.ledger import Ledger
from sandbox.letterbox import Mail
from sandbox.letters import BadLetter, Draft

STRANGER = "shobha.naik@elsewhere.example"
"""Somebody whom no register knows."""
BOTH = ["GET", "POST"]


def add_to(pages: Blueprint, ledger: Ledger) -> None:
    """Add these pages."""
    pages.add_url_rule("/letterbox/write", "write", lambda: _write(ledger), methods=BOTH)
    pages.add_url_rule("/letterbox/written/<int:key>", "letter", lambda key: _letter(ledger, key))


def _write(ledger: Ledger) -> AnyResponse | str | tuple[str, int]:
    answered = _answered(ledger)
    if request.method == "GET":
        return _form(ledger, answered)
    try:
        key = letters.post(ledger, _draft(answered))
    except BadLetter:
        return _form(ledger, answered, wrong="sender"), 400
    return redirect(f"/letterbox/written/{key}", 303)


def _answered(ledger: Ledger) -> Mail | None:
    """Return the mail that is answered, if there is one."""
    key = request.values.get("answer", type=int)
    if key is None:
        return None
    with ledger.transaction() as db:
        return letterbox.mail(db, key) or abort(404)


def _draft(answered: Mail | None) -> Draft:
    form, uploads = request.form, request.files.getlist("files")
    headers = answered.headers if answered is not None else {}
    return Draft(
        sender=form.get("other", "").strip() or form.get("sender", ""),
        subject=form.get("subject", "").strip(),
        text=form.get("text", ""),
        files=[(upload.filename, upload.read()) for upload in uploads if upload.filename],
        is_forged="forged" in form,
        answers=headers.get("Message-ID", ""),
        references=headers.get("References", ""),
    )


def _form(ledger: Ledger, answered: Mail | None, wrong: str = "") -> str:
    with ledger.transaction() as db:
        people, cell = letters.correspondents(db), letters.cell(db)
    if not cell:
        abort(404)
    offices = groupby(people, key=lambda person: person.office)
    return render_template(
        "write.html",
        cell=cell,
        offices=[(office, list(group)) for office, group in offices],
        stranger=STRANGER,
        answered=answered,
        fields=request.form if request.method == "POST" else _beginning(answered),
        wrong_field=wrong,
    )


def _beginning(answered: Mail | None) -> dict[str, str]:
    """Return what the form begins with: an answer quotes the mail, as mail programs do."""
    if answered is None:
        return {"sender": request.args.get("from", "")}
    quoted = "\n".join(f"> {line}" for line in answered.text.strip().splitlines())
    sender = answered.headers.get("From", answered.sender)
    attribution = f"On {answered.headers.get('Date', '')}, {sender} wrote:"
    subject = answered.subject
    return {
        "sender": answered.recipients[0] if answered.recipients else "",
        "subject": subject if subject.lower().startswith("re:") else f"Re: {subject}",
        "text": f"\n\n{attribution}\n{quoted}\n",
    }


def _letter(ledger: Ledger, key: int) -> str:
    with ledger.transaction() as db:
        letter = letters.letter(db, key)
    if letter is None:
        abort(404)
    return render_template("written.html", letter=letter, outcomes=letters.OUTCOMES)
