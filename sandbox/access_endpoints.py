"""Endpoints that end an account's access, and set Facebook's webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import endings
from sandbox.endings import BadEnding
from sandbox.facebook import webhook_delivery, webhooks
from sandbox.facebook.webhooks import BadHook
from sandbox.ledger import Ledger
from sandbox.now import format_time, utc_now

# What a refused form of the page is given back.
FORM_FIELDS = ("url", "verify_token", "most", "minutes")
Answer = AnyResponse | tuple[Response, int]


def blueprint(ledger: Ledger) -> Blueprint:
    """Return the endpoints over this ledger."""
    endpoints = Blueprint("arranging", __name__)
    endpoints.add_url_rule("/endings.json", "endings", lambda: _endings(ledger))
    endpoints.add_url_rule("/endings", "end", lambda: _end_access(ledger), methods=["POST"])
    endpoints.add_url_rule("/endings", "renew", lambda: _renew_access(ledger), methods=["DELETE"])
    endpoints.add_url_rule(
        "/endings/clear", "renewed", lambda: _renew_access(ledger), methods=["POST"]
    )
    endpoints.add_url_rule("/webhooks.json", "webhooks", lambda: _webhooks(ledger))
    endpoints.add_url_rule("/webhooks", "tell", lambda: _set_hook(ledger), methods=["POST"])
    endpoints.add_url_rule("/webhooks", "forget", lambda: _remove_hook(ledger), methods=["DELETE"])
    endpoints.add_url_rule(
        "/webhooks/clear", "forgotten", lambda: _remove_hook(ledger), methods=["POST"]
    )
    return endpoints


def _fields() -> Mapping[str, object]:
    body = request.get_json(silent=True) if request.is_json else None
    return body if isinstance(body, dict) else request.form


def _refused(page: str, field: str) -> Answer:
    if request.is_json:
        return jsonify({"error": field}), 400
    form_values = {name: str(text) for name, text in request.form.items() if name in FORM_FIELDS}
    return redirect(f"{page}?{urlencode({**form_values, 'wrong': field})}", 303)


def _endings(ledger: Ledger) -> Response:
    with ledger.transaction() as db:
        endings_by_time = endings.all_endings(db)
    return jsonify(
        [
            {
                "platform": ending.platform,
                "account": ending.account,
                "ends_at": format_time(ending.ends_at),
                "subcode": ending.subcode,
            }
            for ending in endings_by_time
        ]
    )


def _end_access(ledger: Ledger) -> Answer:
    try:
        ending = endings.read_ending(_fields(), utc_now())
    except BadEnding as wrong:
        return _refused("/faults", str(wrong))
    with ledger.transaction() as db:
        endings.add(db, ending)
    return _endings(ledger) if request.is_json else redirect("/faults", 303)


def _renew_access(ledger: Ledger) -> Answer:
    with ledger.transaction() as db:
        endings.renew(db)
    return _endings(ledger) if request.method == "DELETE" else redirect("/faults", 303)


def _webhooks(ledger: Ledger) -> Response:
    with ledger.transaction() as db:
        hook, pages = webhooks.hook(db), webhooks.subscriptions(db)
        waiting, over = webhooks.counts(db)
    hook_json = {"url": hook.url, "most": hook.most, "twice": hook.twice} if hook else None
    return jsonify({"hook": hook_json, "pages": pages, "waiting": waiting, "over": over})


def _set_hook(ledger: Ledger) -> Answer:
    """Set the hook if its URL repeats the challenge; otherwise store nothing."""
    sent = _fields()
    try:
        hook = webhooks.read_hook(sent)
    except BadHook as wrong:
        return _refused("/webhooks", str(wrong))
    if not webhook_delivery.repeats_challenge(hook):
        return _refused("/webhooks", "unanswered")
    with ledger.transaction() as db:
        webhooks.set_hook(db, hook, utc_now())
        webhooks.set_subscriptions(db, _pages(sent))
    return _webhooks(ledger) if request.is_json else redirect("/webhooks", 303)


def _pages(sent: Mapping[str, object]) -> list[str]:
    if not request.is_json:
        return request.form.getlist("pages")
    pages = sent.get("pages")
    return [str(page) for page in pages] if isinstance(pages, list) else []


def _remove_hook(ledger: Ledger) -> Answer:
    with ledger.transaction() as db:
        webhooks.forget(db)
    return _webhooks(ledger) if request.method == "DELETE" else redirect("/webhooks", 303)
