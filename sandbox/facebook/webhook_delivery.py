"""Delivers webhooks in a thread, after the receiver's URL has repeated the challenge."""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from sandbox.facebook import webhooks
from sandbox.facebook.webhooks import Hook
from sandbox.ledger import Ledger
from sandbox.now import utc_now

TIMEOUT = 5.0
PAUSE = 0.5
log = logging.getLogger("sandbox")


def repeats_challenge(hook: Hook) -> bool:
    """Return True if the URL repeats the challenge (hub.mode, hub.challenge, hub.verify_token)."""
    challenge = webhooks.challenge()
    sent = {
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": hook.verify_token,
    }
    try:
        with _session() as session:
            answer = session.get(hook.url, params=sent, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException:
        return False
    return answer.ok and hmac.compare_digest(answer.content, challenge.encode())


def deliver_batch(ledger: Ledger) -> int:
    """Deliver one batch of pending updates; return the number of updates accepted."""
    with ledger.transaction() as db:
        hook, updates = webhooks.hook(db), webhooks.waiting(db, utc_now())
    if hook is None or not updates:
        return 0
    raw = webhooks.body(updates)
    is_taken = _post(hook, raw)
    if hook.twice:
        _post(hook, raw)
    with ledger.transaction() as db:
        webhooks.settle(db, updates, is_taken=is_taken, now=utc_now())
    return len(updates) if is_taken else 0


def _post(hook: Hook, raw: bytes) -> bool:
    headers = {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": webhooks.signature(raw),
    }
    try:
        with _session() as session:
            answer = session.post(
                hook.url, data=raw, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
    except requests.RequestException as problem:
        log.info("webhook: %s", type(problem).__name__)
        return False
    return answer.ok


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


@contextmanager
def run_delivery(ledger: Ledger) -> Iterator[None]:
    """Deliver pending updates while the block runs."""
    is_stopped = threading.Event()

    def deliver_all() -> None:
        while not is_stopped.wait(PAUSE):
            while deliver_batch(ledger) and not is_stopped.is_set():
                pass

    thread = threading.Thread(target=deliver_all, name="postman", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_stopped.set()
        thread.join()
