"""The page of faults and switches."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from sandbox import endings, faults, switches
from sandbox.ledger import Ledger
from sandbox.now import written
from sandbox.pages.feeds import TIMELINES

ACCOUNTS = {
    (timeline.platform, timeline.id): f"{timeline.name} ({timeline.handle})"
    for timeline in TIMELINES
}


def add_to(pages: Blueprint, ledger: Ledger) -> None:
    """Add this page; its forms are submitted to the endpoints for tests."""
    pages.add_url_rule("/faults", "faults", lambda: _faults(ledger))


def _faults(ledger: Ledger) -> str:
    with ledger.transaction() as db:
        laid, values, ends = faults.laid(db), switches.all_values(db), endings.laid(db)
    return render_template(
        "faults.html",
        faults=laid,
        values=values,
        switches=switches.SWITCHES,
        platforms=faults.PLATFORMS,
        operations=faults.OPERATIONS,
        kinds=list(faults.Kind),
        endings=[
            (ACCOUNTS[ending.platform, ending.account], written(ending.ends_at)) for ending in ends
        ],
        accounts=ACCOUNTS,
        subcodes=endings.SUBCODES,
        wrong_field=request.args.get("wrong", ""),
    )
