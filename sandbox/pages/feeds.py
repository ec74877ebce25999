"""Timelines as a citizen sees them, and comments under a post."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import citizen_comments, entries, faults, media
from sandbox.citizen_comments import BadComment, CitizenComment
from sandbox.credentials import FACEBOOK_PAGES, X_ACCOUNTS
from sandbox.entries import Entry
from sandbox.ledger import Ledger
from sandbox.now import utc_now
from sandbox.pages.formatting import comment_tree

CITIZEN_COOKIE = "sandbox_citizen"
WRONG = {
    "author": "Write a name.",
    "text": "Write the comment (up to 8,000 characters).",
    "parent": "The post or comment above is no longer there.",
}


@dataclass(frozen=True)
class Timeline:
    """An account with its path on these pages."""

    platform: str
    id: str
    handle: str
    name: str
    address: str


TIMELINES = tuple(
    Timeline(entries.X, account.id, f"@{account.username}", account.name, f"/x/{account.username}")
    for account in X_ACCOUNTS
) + tuple(
    Timeline(entries.FACEBOOK, page.id, page.id, page.name, f"/facebook/{page.id}")
    for page in FACEBOOK_PAGES
)


def add_to(pages: Blueprint, ledger: Ledger) -> None:
    """Add these pages."""
    pages.add_url_rule("/", "start", lambda: _start(ledger))
    pages.add_url_rule(
        "/<any(x,facebook):platform>/<handle>",
        "timeline",
        lambda platform, handle: _timeline(ledger, f"/{platform}/{handle}"),
    )
    pages.add_url_rule(
        "/x/<_handle>/status/<key>", "x_post", lambda _handle, key: _post(ledger, entries.X, key)
    )
    pages.add_url_rule(
        "/facebook/<page>/posts/<number>",
        "facebook_post",
        lambda page, number: _post(ledger, entries.FACEBOOK, f"{page}_{number}"),
    )
    pages.add_url_rule("/comments", "comment", lambda: _comment(ledger), methods=["POST"])
    pages.add_url_rule("/pictures/<digest>", "picture", lambda digest: _picture(ledger, digest))


def address(entry: Entry) -> str:
    """Return the path of an entry on these pages."""
    if entry.platform == entries.X:
        return f"/x/{entry.handle}/status/{entry.id}"
    page, _, number = entry.root_id.partition("_")
    return f"/facebook/{page}/posts/{number}"


def _start(ledger: Ledger) -> str:
    with ledger.transaction() as db:
        counts = {timeline.address: len(_posts(db, timeline)) for timeline in TIMELINES}
        mails = db.execute("SELECT count(*) FROM mails").fetchone()[0]
        fault_count = len(faults.pending(db))
    return render_template(
        "start.html", timelines=TIMELINES, counts=counts, mails=mails, fault_count=fault_count
    )


def _posts(db: sqlite3.Connection, timeline: Timeline) -> list[Entry]:
    now = utc_now()
    posts = entries.by_account(db, timeline.platform, timeline.id, now)
    return [entry for entry in posts if entry.kind == entries.POST and entry.is_public(now)]


def _timeline(ledger: Ledger, path: str) -> str:
    timeline = next((candidate for candidate in TIMELINES if candidate.address == path), None)
    if timeline is None:
        abort(404)
    with ledger.transaction() as db:
        posts = _posts(db, timeline)
        pictures = {post.id: media.attached(db, post.platform, post.id) for post in posts}
        counts = {post.id: len(_under(db, post)) for post in posts}
    return render_template(
        "timeline.html",
        timeline=timeline,
        posts=posts,
        pictures=pictures,
        counts=counts,
        address=address,
    )


def _under(db: sqlite3.Connection, post: Entry) -> list[Entry]:
    return entries.comments_under(db, post.platform, post.root_id, utc_now())


def _post(ledger: Ledger, platform: str, key: str, wrong: str = "") -> str:
    with ledger.transaction() as db:
        entry = entries.find(db, platform, key)
        root = entries.find(db, platform, entry.root_id) if entry else None
        if root is None or not root.is_public(utc_now()):
            abort(404)
        comments = _under(db, root)
        pictures = media.attached(db, platform, root.id)
    accounts = {timeline.id for timeline in TIMELINES}
    return render_template(
        "post.html",
        post=root,
        branches=comment_tree(comments),
        count=len(comments),
        pictures=pictures,
        accounts=accounts,
        wrong_field=wrong,
        form_values=request.form,
        citizen=request.form.get("author") or request.cookies.get(CITIZEN_COOKIE, ""),
        error_text=WRONG.get(wrong, ""),
    )


def _comment(ledger: Ledger) -> AnyResponse | Response | tuple[str, int]:
    form = request.form
    comment = CitizenComment(
        form.get("platform", ""),
        form.get("parent_id") or "-",
        form.get("author", ""),
        form.get("text", ""),
    )
    try:
        entry = citizen_comments.add_comment(ledger, comment, utc_now())
    except BadComment as wrong:
        return _post(ledger, comment.platform, form.get("post_id", ""), wrong=str(wrong)), 400
    with ledger.transaction() as db:
        root = entries.find(db, entry.platform, entry.root_id) or entry
    response = make_response(redirect(f"{address(root)}#c{entry.id}", 303))
    response.set_cookie(CITIZEN_COOKIE, comment.author, httponly=True, samesite="Lax")
    return response


def _picture(ledger: Ledger, digest: str) -> Response:
    with ledger.transaction() as db:
        row = db.execute("SELECT mime, bytes FROM pictures WHERE digest=?", (digest,)).fetchone()
    if row is None:
        abort(404)
    return Response(row["bytes"], mimetype=row["mime"])
