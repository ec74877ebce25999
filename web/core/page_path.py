"""The address at which a page can be opened again, even if it is the response to a form."""

from __future__ import annotations

from flask import current_app, request
from werkzeug.exceptions import HTTPException, NotFound


def path_of_page() -> str:
    """Return the nearest path with a GET: this request's own, or one above it.

    A form of a page is sent to a path below that page, which may have no GET of its own.
    """
    if request.method in ("GET", "HEAD"):
        return request.path
    adapter = current_app.create_url_adapter(request)
    path = request.path
    if isinstance(request.routing_exception, NotFound):
        path = path.rpartition("/")[0]  # its own may be hidden from this person
    while adapter is not None and path:
        try:
            adapter.match(path, method="GET")
        except HTTPException:
            path = path.rpartition("/")[0]
        else:
            return path
    return "/"
