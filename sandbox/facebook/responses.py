"""The JSON of Facebook's responses: pages, posts, photos and comments."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from flask import current_app

from sandbox import entries, media
from sandbox.credentials import FACEBOOK_APP_ID, FacebookPage
from sandbox.entries import Entry
from sandbox.facebook.field_selection import select_fields
from sandbox.media import Medium
from sandbox.names import names
from sandbox.now import parse_time

Json = dict[str, object]
TASKS = ("CREATE_CONTENT", "MODERATE", "ANALYZE")
PAGE_KNOWN = names(
    "id name about access_token category fan_count followers_count is_published link username"
    " verification_status tasks"
)
POST_USUAL = ("created_time", "message", "id")
POST_KNOWN = names(
    "id message created_time updated_time from is_published is_hidden permalink_url attachments"
    " status_type full_picture comments scheduled_publish_time application story parent_id"
    " message_tags shares likes reactions admin_creator properties target to"
)
PHOTO_USUAL = ("created_time", "name", "id")
PHOTO_KNOWN = names(
    "id alt_text alt_text_custom created_time updated_time from height width images link name"
    " page_story_id picture"
)
COMMENT_USUAL = ("created_time", "from", "message", "id")
COMMENT_KNOWN = names(
    "id message from created_time parent permalink_url can_hide can_comment can_remove can_like"
    " can_reply_privately is_hidden is_private comment_count like_count attachment user_likes"
    " message_tags object comments"
)


def time(text: str) -> str:
    """Return a time in Facebook's format."""
    return parse_time(text).strftime("%Y-%m-%dT%H:%M:%S+0000")


def page(own: FacebookPage, fields: str | None) -> Json:
    """Return the JSON of a page."""
    full: Json = {
        "id": own.id,
        "name": own.name,
        "access_token": own.token,
        "category": "Government",
        "about": "सराव माध्यम (practice platform)",
        "fan_count": 0,
        "followers_count": 0,
        "is_published": True,
        "link": _address(own.id),
        "username": f"practice{own.id[-1]}",
        "tasks": list(TASKS),
    }
    return select_fields(full, fields, ("name", "id"), PAGE_KNOWN, "Page")


def post(db: sqlite3.Connection, entry: Entry, fields: str | None, now: datetime) -> Json:
    """Return the JSON of a page's post."""
    full: Json = {
        "id": entry.id,
        "created_time": time(entry.created_at),
        "updated_time": time(entry.edited_at or entry.created_at),
        "from": {"name": entry.name, "id": entry.account},
        "is_published": entry.is_public(now),
        "is_hidden": False,
        "permalink_url": permalink(entry),
        "status_type": "mobile_status_update",
        "application": {"name": "Practice", "id": FACEBOOK_APP_ID},
    }
    if entry.text:
        full["message"] = entry.text
    if entry.public_from is not None and not entry.is_public(now):
        full["scheduled_publish_time"] = int(parse_time(entry.public_from).timestamp())
    pictures = media.attached(db, entries.FACEBOOK, entry.id)
    if pictures or entry.link:
        full["attachments"] = {"data": [_attachment(entry, pictures)]}
        full["status_type"] = "added_photos" if pictures else "shared_story"
    if pictures:
        full["full_picture"] = _source(pictures[0])
    return select_fields(full, fields, POST_USUAL, POST_KNOWN, "PagePost")


def _attachment(entry: Entry, pictures: list[Medium]) -> Json:
    if not pictures:
        target = {"url": entry.link}
        return {
            "media_type": "link",
            "type": "share",
            "url": entry.link,
            "title": entry.link,
            "unshimmed_url": entry.link,
            "target": target,
        }
    if len(pictures) == 1:
        return _pictured(pictures[0])
    return {
        "media_type": "album",
        "type": "album",
        "url": permalink(entry),
        "target": {"id": entry.id, "url": permalink(entry)},
        "media": _pictured(pictures[0])["media"],
        "subattachments": {"data": [_pictured(picture) for picture in pictures]},
    }


def _pictured(picture: Medium) -> Json:
    image = {"src": _source(picture), "height": picture.height, "width": picture.width}
    shape: Json = {
        "media_type": "photo",
        "type": "photo",
        "media": {"image": image},
        "target": {"id": picture.id, "url": _address(picture.id)},
        "url": _address(picture.id),
    }
    if picture.alt:
        shape["description"] = picture.alt
    return shape


def photo(own: FacebookPage, medium: Medium, fields: str | None) -> Json:
    """Return the JSON of an uploaded photo."""
    image = {"height": medium.height, "width": medium.width, "source": _source(medium)}
    full: Json = {
        "id": medium.id,
        "created_time": time(medium.created_at),
        "updated_time": time(medium.created_at),
        "from": {"name": own.name, "id": own.id},
        "height": medium.height,
        "width": medium.width,
        "images": [image],
        "link": _address(medium.id),
        "picture": _source(medium),
        "alt_text": medium.alt,
        "alt_text_custom": medium.alt,
    }
    return select_fields(full, fields, PHOTO_USUAL, PHOTO_KNOWN, "Photo")


def comment(db: sqlite3.Connection, entry: Entry, fields: str | None) -> Json:
    """Return the JSON of a comment; it includes `from`, since only page tokens read here."""
    full = _bare_comment(entry) | {
        "permalink_url": permalink(entry),
        "can_hide": bool(entry.citizen),
        "can_comment": True,
        "can_remove": True,
        "can_like": True,
        "can_reply_privately": bool(entry.citizen),
        "is_hidden": bool(entry.hidden),
        "is_private": False,
        "like_count": 0,
        "user_likes": False,
        "comment_count": _count_under(db, entry),
    }
    if entry.parent_id != entry.root_id and entry.parent_id is not None:
        parent = entries.find(db, entries.FACEBOOK, entry.parent_id)
        if parent is not None:
            full["parent"] = _bare_comment(parent)
    return select_fields(full, fields, COMMENT_USUAL, COMMENT_KNOWN, "Comment")


def _bare_comment(entry: Entry) -> Json:
    return {
        "created_time": time(entry.created_at),
        "message": entry.text,
        "id": entry.id,
        "from": {"name": entry.name, "id": entry.account},
    }


def _count_under(db: sqlite3.Connection, entry: Entry) -> int:
    row = db.execute(
        "SELECT count(*) FROM entries WHERE platform='facebook' AND parent_id=?"
        " AND deleted_at IS NULL",
        (entry.id,),
    ).fetchone()
    return int(row[0])


def permalink(entry: Entry) -> str:
    """Return the public URL: on the practice pages if their URL is known."""
    page_id, _, number = entry.root_id.partition("_")
    address = _address(f"{page_id}/posts/{number}")
    if entry.kind == entries.POST:
        return address
    return f"{address}?comment_id={entry.id.rpartition('_')[2]}"


def _address(path: str) -> str:
    public_url = current_app.config["PUBLIC_URL"]
    return f"{public_url}/facebook/{path}" if public_url else f"https://www.facebook.com/{path}"


def _source(medium: Medium) -> str:
    public_url = current_app.config["PUBLIC_URL"]
    base = f"{public_url}/pictures" if public_url else "https://scontent.xx.fbcdn.net/v"
    return f"{base}/{medium.digest}"
