"""The page that sets the receiver of Facebook's webhooks."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from sandbox.credentials import FACEBOOK_PAGES
from sandbox.facebook import webhooks
from sandbox.ledger import Ledger

WRONG = {
    "url": "Write an address on this machine, such as http://127.0.0.1:8000/webhooks/facebook.",
    "verify_token": "Write the word by which the address knows us.",
    "most": "Write a number from 1 to 1,000.",
    "unanswered": "The address did not repeat what it was asked.",
}


def add_to(pages: Blueprint, ledger: Ledger) -> None:
    """Add this page; its forms are submitted to the endpoints."""
    pages.add_url_rule("/webhooks", "webhooks", lambda: _hooks(ledger))


def _hooks(ledger: Ledger) -> str:
    with ledger.transaction() as db:
        hook, chosen = webhooks.hook(db), webhooks.subscriptions(db)
        waiting, over = webhooks.counts(db)
    wrong = request.args.get("wrong", "")
    return render_template(
        "webhooks.html",
        hook=hook,
        chosen_ids=chosen if hook else [page.id for page in FACEBOOK_PAGES],
        pages=FACEBOOK_PAGES,
        waiting_count=waiting,
        delivered_count=over,
        form_values=request.args,
        wrong_field=wrong,
        error_text=WRONG.get(wrong, ""),
    )
