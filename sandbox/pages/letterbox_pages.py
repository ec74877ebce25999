"""The pages of the letterbox."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import fontpkg
from flask import Blueprint, Response, abort, render_template, request, send_file

from sandbox import gateway, letterbox, letters
from sandbox.ledger import Ledger

# A mail's HTML is shown in a frame that runs no script, loads only a font, opens links outside.
FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src {host};"
    " frame-ancestors 'self';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)
BEFORE = (
    '<base target="_blank"><style>@font-face{font-family:"Noto Sans Devanagari";'
    'src:url("/font.ttf")}body{font-family:"Noto Sans Devanagari",sans-serif}</style>'
)


def add_to(pages: Blueprint, ledger: Ledger) -> None:
    """Add these pages."""
    gateway.add_to(pages, ledger)
    pages.add_url_rule("/font.ttf", "font", _font)
    pages.add_url_rule("/letterbox", "letterbox", lambda: _list(ledger))
    pages.add_url_rule("/letterbox/<int:key>", "mail", lambda key: _mail(ledger, key))
    pages.add_url_rule("/letterbox/<int:key>/html", "mail_html", lambda key: _html(ledger, key))


def _list(ledger: Ledger) -> str:
    to = request.args.get("to", "").strip()
    with ledger.transaction() as db:
        mails, texts = letterbox.mails(db, to), gateway.messages(db, to)
        own = [letter for letter in letters.letters(db) if to in ("", letter.sender)]
        can_write = bool(letters.cell(db))
    return render_template(
        "letterbox.html",
        mails=mails,
        texts=texts,
        letters=own,
        outcomes=letters.OUTCOMES,
        to=to,
        can_write=can_write,
    )


def _mail(ledger: Ledger, key: int) -> str:
    mail = _one(ledger, key)
    with ledger.transaction() as db:
        can_answer = bool(letters.cell(db))
    return render_template("mail.html", mail=mail, can_answer=can_answer)


def _one(ledger: Ledger, key: int) -> letterbox.Mail:
    with ledger.transaction() as db:
        mail = letterbox.mail(db, key)
    if mail is None:
        abort(404)
    return mail


def _html(ledger: Ledger, key: int) -> Response:
    html = _one(ledger, key).html
    head = re.search(r"<head[^>]*>", html, re.IGNORECASE)
    position = head.end() if head else 0
    response = Response(html[:position] + BEFORE + html[position:], mimetype="text/html")
    response.headers["Content-Security-Policy"] = FRAME_POLICY.format(host=request.host_url)
    return response


@cache
def font_file() -> Path | None:
    """Return the installed Devanagari font; None if it is missing (pages then use others)."""
    try:
        return Path(str(fontpkg.path("Noto Sans Devanagari")))
    except fontpkg.FamilyNotInstalled:
        return None


def _font() -> Response:
    file = font_file()
    if file is None:
        abort(404)
    response = send_file(file, mimetype="font/ttf", max_age=86_400)
    # The frame of a mail has no origin of its own, so its font must be open to all.
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
