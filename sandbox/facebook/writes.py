"""Create, publish, edit, hide and delete on Facebook."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

from flask import request

from sandbox import entries, media, switches
from sandbox.credentials import FacebookPage
from sandbox.entries import Entry
from sandbox.exchange import Answer, RequestContext
from sandbox.facebook import responses, webhooks
from sandbox.facebook.acting_page import acting_page
from sandbox.facebook.errors import bad_parameter, duplicate, not_there, refusal
from sandbox.facebook.numbers import next_id
from sandbox.now import format_time, parse_time

TRUE, FALSE = ("true", "1"), ("false", "0")
# Facebook: from 10 minutes on; how far ahead its own pages say differently, so it is a switch.
SOONEST = timedelta(minutes=10)
# Facebook: .jpeg .bmp .png .gif .tiff up to 10 MB (reference of page photos).
PHOTO_TYPES = ("image/jpeg", "image/bmp", "image/png", "image/gif", "image/tiff")
LARGEST_PHOTO = 10 * 1024 * 1024


def boolean_field(name: str, default: bool) -> bool:
    """Parse a boolean of the form; "True" is accepted too, as clients in Python send it."""
    text = request.form.get(name, str(default)).lower()
    if text not in TRUE + FALSE:
        raise bad_parameter(f"Param {name} must be a boolean")
    return text in TRUE


def create(request_context: RequestContext, node: str) -> Answer:
    """Handle POST /{page}/feed: create a post, published or not."""
    page = acting_page(request_context, node)
    message, link = request.form.get("message", ""), request.form.get("link", "")
    photos = _attached_ids()
    if not (message.strip() or link or photos):
        raise bad_parameter("One of message, link or attached_media is required")
    for key in photos:
        _usable_photo(request_context, key)
    public_from = _public_from(request_context)
    if public_from is not None:
        _check_new(request_context, page, message, link, photos)
    entry = store_post(request_context, page, message, link, photos, public_from)
    return Answer(200, _created(request_context, entry))


def _created(request_context: RequestContext, entry: Entry) -> dict[str, object]:
    fields = request.form.get("fields") or request.args.get("fields")
    return (
        responses.post(request_context.db, entry, fields, request_context.now)
        if fields
        else {"id": entry.id}
    )


def store_post(
    request_context: RequestContext,
    page: FacebookPage,
    text: str,
    link: str,
    photos: list[str],
    public_from: datetime | None,
) -> Entry:
    """Store a page's post with its photos."""
    key = f"{page.id}_{next_id(request_context.db)}"
    entry = Entry(
        id=key,
        platform=entries.FACEBOOK,
        kind=entries.POST,
        account=page.id,
        handle=page.id,
        name=page.name,
        text=text,
        shown=text,
        link=link,
        root_id=key,
        created_at=format_time(request_context.now),
        public_from=format_time(public_from) if public_from else None,
    )
    entries.add(request_context.db, entry)
    media.attach(request_context.db, entries.FACEBOOK, key, photos)
    return entry


def _attached_ids() -> list[str]:
    """Return the ids in attached_media: one JSON list, or attached_media[0], [1] and so on."""
    parts = [request.form["attached_media"]] if "attached_media" in request.form else []
    positions = sorted(
        (int(match[1]), name)
        for name in request.form
        if (match := re.fullmatch(r"attached_media\[(\d+)\]", name))
    )
    parts += [request.form[name] for _, name in positions]
    try:
        read_parts = [json.loads(part) for part in parts]
        flat = [
            attachment
            for part in read_parts
            for attachment in (part if isinstance(part, list) else [part])
        ]
        return [str(attachment["media_fbid"]) for attachment in flat]
    except (ValueError, KeyError, TypeError):
        raise bad_parameter("Param attached_media must be an array of media_fbid") from None


def _usable_photo(request_context: RequestContext, key: str) -> None:
    medium = media.find(request_context.db, entries.FACEBOOK, key)
    if (
        medium is None
        or medium.account != request_context.account
        or is_gone(request_context, medium)
    ):
        raise not_there(key, "post")


def is_gone(request_context: RequestContext, medium: media.Medium) -> bool:
    """Return True if Facebook deleted the photo: after about 24 hours if no post uses it."""
    life = timedelta(hours=switches.number(request_context.db, "facebook_photo_hours"))
    is_old = request_context.now > parse_time(medium.created_at) + life
    return is_old and not media.is_attached(request_context.db, entries.FACEBOOK, medium.id)


def _public_from(request_context: RequestContext) -> datetime | None:
    planned = request.form.get("scheduled_publish_time")
    if boolean_field("published", True):
        return request_context.now
    two_step = switches.value(request_context.db, "facebook_two_step")
    if planned is None and two_step == "off":
        raise bad_parameter("published cannot be false for this page")
    if planned is None and two_step == "ignored":
        return request_context.now
    if planned is None:
        return None
    if not planned.isdecimal():
        raise bad_parameter("Param scheduled_publish_time must be a UNIX timestamp")
    at = datetime.fromtimestamp(int(planned), request_context.now.tzinfo)
    latest = timedelta(days=switches.number(request_context.db, "facebook_schedule_days"))
    if not SOONEST <= at - request_context.now <= latest:
        raise bad_parameter("The specified scheduled publish time is invalid.")
    return at


def _check_new(
    request_context: RequestContext, page: FacebookPage, text: str, link: str, photos: list[str]
) -> None:
    code = switches.value(request_context.db, "facebook_duplicate")
    posts = [
        entry
        for entry in entries.by_account(
            request_context.db, entries.FACEBOOK, page.id, request_context.now
        )
        if entry.kind == entries.POST and entry.is_public(request_context.now)
    ]
    if not posts or code == "off":
        return
    last = posts[0]
    last_digests = [
        medium.digest for medium in media.attached(request_context.db, entries.FACEBOOK, last.id)
    ]
    uploads = [media.find(request_context.db, entries.FACEBOOK, key) for key in photos]
    digests = [medium.digest for medium in uploads if medium is not None]
    if (last.text, last.link, last_digests) == (text, link, digests):
        raise duplicate(code)


def add_photo(request_context: RequestContext, node: str) -> Answer:
    """Handle POST /{page}/photos: with published=false it waits for a post that uses it."""
    page = acting_page(request_context, node)
    file = request.files.get("source")
    content = file.read() if file is not None else b""
    picture = media.inspect(content)
    if picture is None or picture.mime not in PHOTO_TYPES or len(content) > LARGEST_PHOTO:
        raise refusal("(#324) Missing or invalid image file", 324)
    key = next_id(request_context.db)
    media.store(request_context.db, entries.FACEBOOK, page.id, key, picture, request_context.now)
    media.describe(
        request_context.db, entries.FACEBOOK, key, request.form.get("alt_text_custom", "")
    )
    if not boolean_field("published", True):
        return Answer(200, {"id": key})
    caption = request.form.get("caption") or request.form.get("message") or ""
    entry = store_post(request_context, page, caption, "", [key], request_context.now)
    return Answer(200, {"id": key, "post_id": entry.id})


def update(request_context: RequestContext, node: str) -> Answer:
    """Handle POST /{post or comment}: publish it, hide it, or change its text."""
    entry = own_entry(request_context, node, "post")
    form = request.form
    if not {"is_published", "is_hidden", "message"} & form.keys():
        raise bad_parameter("Nothing to change was sent")
    if "is_published" in form:
        _make_public(request_context, entry)
    if "is_hidden" in form:
        if entry.kind != entries.COMMENT:
            raise bad_parameter("The practice platform hides comments only")
        hidden = boolean_field("is_hidden", False)
        entries.change(request_context.db, entry, "hidden", int(hidden))
        webhooks.note(request_context, entry, "hide" if hidden else "unhide")
    if "message" in form:
        if entry.citizen:
            raise refusal("(#200) Permissions error", 200, http=403)
        edited = entries.edit(request_context.db, entry, form["message"], request_context.now)
        webhooks.note(request_context, edited, "edited")
    return Answer(200, {"success": True})


def _make_public(request_context: RequestContext, entry: Entry) -> None:
    """Facebook: the parameter is listed; that it publishes what was made unpublished is not
    established, so it is a switch. Repeating it changes nothing."""
    two_step = switches.value(request_context.db, "facebook_two_step")
    if not boolean_field("is_published", False) or two_step == "off":
        raise bad_parameter("is_published cannot be changed for this post")
    if two_step == "on" and not entry.is_public(request_context.now):
        entries.change(request_context.db, entry, "public_from", format_time(request_context.now))


def own_entry(request_context: RequestContext, key: str, method: str) -> Entry:
    """Return a post of the acting page, or a comment under one. Raises Refused (100, 33)."""
    entry = entries.find(request_context.db, entries.FACEBOOK, key)
    root = entries.find(request_context.db, entries.FACEBOOK, entry.root_id) if entry else None
    if entry is None or root is None or root.account != request_context.account:
        raise not_there(key, method)
    return entry


def delete(request_context: RequestContext, node: str) -> Answer:
    """Handle DELETE /{post or comment}."""
    entry = own_entry(request_context, node, "delete")
    entries.delete(request_context.db, entry, request_context.now)
    webhooks.note(request_context, entry, "remove")
    return Answer(200, {"success": True})


def add_comment(request_context: RequestContext, node: str) -> Answer:
    """Handle POST /{post or comment}/comments: the page comments as itself."""
    parent, text = own_entry(request_context, node, "post"), request.form.get("message", "")
    if not text.strip():
        raise bad_parameter("message or attachment is required")
    page = acting_page(request_context)
    entry = store_comment(request_context, (page.id, page.id, page.name), text, parent)
    fields = request.form.get("fields") or request.args.get("fields")
    body = responses.comment(request_context.db, entry, fields) if fields else {"id": entry.id}
    return Answer(200, body)


def store_comment(
    request_context: RequestContext,
    by: tuple[str, str, str],
    text: str,
    parent: Entry,
    citizen: bool = False,
) -> Entry:
    """Store a comment under a post, or a reply to a comment."""
    post_number = parent.root_id.rpartition("_")[2]
    entry = Entry(
        id=f"{post_number}_{next_id(request_context.db)}",
        platform=entries.FACEBOOK,
        kind=entries.COMMENT,
        account=by[0],
        handle=by[1],
        name=by[2],
        citizen=int(citizen),
        text=text,
        shown=text,
        parent_id=parent.id,
        root_id=parent.root_id,
        created_at=format_time(request_context.now),
        public_from=format_time(request_context.now),
    )
    webhooks.note(request_context, entry, "add")
    return entries.add(request_context.db, entry)
