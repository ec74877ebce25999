"""Endpoints for a trainer: the end of an account's access, and webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import endings
from sandbox.endings import BadEnding
from sandbox.facebook import telling, webhooks
from sandbox.facebook.webhooks import BadHook
from sandbox.ledger import Ledger
from sandbox.now import utc_now, written

# What a refused form of the page is given back.
KEPT = ("url", "verify_token", "most", "minutes")
Answer = AnyResponse | tuple[Response, int]


def blueprint(ledger: Ledger) -> Blueprint:
    """Return the endpoints over this ledger."""
    doors = Blueprint("arranging", __name__)
    doors.add_url_rule("/endings.json", "endings", lambda: _endings(ledger))
    doors.add_url_rule("/endings", "end", lambda: _end(ledger), methods=["POST"])
    doors.add_url_rule("/endings", "renew", lambda: _renew(ledger), methods=["DELETE"])
    doors.add_url_rule("/endings/clear", "renewed", lambda: _renew(ledger), methods=["POST"])
    doors.add_url_rule("/webhooks.json", "webhooks", lambda: _webhooks(ledger))
    doors.add_url_rule("/webhooks", "tell", lambda: _tell(ledger), methods=["POST"])
    doors.add_url_rule("/webhooks", "forget", lambda: _forget(ledger), methods=["DELETE"])
    doors.add_url_rule("/webhooks/clear", "forgotten", lambda: _forget(ledger), methods=["POST"])
    return doors


def _sent() -> Mapping[str, object]:
    body = request.get_json(silent=True) if request.is_json else None
    return body if isinstance(body, dict) else request.form


def _refused(page: str, field: str) -> Answer:
    if request.is_json:
        return jsonify({"error": field}), 400
    form_values = {name: str(text) for name, text in request.form.items() if name in KEPT}
    return redirect(f"{page}?{urlencode({**form_values, 'wrong': field})}", 303)


def _endings(ledger: Ledger) -> Response:
    with ledger.transaction() as db:
        laid_endings = endings.laid(db)
    return jsonify(
        [
            {
                "platform": ending.platform,
                "account": ending.account,
                "ends_at": written(ending.ends_at),
                "subcode": ending.subcode,
            }
            for ending in laid_endings
        ]
    )


def _end(ledger: Ledger) -> Answer:
    try:
        ending = endings.read_ending(_sent(), utc_now())
    except BadEnding as wrong:
        return _refused("/faults", str(wrong))
    with ledger.transaction() as db:
        endings.lay(db, ending)
    return _endings(ledger) if request.is_json else redirect("/faults", 303)


def _renew(ledger: Ledger) -> Answer:
    with ledger.transaction() as db:
        endings.renew(db)
    return _endings(ledger) if request.method == "DELETE" else redirect("/faults", 303)


def _webhooks(ledger: Ledger) -> Response:
    with ledger.transaction() as db:
        hook, pages = webhooks.hook(db), webhooks.subscriptions(db)
        waiting, over = webhooks.counts(db)
    hook_json = {"url": hook.url, "most": hook.most, "twice": hook.twice} if hook else None
    return jsonify({"hook": hook_json, "pages": pages, "waiting": waiting, "over": over})


def _tell(ledger: Ledger) -> Answer:
    """Set the hook if its URL repeats the challenge; otherwise store nothing."""
    sent = _sent()
    try:
        hook = webhooks.read_hook(sent)
    except BadHook as wrong:
        return _refused("/webhooks", str(wrong))
    if not telling.identified(hook):
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


def _forget(ledger: Ledger) -> Answer:
    with ledger.transaction() as db:
        webhooks.forget(db)
    return _webhooks(ledger) if request.method == "DELETE" else redirect("/webhooks", 303)
