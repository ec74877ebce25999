"""The application factory: configuration, extensions, blueprints and security headers."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask.templating
from flask import Flask, Response
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from publisher.i18n import TRANSLATIONS
from publisher.i18n.languages import LANGUAGES
from publisher.settings.environment import Settings
from publisher.tasks import before_commit
from web import blueprints, errors, navigation, preview_filters, previews
from web.core import (
    auth,
    compression,
    database,
    filters,
    i18n,
    icons,
    permissions,
    request_times,
    state_badges,
    static_files,
)
from web.core.access_log import RequestLog
from web.core.context import AppContext, ctx
from web.core.request import Request
from web.forms import MOST
from web.home import monitoring
from web.inbox import webhooks
from web.messages.filters import register

MOST_BYTES = 64 * 1024 * 1024
"""The largest form with files in bytes; `web.core.request` sets the other limits."""

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
csrf = CSRFProtect()


class KeyConverter(IntegerConverter):
    """Matches an id in a URL; a number too large for a database is a 404."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=MOST - 1)


class Environment(flask.templating.Environment):
    """Jinja's environment, with the globals of each template in a plain dict."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals of a template; those of the app are registered before any is read."""
        # Jinja compares their names at every import of a macro, and in the ChainMap that it makes
        # each name is searched in Python.
        return {**self.globals, **(d or {})}


def create_app(
    context: AppContext,
    *,
    languages: Mapping[str, str] = LANGUAGES,
    translations: tuple[Path, ...] = (TRANSLATIONS,),
) -> Flask:
    """Return the configured application; raises `RouteWithoutRule` if a route has no rule.

    `translations` are the folders of the catalogues of `languages`.
    """
    before_commit.register(context.database)
    app = Flask("web")
    app.request_class = Request
    app.jinja_environment = Environment
    app.url_map.converters["int"] = KeyConverter
    app.url_map.merge_slashes = False  # its redirect would repeat whatever the Host header says
    app.extensions["house"] = context
    app.config.update(
        _configuration(context.settings),
        LANGUAGES=languages,
        BABEL_TRANSLATION_DIRECTORIES=";".join(map(str, translations)),
    )
    trusted = context.settings.trusted_proxies
    app.wsgi_app = RequestLog(app.wsgi_app, trusts_proxy=trusted > 0)  # type: ignore[method-assign]  # the documented way
    if trusted:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted)  # type: ignore[method-assign]  # the documented way
    monitoring.register(app)  # before all that looks at what is asked for
    request_times.register(app)
    compression.register(app)  # before all others, so it is the last to see a response
    static_files.register(app)
    icons.register(app)
    database.register(app)
    auth.register(app)  # before CSRF: without a session, ask to sign in
    csrf.init_app(app)
    i18n.register(app)
    state_badges.register(app)
    preview_filters.register(app)
    filters.register(app, i18n.page_language)
    register(app)
    previews.register(app)
    errors.register(app)
    navigation.register(app)
    app.after_request(_add_security_headers)
    blueprints.register(app)
    csrf.exempt(webhooks.routes)
    permissions.check_every_route(app)
    return app


def _configuration(settings: Settings) -> dict[str, object]:
    # A rehearsal runs on the same host, and cookies do not distinguish ports.
    suffix = f"-{settings.rehearsal}" if settings.rehearsal else ""
    return {
        "SECRET_KEY": settings.secret_key,
        "SESSION_COOKIE_NAME": f"__Host-nagarvani{suffix}",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=7),
        "MAX_CONTENT_LENGTH": MOST_BYTES,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
    }


def _add_security_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if response.mimetype == "text/html":
        headers.setdefault("Cache-Control", "no-store")
    if ctx.settings.is_tls:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response
