"""Upload pictures to X and describe them."""

from __future__ import annotations

import base64
import binascii

from flask import request

from sandbox import entries, media, switches
from sandbox.exchange import Answer, RequestContext
from sandbox.media import Medium
from sandbox.names import names
from sandbox.x import bodies
from sandbox.x.numbers import next_id
from sandbox.x.problems import invalid
from sandbox.x.responses import media_key
from sandbox.x.writes import MEDIA_LIFE, acting_account, is_processed

KEYS = frozenset({"media", "media_category", "additional_owners"})
METADATA_KEYS = names(
    "allow_download_status alt_text audience_policy content_expiration domain_restrictions"
    " found_media_origin geo_restrictions management_info preview_image"
    " sensitive_media_warning shared_info sticker_info upload_source"
)
# X: JPG, PNG, GIF or WEBP up to 5 MB; alt text up to 1,000 (media best practices, August 2026).
TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
LARGEST = 5 * 1024 * 1024
LONGEST_ALT = 1000


def upload(request_context: RequestContext) -> Answer:
    """Handle POST /2/media/upload, as base64 in JSON or as a form with a file."""
    category, content = _sent(request_context)
    check_category(category)
    if len(content) > LARGEST:
        raise invalid("The media is too large.", "media")
    picture = media.inspect(content)
    if picture is None or picture.mime not in TYPES:
        raise invalid("The media is not a picture of a supported type.", "media")
    account, key = acting_account(request_context), next_id(request_context.db, request_context.now)
    medium = media.store(
        request_context.db, entries.X, account.id, key, picture, request_context.now
    )
    return Answer(200, {"data": shape(medium, picture.mime) | _progress(request_context, medium)})


def check_category(category: str) -> None:
    """Refuse any category but pictures."""
    if category not in ("tweet_image", "tweet_gif"):
        raise invalid("The practice platform takes pictures only.", "media_category", category)


def standing(request_context: RequestContext) -> Answer:
    """Handle GET /2/media/upload?command=STATUS: pictures are ready at once, GIFs in a while."""
    if request.args.get("command") != "STATUS":
        raise invalid("'command' must be STATUS", "command", request.args.get("command", ""))
    key = bodies.an_id(request.args.get("media_id"), "media_id")
    medium = media.find(request_context.db, entries.X, key)
    if medium is None or medium.account != acting_account(request_context).id:
        raise invalid("The media id is unknown.", "media_id", key)
    ready = {"processing_info": {"state": "succeeded", "progress_percent": 100}}
    upload_json = shape(medium, media.mime_of(request_context.db, medium))
    return Answer(200, {"data": upload_json | (_progress(request_context, medium) or ready)})


def _progress(request_context: RequestContext, medium: Medium) -> dict[str, object]:
    """Return what an upload says that is still processed; nothing once it is ready."""
    if is_processed(request_context, medium):
        return {}
    progress = {"state": "in_progress", "check_after_secs": 1, "progress_percent": 50}
    return {"processing_info": progress}


def shape(medium: Medium, mime: str) -> dict[str, object]:
    """Return the JSON of an upload."""
    return {
        "id": medium.id,
        "media_key": media_key(medium.id),
        "size": medium.size,
        "expires_after_secs": int(MEDIA_LIFE.total_seconds()),
        "image": {"image_type": mime, "w": medium.width, "h": medium.height},
    }


def _sent(request_context: RequestContext) -> tuple[str, bytes]:
    if request.mimetype == "multipart/form-data":
        bodies.only({**request.form, **request.files}, KEYS)
        file = request.files.get("media")
        if file is None:
            raise invalid("[$.media] is missing", "media")
        return request.form.get("media_category", ""), file.read()
    body = bodies.json_object()
    bodies.only(body, KEYS)
    if not switches.is_on(request_context.db, "x_media_json"):
        raise invalid("The media must be sent as multipart/form-data.", "media")
    try:
        content = base64.b64decode(str(body.get("media", "")), validate=True)
    except binascii.Error:
        raise invalid("[$.media] is not base64", "media") from None
    return str(body.get("media_category", "")), content


def describe(request_context: RequestContext) -> Answer:
    """Handle POST /2/media/metadata: the alt text of an upload."""
    body = bodies.json_object()
    bodies.only(body, frozenset({"id", "metadata"}))
    key = bodies.an_id(body.get("id"), "id")
    metadata = bodies.part(body, "metadata", METADATA_KEYS) or {}
    alt = metadata.get("alt_text")
    text = alt.get("text") if isinstance(alt, dict) else None
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST_ALT:
        raise invalid("[$.metadata.alt_text.text] must have 1 to 1000 characters", "metadata")
    medium = media.find(request_context.db, entries.X, key)
    if medium is None or medium.account != acting_account(request_context).id:
        raise invalid("The media id is unknown.", "id", key)
    media.describe(request_context.db, entries.X, key, text)
    return Answer(200, {"data": {"id": key, "associated_metadata": {"alt_text": {"text": text}}}})
