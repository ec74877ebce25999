"""Endpoints for tests and the demo: faults, switches, ledger, comments, mail."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import citizen_comments, entries, external_changes, faults, letterbox, media, switches
from sandbox.citizen_comments import BadComment, CitizenComment
from sandbox.entries import Entry
from sandbox.external_changes import BadChange, ExternalChange
from sandbox.faults import BadFault
from sandbox.ledger import Ledger
from sandbox.now import parse_time, utc_now
from sandbox.switches import UnknownSwitch

Json = dict[str, object]


def blueprint(ledger: Ledger) -> Blueprint:
    """Return the endpoints over this ledger."""
    endpoints = Blueprint("control", __name__)
    endpoints.add_url_rule("/health", "health", lambda: jsonify({"sandbox": True}))
    endpoints.add_url_rule("/ledger", "ledger", lambda: _ledger(ledger))
    endpoints.add_url_rule("/requests.json", "requests", lambda: _requests(ledger))
    endpoints.add_url_rule(
        "/citizens/comment", "comment", lambda: _comment(ledger), methods=["POST"]
    )
    endpoints.add_url_rule(
        "/strangers", "stranger", lambda: _change_elsewhere(ledger), methods=["POST"]
    )
    endpoints.add_url_rule("/letterbox.json", "letterbox", lambda: _letterbox(ledger))
    endpoints.add_url_rule("/faults.json", "faults", lambda: _faults(ledger))
    endpoints.add_url_rule("/faults", "add_fault", lambda: _add_fault(ledger), methods=["POST"])
    endpoints.add_url_rule("/faults", "clear", lambda: _clear_faults(ledger), methods=["DELETE"])
    endpoints.add_url_rule(
        "/faults/clear", "cleared", lambda: _clear_faults(ledger), methods=["POST"]
    )
    endpoints.add_url_rule("/switches.json", "switches", lambda: _switches(ledger))
    endpoints.add_url_rule(
        "/switches", "set_switches", lambda: _set_switches(ledger), methods=["POST"]
    )
    endpoints.add_url_rule(
        "/switches", "usual", lambda: _reset_switches(ledger), methods=["DELETE"]
    )
    return endpoints


def _fields() -> Mapping[str, object]:
    body = request.get_json(silent=True) if request.is_json else None
    return body if isinstance(body, dict) else request.form


def _bad_request(field: str) -> tuple[Response, int]:
    return jsonify({"error": field}), 400


def _ledger(ledger: Ledger) -> Response:
    """Return every entry, oldest first, by platform, including deleted and unpublished ones."""
    with ledger.transaction() as db:
        body = {
            platform: [
                entry_json(db, entry)
                for entry in entries.select(db, "platform=? ORDER BY rowid", (platform,))
            ]
            for platform in (entries.X, entries.FACEBOOK)
        }
        uploads = db.execute("SELECT * FROM media ORDER BY rowid").fetchall()
    return jsonify({**body, "media": [dict(row) for row in uploads]})


def _requests(ledger: Ledger) -> Response:
    """Return every request that reached a platform, oldest first, without those faults replaced."""
    with ledger.transaction() as db:
        rows = db.execute(
            "SELECT at, platform, operation, account, code FROM requests ORDER BY id"
        ).fetchall()
    return jsonify([dict(row) for row in rows])


def entry_json(db: sqlite3.Connection, entry: Entry) -> Json:
    """Return an entry as the ledger shows it."""
    row = asdict(entry)
    edits = db.execute(
        "SELECT edited_at, text_before FROM edits WHERE platform=? AND entry_id=? ORDER BY rowid",
        (entry.platform, entry.id),
    )
    pictures = media.attached(db, entry.platform, entry.id)
    return row | {
        "citizen": bool(entry.citizen),
        "hidden": bool(entry.hidden),
        "deleted": entry.deleted_at is not None,
        "published": entry.is_public(utc_now()),
        "entities": json.loads(entry.entities),
        "edits": [dict(edit) for edit in edits],
        "media": [{"id": m.id, "digest": m.digest, "alt": m.alt} for m in pictures],
    }


def _comment(ledger: Ledger) -> tuple[Response, int]:
    sent = _fields()
    parent = sent.get("parent_id") or sent.get("parent")
    comment = CitizenComment(
        platform=str(sent.get("platform", "")),
        parent_id=str(parent) if parent else None,
        author=str(sent.get("author", "")),
        text=str(sent.get("text", "")),
    )
    try:
        at = parse_time(str(sent["at"])) if sent.get("at") else utc_now()
    except ValueError:
        return _bad_request("at")
    try:
        return jsonify({"id": citizen_comments.add_comment(ledger, comment, at).id}), 201
    except BadComment as wrong:
        return _bad_request(str(wrong))


def _change_elsewhere(ledger: Ledger) -> tuple[Response, int]:
    sent, text = _fields(), _fields().get("text")
    change = ExternalChange(
        platform=str(sent.get("platform", "")),
        key=str(sent.get("id", "")),
        text=None if text is None else str(text),
    )
    try:
        external_changes.change(ledger, change, utc_now())
    except BadChange as wrong:
        return _bad_request(str(wrong))
    return jsonify({"done": True}), 200


def _letterbox(ledger: Ledger) -> Response:
    with ledger.transaction() as db:
        mails = letterbox.mails(db, request.args.get("to", ""))
    return jsonify([asdict(mail) for mail in mails])


def _faults(ledger: Ledger) -> Response:
    with ledger.transaction() as db:
        return jsonify([asdict(fault) for fault in faults.pending(db)])


def _add_fault(ledger: Ledger) -> AnyResponse | tuple[Response, int]:
    try:
        fault = faults.read(_fields())
    except BadFault as wrong:
        if request.is_json:
            return _bad_request(str(wrong))
        return redirect(f"/faults?wrong={wrong}", 303)
    with ledger.transaction() as db:
        key = faults.add(db, fault)
    return (jsonify({"id": key}), 201) if request.is_json else redirect("/faults", 303)


def _clear_faults(ledger: Ledger) -> AnyResponse:
    with ledger.transaction() as db:
        faults.clear(db)
    return jsonify({"cleared": True}) if request.method == "DELETE" else redirect("/faults", 303)


def _switches(ledger: Ledger) -> Response:
    with ledger.transaction() as db:
        return jsonify(switches.all_values(db))


def _set_switches(ledger: Ledger) -> AnyResponse | tuple[Response, int]:
    """Set every given switch; set none if one of them is unknown."""
    try:
        with ledger.transaction() as db:
            for name, value in _fields().items():
                switches.set_value(db, name, str(value))
    except UnknownSwitch as wrong:
        return _bad_request(str(wrong))
    return _switches(ledger) if request.is_json else redirect("/faults", 303)


def _reset_switches(ledger: Ledger) -> Response:
    with ledger.transaction() as db:
        switches.reset(db)
    return _switches(ledger)
