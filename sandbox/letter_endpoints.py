"""Endpoints by which the demo sets who writes letters, reads them, and says what became of each."""

from __future__ import annotations

from base64 import b64encode

from flask import Blueprint, Response, jsonify, request

from sandbox import letters
from sandbox.ledger import Ledger
from sandbox.letters import BadLetter, Correspondent


def blueprint(ledger: Ledger) -> Blueprint:
    """Return the endpoints over this ledger."""
    endpoints = Blueprint("letters", __name__)
    endpoints.add_url_rule(
        "/correspondents", "correspondents", lambda: _correspondents(ledger), methods=["POST"]
    )
    endpoints.add_url_rule("/letters.json", "unread", lambda: _unread(ledger))
    endpoints.add_url_rule(
        "/letters/<int:key>", "outcome", lambda key: _note_outcome(ledger, key), methods=["POST"]
    )
    return endpoints


def _correspondents(ledger: Ledger) -> tuple[Response, int]:
    try:
        people = [
            Correspondent(str(row["address"]), str(row["name"]), str(row["office"]))
            for row in request.get_json(silent=True) or []
        ]
    except (KeyError, TypeError):
        return jsonify({"error": "correspondents"}), 400
    with ledger.transaction() as db:
        letters.set_correspondents(db, people)
    return jsonify({"set": len(people)}), 200


def _unread(ledger: Ledger) -> Response:
    with ledger.transaction() as db:
        unread = letters.unread(db)
    return jsonify([{"id": key, "raw": b64encode(raw).decode()} for key, raw in unread])


def _note_outcome(ledger: Ledger, key: int) -> tuple[Response, int]:
    body = request.get_json(silent=True)
    fields = body if isinstance(body, dict) else {}
    try:
        with ledger.transaction() as db:
            outcome, url = str(fields.get("outcome", "")), str(fields.get("url", ""))
            letters.note_outcome(db, key, outcome, url)
    except BadLetter as wrong:
        return jsonify({"error": str(wrong)}), 400
    return jsonify({"noted": True}), 200
