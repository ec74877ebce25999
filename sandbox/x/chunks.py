"""Upload to X in segments: initialize, append, finalize."""

from __future__ import annotations

import base64
import binascii
import sqlite3

from flask import request

from sandbox import entries, media
from sandbox.exchange import Answer, RequestContext
from sandbox.now import format_time, parse_time
from sandbox.x import bodies, uploads
from sandbox.x.numbers import next_id
from sandbox.x.problems import invalid
from sandbox.x.responses import media_key
from sandbox.x.writes import MEDIA_LIFE, acting_account

KEYS = frozenset({"media_type", "total_bytes", "media_category", "additional_owners", "shared"})
PART_KEYS = frozenset({"media", "segment_index"})
# X: up to 1,000 parts (its published description, August 2026).
MOST_PARTS = 1000


def initialize(request_context: RequestContext) -> Answer:
    """Handle POST /2/media/upload/initialize: announce the upload, and get its id."""
    body = bodies.json_object()
    bodies.only(body, KEYS)
    uploads.check_category(str(body.get("media_category", "")))
    mime, size = str(body.get("media_type", "")), body.get("total_bytes")
    if mime not in uploads.TYPES:
        raise invalid("The media is not a picture of a supported type.", "media_type", mime)
    if not isinstance(size, int) or not 0 < size <= uploads.LARGEST:
        raise invalid("The media is too large.", "total_bytes", str(size))
    account, key = acting_account(request_context), next_id(request_context.db, request_context.now)
    request_context.db.execute(
        "INSERT INTO uploads VALUES (?, ?, ?, ?, ?)",
        (key, account.id, mime, size, format_time(request_context.now)),
    )
    life = int(MEDIA_LIFE.total_seconds())
    upload_json = {"id": key, "media_key": media_key(key), "expires_after_secs": life}
    return Answer(200, {"data": upload_json})


def append(request_context: RequestContext, key: str) -> Answer:
    """Handle POST /2/media/upload/:id/append, as base64 in JSON or as a form with a file."""
    row = _begun(request_context, key)
    segment, content = _part()
    request_context.db.execute(
        "INSERT OR REPLACE INTO parts VALUES (?, ?, ?)", (key, segment, content)
    )
    ends = parse_time(row["begun_at"]) + MEDIA_LIFE
    return Answer(200, {"data": {"expires_at": int(ends.timestamp())}})


def _part() -> tuple[int, bytes]:
    if request.mimetype == "multipart/form-data":
        bodies.only({**request.form, **request.files}, PART_KEYS)
        file = request.files.get("media")
        return _place(request.form.get("segment_index")), file.read() if file else b""
    body = bodies.json_object()
    bodies.only(body, PART_KEYS)
    try:
        content = base64.b64decode(str(body.get("media", "")), validate=True)
    except binascii.Error:
        raise invalid("[$.media] is not base64", "media") from None
    return _place(body.get("segment_index")), content


def _place(sent: object) -> int:
    text = str(sent)
    if not text.isdecimal() or int(text) >= MOST_PARTS:
        raise invalid("[$.segment_index] must be between 0 and 999", "segment_index", text)
    return int(text)


def finalize(request_context: RequestContext, key: str) -> Answer:
    """Handle POST /2/media/upload/:id/finalize: all segments, in order, are the picture."""
    row = _begun(request_context, key)
    parts = request_context.db.execute(
        "SELECT bytes FROM parts WHERE medium=? ORDER BY place", (key,)
    )
    content = b"".join(part["bytes"] for part in parts)
    picture = media.inspect(content)
    if len(content) != row["size"] or picture is None or picture.mime != row["mime"]:
        raise invalid("The parts are not the media that was announced.", "id", key)
    medium = media.store(
        request_context.db, entries.X, row["account"], key, picture, request_context.now
    )
    request_context.db.execute("DELETE FROM parts WHERE medium=?", (key,))
    request_context.db.execute("DELETE FROM uploads WHERE id=?", (key,))
    return Answer(200, {"data": uploads.shape(medium, picture.mime)})


def _begun(request_context: RequestContext, key: str) -> sqlite3.Row:
    bodies.an_id(key, "id")
    row: sqlite3.Row | None = request_context.db.execute(
        "SELECT * FROM uploads WHERE id=? AND account=?", (key, acting_account(request_context).id)
    ).fetchone()
    if row is None or request_context.now > parse_time(row["begun_at"]) + MEDIA_LIFE:
        raise invalid("The media id is unknown.", "id", key)
    return row
