"""The sandbox as a WSGI application: the Host header selects the platform."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, request

from sandbox import access_endpoints, control_endpoints, letter_endpoints
from sandbox.facebook.app import create_facebook
from sandbox.ledger import Ledger
from sandbox.pages.blueprint import blueprint, prepare
from sandbox.x.app import create_x

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

X_HOSTS = ("api.twitter.com", "api.x.com")
FACEBOOK_HOSTS = ("graph.facebook.com",)
# X: a person allows an app on a page of the same host.
X_PAGES = ("/oauth/authorize", "/oauth/authenticate")
VERSION = re.compile(r"/v\d+\.\d+(?=/|$)")
MAX_REQUEST_BYTES = 64 * 1024 * 1024


def create_sandbox(path: Path, *, public_url: str | None = None) -> Flask:
    """Return the sandbox, with its ledger in the folder `path` (created if missing).

    Requests with Host api.twitter.com or graph.facebook.com are answered as those platforms do; all
    others get the sandbox's own pages. `public_url` is the URL of those pages, for the links in
    Facebook's responses (None: links as the real Facebook has them). The ledger is
    `app.extensions["ledger"]`.
    """
    ledger = Ledger(path)
    app = Flask("sandbox")
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    app.extensions["ledger"] = ledger
    app.register_blueprint(control_endpoints.blueprint(ledger))
    app.register_blueprint(access_endpoints.blueprint(ledger))
    app.register_blueprint(letter_endpoints.blueprint(ledger))
    app.register_blueprint(blueprint(ledger))
    prepare(app)
    x, facebook = create_x(ledger), create_facebook(ledger, public_url)
    for flask_app in (app, x, facebook):
        flask_app.before_request(_read_whole)
    platforms: dict[str, WSGIApplication] = {
        **dict.fromkeys(X_HOSTS, x.wsgi_app),
        **dict.fromkeys(FACEBOOK_HOSTS, facebook.wsgi_app),
    }
    app.wsgi_app = _by_host(app.wsgi_app, platforms)  # type: ignore[method-assign,assignment]  # Flask's own way
    return app


def _read_whole() -> None:
    # Read the body before the ledger is locked: the client may stall in the middle of it.
    request.get_data(parse_form_data=True)


def _by_host(own: WSGIApplication, platforms: dict[str, WSGIApplication]) -> WSGIApplication:
    def dispatch(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
        if host in FACEBOOK_HOSTS:
            environ = _without_version(environ)
        if environ["PATH_INFO"] in X_PAGES:
            return own(environ, start)
        return platforms.get(host, own)(environ, start)

    return dispatch


def _without_version(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Remove the version in front of a Facebook path; the next page's URL keeps it."""
    path = environ["PATH_INFO"]
    match = VERSION.match(path)
    version = match.group() if match else ""
    rest = path[len(version) :] or "/"
    return {**environ, "PATH_INFO": rest, "sandbox.version": version}
