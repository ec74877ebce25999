"""What somebody typed is never lost: a POST that cannot be taken now is carried on in the page."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import render_template, request

from web.core.context import ctx

KEPT_PATH = "kept_path"
KEPT_FILE = "kept_file"
MADE_UNDER = "made_under"
_NEVER_KEPT = frozenset(
    {"csrf_token", "password", "new_password", KEPT_PATH, KEPT_FILE, MADE_UNDER}
)
_PREFIX = "kept:"


@dataclass(frozen=True)
class RecoveredForm:
    """A form as it was sent: its path, its fields without secrets, and the names of its files."""

    path: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...]


def keep_request() -> RecoveredForm | None:
    """The POST in hand, if it came from a page of ours and carries anything."""
    if request.method != "POST" or not came_from_us():
        return None
    fields = tuple(
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in _NEVER_KEPT and not name.startswith(_PREFIX)
    )
    sent = request.files.items(multi=True)  # several under one name, too
    files = tuple(one.filename for _name, one in sent if one.filename)
    return RecoveredForm(request.path, fields, files) if fields or files else None


def sent() -> RecoveredForm | None:
    """What the POST in hand held, be it carried along from an earlier one: nothing is lost twice.

    A single button counts as well, so that its step can be taken afterwards.
    """
    if request.method != "POST" or not came_from_us():
        return None
    return carried() or keep_act()


def keep_act() -> RecoveredForm:
    """The POST in hand, even where it carries no field: a step that is to be confirmed first."""
    return keep_request() or RecoveredForm(request.path, (), ())


def came_from_us() -> bool:
    """Whether the browser says that a page of ours sent this; a foreign form is never kept."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer") or ""
    ours = urlsplit(ctx.settings.base_url).netloc
    return urlsplit(origin).netloc in {ours, request.host}


def carried() -> RecoveredForm | None:
    """What the sign-in page has carried along, out of its hidden fields."""
    path = request.form.get(KEPT_PATH, "")
    if not is_own_path(path):
        return None
    fields = tuple(
        (name.removeprefix(_PREFIX), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(_PREFIX)
    )
    return RecoveredForm(path, fields, tuple(request.form.getlist(KEPT_FILE)))


def is_own_path(path: str) -> bool:
    """Whether this is a path of this site, and no address of another.

    Browsers drop line ends and tabs, and read a backslash as a slash: "/<tab>/other.example".
    """
    if "\\" in path or any(ord(letter) < 32 for letter in path):
        return False
    return path.startswith("/") and not path.startswith("//")


def carry(kept: RecoveredForm) -> list[tuple[str, str]]:
    """The hidden fields by which the sign-in page carries the form along."""
    files = [(KEPT_FILE, name) for name in kept.files]
    fields = [(_PREFIX + name, value) for name, value in kept.fields]
    return [(KEPT_PATH, kept.path), *files, *fields]


def page(kept: RecoveredForm, *, happened: str, code: int) -> tuple[str, int]:
    """A page that shows what happened, holds the form's content, and offers to send it again."""
    return render_template("layout/form_recovery.html", kept=kept, happened=happened), code
