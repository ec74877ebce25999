"""Addresses of static files that change with their content: a browser requests each once."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

ENDPOINT = "static"
A_YEAR, A_WEEK = 31_536_000, 604_800
"""Seconds."""


def register(app: Flask) -> None:
    """Add the digest of its content to the address of each static file, and let it be kept."""
    app.url_defaults(_add_digest)
    app.after_request(_let_be_kept)


def _add_digest(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == ENDPOINT and (digest := _digest(_folder(), values["filename"])):
        values["v"] = digest


def _let_be_kept(response: Response) -> Response:
    if request.endpoint == ENDPOINT and response.status_code in (200, 304):
        filename = (request.view_args or {})["filename"]
        if request.args.get("v") == _digest(_folder(), filename):
            response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
        elif filename.startswith("fonts/"):
            # The style sheet names the font, and an older one shows every letter too.
            response.headers["Cache-Control"] = f"public, max-age={A_WEEK}"
    return response


def _folder() -> str:
    return str(current_app.static_folder)


@cache
def _digest(folder: str, filename: str) -> str:
    """Return the first 12 hex digits of the content's SHA-256, or "" if there is no file."""
    path = Path(folder, filename)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""
