"""The page of faults and switches: what goes wrong on purpose."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from sandbox import faults, switches
from sandbox.ledger import Ledger


def add_to(pages: Blueprint, ledger: Ledger) -> None:
    """Add this page; its forms are sent to the doors for tests."""
    pages.add_url_rule("/faults", "faults", lambda: _faults(ledger))


def _faults(ledger: Ledger) -> str:
    with ledger.transaction() as db:
        laid, values = faults.laid(db), switches.all_values(db)
    return render_template(
        "faults.html",
        laid=laid,
        values=values,
        switches=switches.SWITCHES,
        platforms=faults.PLATFORMS,
        operations=faults.OPERATIONS,
        kinds=list(faults.Kind),
        wrong=request.args.get("wrong", ""),
    )
