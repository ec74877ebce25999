"""Create, publish, edit, hide and delete on Facebook."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

from flask import request

from sandbox import entries, media, switches
from sandbox.credentials import FacebookPage
from sandbox.entries import Entry
from sandbox.exchange import Answer, Turn
from sandbox.facebook import shapes, webhooks
from sandbox.facebook.acting import acting
from sandbox.facebook.errors import bad_parameter, duplicate, not_there, refusal
from sandbox.facebook.numbers import next_id
from sandbox.now import read, written

TRUE, FALSE = ("true", "1"), ("false", "0")
# Facebook: from 10 minutes on; how far ahead its own pages say differently, so it is a switch.
SOONEST = timedelta(minutes=10)
# Facebook: .jpeg .bmp .png .gif .tiff up to 10 MB (reference of page photos).
PHOTO_TYPES = ("image/jpeg", "image/bmp", "image/png", "image/gif", "image/tiff")
LARGEST_PHOTO = 10 * 1024 * 1024


def flag(name: str, usual: bool) -> bool:
    """Parse a boolean of the form; "True" is accepted too, as clients in Python send it."""
    text = request.form.get(name, str(usual)).lower()
    if text not in TRUE + FALSE:
        raise bad_parameter(f"Param {name} must be a boolean")
    return text in TRUE


def create(turn: Turn, node: str) -> Answer:
    """Handle POST /{page}/feed: create a post, published or not."""
    page = acting(turn, node)
    message, link = request.form.get("message", ""), request.form.get("link", "")
    photos = _attached_ids()
    if not (message.strip() or link or photos):
        raise bad_parameter("One of message, link or attached_media is required")
    for key in photos:
        _usable_photo(turn, key)
    public_from = _public_from(turn)
    if public_from is not None:
        _check_new(turn, page, message, link, photos)
    entry = keep_post(turn, page, message, link, photos, public_from)
    return Answer(200, _created(turn, entry))


def _created(turn: Turn, entry: Entry) -> dict[str, object]:
    fields = request.form.get("fields") or request.args.get("fields")
    return shapes.post(turn.db, entry, fields, turn.now) if fields else {"id": entry.id}


def keep_post(
    turn: Turn,
    page: FacebookPage,
    text: str,
    link: str,
    photos: list[str],
    public_from: datetime | None,
) -> Entry:
    """Store a page's post with its photos."""
    key = f"{page.id}_{next_id(turn.db)}"
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
        created_at=written(turn.now),
        public_from=written(public_from) if public_from else None,
    )
    entries.add(turn.db, entry)
    media.attach(turn.db, entries.FACEBOOK, key, photos)
    return entry


def _attached_ids() -> list[str]:
    """Return the ids in attached_media: one JSON list, or attached_media[0], [1] and so on."""
    parts = [request.form["attached_media"]] if "attached_media" in request.form else []
    places = sorted(
        (int(match[1]), name)
        for name in request.form
        if (match := re.fullmatch(r"attached_media\[(\d+)\]", name))
    )
    parts += [request.form[name] for _, name in places]
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


def _usable_photo(turn: Turn, key: str) -> None:
    medium = media.find(turn.db, entries.FACEBOOK, key)
    if medium is None or medium.account != turn.account or is_gone(turn, medium):
        raise not_there(key, "post")


def is_gone(turn: Turn, medium: media.Medium) -> bool:
    """Return True if Facebook deleted the photo: after about 24 hours if no post uses it."""
    life = timedelta(hours=switches.number(turn.db, "facebook_photo_hours"))
    is_old = turn.now > read(medium.created_at) + life
    return is_old and not media.is_attached(turn.db, entries.FACEBOOK, medium.id)


def _public_from(turn: Turn) -> datetime | None:
    planned = request.form.get("scheduled_publish_time")
    if flag("published", True):
        return turn.now
    way = switches.value(turn.db, "facebook_two_step")
    if planned is None and way == "off":
        raise bad_parameter("published cannot be false for this page")
    if planned is None and way == "ignored":
        return turn.now
    if planned is None:
        return None
    if not planned.isdecimal():
        raise bad_parameter("Param scheduled_publish_time must be a UNIX timestamp")
    at = datetime.fromtimestamp(int(planned), turn.now.tzinfo)
    latest = timedelta(days=switches.number(turn.db, "facebook_schedule_days"))
    if not SOONEST <= at - turn.now <= latest:
        raise bad_parameter("The specified scheduled publish time is invalid.")
    return at


def _check_new(turn: Turn, page: FacebookPage, text: str, link: str, photos: list[str]) -> None:
    code = switches.value(turn.db, "facebook_duplicate")
    posts = [
        entry
        for entry in entries.by_account(turn.db, entries.FACEBOOK, page.id, turn.now)
        if entry.kind == entries.POST and entry.public(turn.now)
    ]
    if not posts or code == "off":
        return
    last = posts[0]
    had = [medium.digest for medium in media.attached(turn.db, entries.FACEBOOK, last.id)]
    uploads = [media.find(turn.db, entries.FACEBOOK, key) for key in photos]
    has = [medium.digest for medium in uploads if medium is not None]
    if (last.text, last.link, had) == (text, link, has):
        raise duplicate(code)


def add_photo(turn: Turn, node: str) -> Answer:
    """Handle POST /{page}/photos: with published=false it waits for a post that uses it."""
    page = acting(turn, node)
    file = request.files.get("source")
    content = file.read() if file is not None else b""
    picture = media.look(content)
    if picture is None or picture.mime not in PHOTO_TYPES or len(content) > LARGEST_PHOTO:
        raise refusal("(#324) Missing or invalid image file", 324)
    key = next_id(turn.db)
    media.keep(turn.db, entries.FACEBOOK, page.id, key, picture, turn.now)
    media.describe(turn.db, entries.FACEBOOK, key, request.form.get("alt_text_custom", ""))
    if not flag("published", True):
        return Answer(200, {"id": key})
    caption = request.form.get("caption") or request.form.get("message") or ""
    entry = keep_post(turn, page, caption, "", [key], turn.now)
    return Answer(200, {"id": key, "post_id": entry.id})


def update(turn: Turn, node: str) -> Answer:
    """Handle POST /{post or comment}: publish it, hide it, or change its text."""
    entry = own(turn, node, "post")
    form = request.form
    if not {"is_published", "is_hidden", "message"} & form.keys():
        raise bad_parameter("Nothing to change was sent")
    if "is_published" in form:
        _make_public(turn, entry)
    if "is_hidden" in form:
        if entry.kind != entries.COMMENT:
            raise bad_parameter("The practice platform hides comments only")
        hidden = flag("is_hidden", False)
        entries.change(turn.db, entry, "hidden", int(hidden))
        webhooks.note(turn, entry, "hide" if hidden else "unhide")
    if "message" in form:
        if entry.citizen:
            raise refusal("(#200) Permissions error", 200, http=403)
        edited = entries.edit(turn.db, entry, form["message"], turn.now)
        webhooks.note(turn, edited, "edited")
    return Answer(200, {"success": True})


def _make_public(turn: Turn, entry: Entry) -> None:
    """Facebook: the parameter is listed; that it publishes what was made unpublished is not
    established, so it is a switch. Repeating it changes nothing."""
    way = switches.value(turn.db, "facebook_two_step")
    if not flag("is_published", False) or way == "off":
        raise bad_parameter("is_published cannot be changed for this post")
    if way == "on" and not entry.public(turn.now):
        entries.change(turn.db, entry, "public_from", written(turn.now))


def own(turn: Turn, key: str, method: str) -> Entry:
    """Return a post of the acting page, or a comment under one. Raises Refused (100, 33)."""
    entry = entries.find(turn.db, entries.FACEBOOK, key)
    root = entries.find(turn.db, entries.FACEBOOK, entry.root_id) if entry else None
    if entry is None or root is None or root.account != turn.account:
        raise not_there(key, method)
    return entry


def delete(turn: Turn, node: str) -> Answer:
    """Handle DELETE /{post or comment}."""
    entry = own(turn, node, "delete")
    entries.delete(turn.db, entry, turn.now)
    webhooks.note(turn, entry, "remove")
    return Answer(200, {"success": True})


def add_comment(turn: Turn, node: str) -> Answer:
    """Handle POST /{post or comment}/comments: the page comments as itself."""
    above, text = own(turn, node, "post"), request.form.get("message", "")
    if not text.strip():
        raise bad_parameter("message or attachment is required")
    page = acting(turn)
    entry = keep_comment(turn, (page.id, page.id, page.name), text, above)
    fields = request.form.get("fields") or request.args.get("fields")
    body = shapes.comment(turn.db, entry, fields) if fields else {"id": entry.id}
    return Answer(200, body)


def keep_comment(
    turn: Turn, by: tuple[str, str, str], text: str, above: Entry, citizen: bool = False
) -> Entry:
    """Store a comment under a post, or a reply to a comment."""
    post_number = above.root_id.rpartition("_")[2]
    entry = Entry(
        id=f"{post_number}_{next_id(turn.db)}",
        platform=entries.FACEBOOK,
        kind=entries.COMMENT,
        account=by[0],
        handle=by[1],
        name=by[2],
        citizen=int(citizen),
        text=text,
        shown=text,
        parent_id=above.id,
        root_id=above.root_id,
        created_at=written(turn.now),
        public_from=written(turn.now),
    )
    webhooks.note(turn, entry, "add")
    return entries.add(turn.db, entry)
