"""The address to which platforms send webhooks: its check, and signed deliveries.

It is public, without session or form: the signature over the raw body is the only proof.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import RequestEntityTooLarge

from publisher import failpoints
from publisher.inbox import webhooks
from publisher.platforms.capabilities import Webhooks
from publisher.platforms.registry import capabilities, is_registered
from web.core.auth import writing
from web.core.context import ctx
from web.core.permissions import Page, public

routes = Blueprint("webhooks", __name__)


@routes.get("/webhooks/<platform>")
@public
def challenge(platform: str) -> Page:
    """Repeat the challenge of a platform that knows our verify token."""
    answer = _platform_webhooks(platform).challenge(ctx.settings.platforms, request.args)
    if answer is None:
        return _plain(403)
    return Response(answer, mimetype="text/plain")


@routes.post("/webhooks/<platform>")
@public
def receive(platform: str) -> Page:
    """Store a signed delivery by its digest, and then acknowledge it."""
    support = _platform_webhooks(platform)
    try:
        # A long body is refused before it is read; the second read refuses what the first has cut.
        body = request.stream.read() + request.stream.read(1)
    except RequestEntityTooLarge:
        return _plain(413)
    if not support.is_signed(ctx.settings.platforms, dict(request.headers), body):
        return _plain(403)
    failpoints.hit("webhook.unstored")
    with writing() as session:
        webhooks.store(session, now=ctx.now(), platform=platform, body=body)
        failpoints.hit("webhook.in_commit")
    failpoints.hit("webhook.stored")
    return _plain(200)


def _platform_webhooks(platform: str) -> Webhooks:
    """Return the webhooks of a platform, or 404 if it has none or they are not set up."""
    support = capabilities(platform).webhooks if is_registered(platform) else None
    if support is None or not all(ctx.settings.platforms.get(name) for name in support.settings):
        abort(404)
    return support.load()


def _plain(status: int) -> Response:
    return Response(status=status, mimetype="text/plain")
