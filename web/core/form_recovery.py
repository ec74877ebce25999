"""Recovery of submitted forms: a POST that cannot be accepted now is carried in the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from flask import g, redirect, render_template, request, url_for
from werkzeug import Response

from web.core.context import ctx
from web.core.i18n import _

KEPT_PATH = "kept_path"
KEPT_FILE = "kept_file"
KEPT_ACT = "kept_act"
MADE_UNDER = "made_under"
_SECRETS = ("csrf_token", "password", "new_password", "credential")
_NOT_RECOVERED = frozenset({*_SECRETS, KEPT_PATH, KEPT_FILE, KEPT_ACT, MADE_UNDER})
_PREFIX = "kept:"


@dataclass(frozen=True)
class RecoveredForm:
    """A submitted form: its path, its fields without secrets, and the names of its files.

    `act` says in words what sending it does, if its view has named that, and to what.
    """

    path: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    act: str = ""


def name_act(sentence: str) -> None:
    """Name what the current request does, for the pages that first ask for the password."""
    g.named_act = sentence


def keep_request() -> RecoveredForm | None:
    """Return the current POST if it came from a page of ours and has content, else None."""
    if request.method != "POST" or not came_from_us():
        return None
    fields = tuple(
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in _NOT_RECOVERED and not name.startswith(_PREFIX)
    )
    uploads = request.files.items(multi=True)  # there may be several under one name
    files = tuple(upload.filename for _name, upload in uploads if upload.filename)
    return RecoveredForm(request.path, fields, files) if fields or files else None


def read_form() -> RecoveredForm | None:
    """Return the form of the current POST, or the earlier form that it carries.

    A POST without fields (a single button) is returned as well, so that it can be sent again.
    """
    if request.method != "POST" or not came_from_us():
        return None
    return read_carried_form() or keep_act()


def keep_act() -> RecoveredForm:
    """Return the current POST even if it has no fields, to be sent again after a confirmation."""
    form = keep_request() or RecoveredForm(request.path, (), ())
    return replace(form, act=g.get("named_act", ""))


def came_from_us() -> bool:
    """Return True if the browser says that a page of this site sent the request."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer") or ""
    ours = urlsplit(ctx.settings.base_url).netloc
    return urlsplit(origin).netloc in {ours, request.host}


def read_carried_form() -> RecoveredForm | None:
    """Return the form in the hidden fields of the sign-in page, or None."""
    path = request.form.get(KEPT_PATH, "")
    if not is_own_path(path):
        return None
    fields = tuple(
        (name.removeprefix(_PREFIX), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(_PREFIX)
    )
    act = request.form.get(KEPT_ACT, "")
    return RecoveredForm(path, fields, tuple(request.form.getlist(KEPT_FILE)), act)


def is_own_path(path: str) -> bool:
    """Return True if this is a path of this site, and not a URL of another."""
    # Browsers drop line ends and tabs, and read a backslash as a slash: "/<tab>/other.example".
    if "\\" in path or any(ord(letter) < 32 for letter in path):
        return False
    return path.startswith("/") and not path.startswith("//")


def hidden_fields(recovered: RecoveredForm) -> list[tuple[str, str]]:
    """Return the hidden fields (name, value) with which a page carries the form."""
    files = [(KEPT_FILE, name) for name in recovered.files]
    fields = [(_PREFIX + name, value) for name, value in recovered.fields]
    act = [(KEPT_ACT, recovered.act)] if recovered.act else []
    return [(KEPT_PATH, recovered.path), *act, *files, *fields]


def page(recovered: RecoveredForm, *, message: str, code: int) -> tuple[str, int]:
    """Return a page that shows the message and the form's content, and can send it again."""
    return render_template("layout/form_recovery.html", recovered=recovered, message=message), code


def offer_resending(recovered: RecoveredForm | None) -> Response | tuple[str, int]:
    """Return the form that required a fresh sign-in, to be sent again."""
    if recovered is None:
        return redirect(url_for("today.index"))
    return page(recovered, message=_("Confirmed. Now do the step."), code=200)
