"""The page of faults and switches."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from sandbox import endings, faults, switches
from sandbox.ledger import Ledger
from sandbox.now import format_time
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
        pending, values, ends = faults.pending(db), switches.all_values(db), endings.all_endings(db)
    return render_template(
        "faults.html",
        faults=pending,
        values=values,
        switches=switches.SWITCHES,
        platforms=faults.PLATFORMS,
        operations=faults.OPERATIONS,
        kinds=list(faults.Kind),
        endings=[
            (ACCOUNTS[ending.platform, ending.account], format_time(ending.ends_at))
            for ending in ends
        ],
        accounts=ACCOUNTS,
        subcodes=endings.SUBCODES,
        wrong_field=request.args.get("wrong", ""),
    )
