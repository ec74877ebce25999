"""The JSON of X's responses: posts, accounts and pictures, with the requested fields."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox import entries, media, switches
from sandbox.credentials import X_ACCOUNTS
from sandbox.entries import Entry
from sandbox.media import Medium
from sandbox.names import names
from sandbox.now import before, parse_time
from sandbox.x.problems import invalid

Json = dict[str, object]
POST_FIELDS = names(
    "article attachments author_id card_uri community_id context_annotations conversation_id"
    " created_at display_text_range edit_controls edit_history_tweet_ids entities geo id"
    " in_reply_to_user_id lang non_public_metrics note_tweet organic_metrics possibly_sensitive"
    " promoted_metrics public_metrics referenced_tweets reply_settings source text withheld"
    " edit_history_post_ids note_post referenced_posts"
)
EXPANSIONS = names(
    "author_id in_reply_to_user_id referenced_tweets.id referenced_tweets.id.author_id"
    " referenced_posts attachments.media_keys entities.mentions.username"
    " edit_history_tweet_ids edit_history_post_ids"
)
USER_FIELDS = names(
    "created_at description entities id location name pinned_tweet_id profile_image_url protected"
    " public_metrics subscription_type url username verified verified_type withheld"
)
MEDIA_FIELDS = names(
    "alt_text duration_ms height media_key preview_image_url public_metrics type url variants width"
)
# X: the values that its description 2.167 lists for `post.fields`, as far as they are known here.
STRICT_FIELDS = names(
    "article attachments card_uri community_id context_annotations conversation_id created_at"
    " display_text_range edit_controls entities geo id lang non_public_metrics note_post"
    " organic_metrics possibly_sensitive promoted_metrics public_metrics reply_settings source text"
    " withheld"
)
# X: since August 2026 its description names these otherwise; the older names are still spoken.
NEW_NAMES = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
    "tweets": "posts",
    "retweet_count": "repost_count",
    "tweet_count": "post_count",
}


@dataclass(frozen=True)
class RequestedFields:
    """The fields and expansions of a request, in the older names."""

    post: frozenset[str]
    user: frozenset[str]
    medium: frozenset[str]
    expansions: frozenset[str]
    new_names: bool


def parse_fields(db: sqlite3.Connection, args: Mapping[str, str]) -> RequestedFields:
    """Parse the fields of a query string. Raises Refused (400) for an unknown field."""
    dialect = switches.value(db, "x_dialect")
    return RequestedFields(
        post=_post_fields(args, switches.value(db, "x_fields")),
        user=_parse_list(args.get("user.fields"), "user.fields", USER_FIELDS),
        medium=_parse_list(args.get("media.fields"), "media.fields", MEDIA_FIELDS),
        expansions=_parse_list(args.get("expansions"), "expansions", EXPANSIONS),
        new_names="post.fields" in args if dialect == "asked" else dialect == "post",
    )


def _post_fields(args: Mapping[str, str], accepted: str) -> frozenset[str]:
    """Return the fields of posts in the older names; the switch says which parameters are taken."""
    if accepted == "ignored":
        return frozenset()
    old, new = "tweet.fields", "post.fields"
    refused = {"both": (), "tweet": (new,), "post": (old,), "strict": (old,)}[accepted]
    for parameter in refused:
        if parameter in args:
            detail = f"The query parameter [{parameter}] is not one of those that are taken."
            raise invalid(detail, parameter, args[parameter])
    known_names = {
        "post": POST_FIELDS - frozenset(NEW_NAMES),
        "strict": STRICT_FIELDS,
    }.get(accepted, POST_FIELDS)
    both = ",".join(filter(None, (args.get(old), args.get(new))))
    return _old_names(_parse_list(both, new if new in args else old, known_names))


def _parse_list(text: str | None, parameter: str, known_names: frozenset[str]) -> frozenset[str]:
    names = frozenset(filter(None, (text or "").split(",")))
    for name in names - known_names:
        raise invalid(
            f"The `{parameter}` query parameter value [{name}] is not valid.", parameter, name
        )
    return names


def _old_names(names: frozenset[str]) -> frozenset[str]:
    olds = {new: old for old, new in NEW_NAMES.items()}
    return frozenset(olds.get(name, name) for name in names)


def in_dialect(body: object, new_names: bool) -> object:
    """Return a body in the requested names."""
    if not new_names:
        return body
    if isinstance(body, list):
        return [in_dialect(part, True) for part in body]
    if isinstance(body, dict):
        return {NEW_NAMES.get(k, k): in_dialect(v, True) for k, v in body.items()}
    return body


def time(text: str) -> str:
    """Return a time in X's format."""
    return (
        parse_time(text).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{parse_time(text).microsecond // 1000:03d}Z"
    )


def media_key(key: str) -> str:
    """Return the key of an uploaded picture."""
    return f"3_{key}"


def post(db: sqlite3.Connection, entry: Entry, options: RequestedFields) -> Json:
    """Return the JSON of a post: id, text and edit history always, the rest if requested."""
    full = _full(db, entry)
    names = {"id", "text", "edit_history_tweet_ids"} | options.post | _needed(options.expansions)
    return {name: full[name] for name in full if name in names}


def _needed(expansions: frozenset[str]) -> set[str]:
    firsts = {name.split(".")[0] for name in expansions}
    return {"referenced_tweets" if name == "referenced_posts" else name for name in firsts}


def _full(db: sqlite3.Connection, entry: Entry) -> Json:
    shape: Json = {
        "id": entry.id,
        "text": entry.shown,
        "edit_history_tweet_ids": [entry.id],
        "author_id": entry.account,
        "conversation_id": entry.root_id,
        "created_at": time(entry.created_at),
        "lang": "mr",
        "possibly_sensitive": False,
        "reply_settings": "everyone",
        "public_metrics": _metrics(db, entry),
    }
    if entry.entities != "{}":
        shape["entities"] = json.loads(entry.entities)
    if keys := [media_key(m.id) for m in media.attached(db, entries.X, entry.id)]:
        shape["attachments"] = {"media_keys": keys}
    if entry.parent_id is not None:
        shape["referenced_tweets"] = [{"type": "replied_to", "id": entry.parent_id}]
        if (parent := any_entry(db, entry.parent_id)) is not None:
            shape["in_reply_to_user_id"] = parent.account
    return shape


def any_entry(db: sqlite3.Connection, key: str) -> Entry | None:
    """Return a post by its id, even if it was deleted."""
    rows = entries.select(db, "platform='x' AND id=?", (key,))
    return rows[0] if rows else None


def _metrics(db: sqlite3.Connection, entry: Entry) -> Json:
    replies = db.execute(
        "SELECT count(*) FROM entries WHERE platform='x' AND parent_id=? AND deleted_at IS NULL",
        (entry.id,),
    ).fetchone()[0]
    zero = dict.fromkeys(
        ("retweet_count", "like_count", "quote_count", "bookmark_count", "impression_count"), 0
    )
    return {"reply_count": replies, **zero}


def user(key: str, username: str, name: str, options: RequestedFields) -> Json:
    """Return the JSON of an account: id, name and username always, the rest if requested."""
    full: Json = {
        "id": key,
        "name": name,
        "username": username,
        "created_at": "2021-07-14T00:00:00.000Z",
        "description": "सराव माध्यम (practice platform)",
        "protected": False,
        "verified": False,
        "verified_type": "none",
        "subscription_type": "None",
        "public_metrics": {
            "followers_count": 0,
            "following_count": 0,
            "tweet_count": 0,
            "listed_count": 0,
        },
    }
    return {k: v for k, v in full.items() if k in {"id", "name", "username"} | options.user}


def includes(
    db: sqlite3.Connection,
    page: list[Entry],
    options: RequestedFields,
    now: datetime,
    hidden_seconds: float,
) -> Json:
    """Return the objects of the expansions: accounts, referenced posts, pictures."""
    parents = _parents(db, page, options, before(now, hidden_seconds))
    parts: Json = {
        "users": _users(db, page, parents, options),
        "tweets": [post(db, entry, options) for entry in parents],
        "media": _media(db, page, options),
    }
    return {name: part for name, part in parts.items() if part}


def _parents(
    db: sqlite3.Connection, page: list[Entry], options: RequestedFields, until: str
) -> list[Entry]:
    if not {"referenced_tweets", "referenced_posts"} & {
        name.split(".")[0] for name in options.expansions
    }:
        return []
    ids = dict.fromkeys(entry.parent_id for entry in page if entry.parent_id)
    posts = (entries.find(db, entries.X, key) for key in ids)
    return [entry for entry in posts if entry is not None and entry.created_at <= until]


def _users(
    db: sqlite3.Connection, page: list[Entry], parents: list[Entry], options: RequestedFields
) -> list[Json]:
    people: dict[str, Json] = {}
    authors = list(page) if "author_id" in options.expansions else []
    if "referenced_tweets.id.author_id" in options.expansions:
        authors += parents
    if "in_reply_to_user_id" in options.expansions:
        replied_to = (any_entry(db, entry.parent_id) for entry in page if entry.parent_id)
        authors += [entry for entry in replied_to if entry is not None]
    for entry in authors:
        people[entry.account] = user(entry.account, entry.handle, entry.name, options)
    if "entities.mentions.username" in options.expansions:
        people |= _mentioned_accounts(page, options)
    return list(people.values())


def _mentioned_accounts(page: list[Entry], options: RequestedFields) -> dict[str, Json]:
    names = {
        str(mention["username"]).lower()
        for entry in page
        for mention in json.loads(entry.entities).get("mentions", [])
    }
    return {
        account.id: user(account.id, account.username, account.name, options)
        for account in X_ACCOUNTS
        if account.username in names
    }


def _media(db: sqlite3.Connection, page: list[Entry], options: RequestedFields) -> list[Json]:
    if "attachments.media_keys" not in options.expansions:
        return []
    media_of_all = (m for entry in page for m in media.attached(db, entries.X, entry.id))
    return [_medium(medium, options) for medium in {m.id: m for m in media_of_all}.values()]


def _medium(medium: Medium, options: RequestedFields) -> Json:
    full: Json = {
        "media_key": media_key(medium.id),
        "type": "photo",
        "width": medium.width,
        "height": medium.height,
        "url": f"https://pbs.twimg.com/media/{medium.digest[:15]}.jpg",
    }
    if medium.alt:
        full["alt_text"] = medium.alt
    return {k: v for k, v in full.items() if k in {"media_key", "type"} | options.medium}
