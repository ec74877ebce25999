"""Switches for behaviour that no source establishes, or sources dispute."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sandbox.credentials import FACEBOOK_SCOPES


@dataclass(frozen=True)
class Switch:
    """A choice among named values, or any whole number if `choices` is empty."""

    default: str
    choices: tuple[str, ...]
    about: str


ON_OFF = ("on", "off")
SWITCHES = {
    "date_ahead": Switch(
        "0",
        ("-7200", "-45", "0", "45", "7200"),
        "By how many seconds the platforms' clocks are ahead: the Date of their answers, and the"
        " times at which X takes a signature.",
    ),
    "x_not_summoned": Switch(
        "off",
        ("off", "explicit", "any"),
        "Refuse a reply unless the post above names the replier: by its own words (explicit), or"
        " by the names a reply carries too (any).",
    ),
    "x_dialect": Switch(
        "asked",
        ("asked", "tweet", "post"),
        "Which names answers bear: as the request's field parameter asks, or always one of them.",
    ),
    "x_fields": Switch(
        "both",
        ("both", "tweet", "post", "strict", "ignored"),
        "By which parameter a request may ask for fields of posts: tweet.fields, post.fields, or"
        " both; strict takes post.fields alone, with the values of X's description 2.167 alone."
        " Another parameter is refused by its name. With ignored neither changes anything: posts"
        " come back with id, text and edit history alone.",
    ),
    "x_host": Switch(
        "any",
        ("any", "api.x.com", "api.twitter.com"),
        "The host for which a request has to be signed, whichever it names.",
    ),
    "x_auto_mentions": Switch(
        "on", ON_OFF, "A reply's text is given back with the names it answers in front."
    ),
    "x_html_escaped": Switch("off", ON_OFF, "Texts are given back with &amp;, &lt; and &gt;."),
    "x_24h_headers": Switch("off", ON_OFF, "Answers carry the 24-hour limits too."),
    "x_access_level": Switch(
        "read-write",
        ("read-write", "read", "untold"),
        "What the account's access may do, as a header of every answer says (or none says).",
    ),
    "x_credits": Switch(
        "left",
        ("left", "used_up"),
        "Whether our app has credits left; without them X refuses every call with a 402.",
    ),
    "x_limit_body": Switch(
        "documented", ("documented", "problem"), "Which of the two known bodies a 429 has."
    ),
    "x_media_json": Switch("on", ON_OFF, "Media may be uploaded as base64 in JSON."),
    "x_gif_seconds": Switch(
        "1", (), "For how many seconds an animated GIF is processed before a post may carry it."
    ),
    "x_long_posts": Switch("off", ON_OFF, "Accounts may write 25,000 instead of 280."),
    "x_duplicate_hours": Switch(
        "24", (), "For how many hours the same text is refused as a duplicate; 0: never."
    ),
    "x_since_id_window": Switch(
        "off", ON_OFF, "Recent search refuses a since_id that is older than seven days."
    ),
    "x_search_delay": Switch(
        "0", (), "After how many seconds recent search finds a post (documented: 30)."
    ),
    "x_publish_limit": Switch("100", (), "Posts and replies per account in 15 minutes."),
    "x_media_limit": Switch(
        "500", (), "Pictures, and their descriptions, per account in 15 minutes."
    ),
    "facebook_two_step": Switch(
        "on",
        ("on", "off", "ignored"),
        "A post can be made unpublished and is published by is_published=true (on); both are"
        " refused (off); or neither parameter changes anything, whatever is answered (ignored).",
    ),
    "facebook_page_usage": Switch("off", ON_OFF, "Answers carry X-Page-Usage too."),
    "facebook_duplicate": Switch(
        "506", ("506", "368", "off"), "With which code the same post in a row is refused."
    ),
    "facebook_error_http": Switch(
        "400", ("200", "400", "403"), "The HTTP code of a refusal (no page states it)."
    ),
    "facebook_photo_hours": Switch(
        "24", (), "After how many hours an unpublished photo that no post carries is gone."
    ),
    "facebook_call_limit": Switch("4800", (), "Calls per page in an hour."),
    "facebook_pages": Switch(
        "own",
        ("own", "portfolio", "client", "unlisted"),
        "Where a person's pages are listed: at /me/accounts (own); in a business portfolio that"
        " owns them or that they are shared with (portfolio, client), to an app with"
        " business_management, while debug_token names none; or nowhere, and only debug_token names"
        " them (unlisted).",
    ),
    "facebook_refused_scope": Switch(
        "none",
        ("none", *FACEBOOK_SCOPES),
        "A permission that is not granted, whatever the person ticks.",
    ),
    "facebook_schedule_days": Switch(
        "30", (), "Up to how many days ahead a post may be planned (its pages say 30 and 75)."
    ),
    "facebook_short_token_minutes": Switch(
        "60", (), "How long a person's token holds before it is exchanged for a long-lived one."
    ),
}


class UnknownSwitch(ValueError):
    """There is no such switch, or no such value of it."""


def value(db: sqlite3.Connection, name: str) -> str:
    """Return the value of a switch."""
    row = db.execute("SELECT value FROM switches WHERE name=?", (name,)).fetchone()
    return str(row["value"]) if row else SWITCHES[name].default


def is_on(db: sqlite3.Connection, name: str) -> bool:
    """Return True if an on/off switch is on."""
    return value(db, name) == "on"


def number(db: sqlite3.Connection, name: str) -> int:
    """Return the value of a numeric switch."""
    return int(value(db, name))


def set_value(db: sqlite3.Connection, name: str, to: str) -> None:
    """Set a switch. Raises UnknownSwitch."""
    switch = SWITCHES.get(name)
    if switch is None or (to not in switch.choices if switch.choices else not to.isdecimal()):
        raise UnknownSwitch(f"{name}={to}")
    db.execute("INSERT OR REPLACE INTO switches VALUES (?, ?)", (name, to))


def all_values(db: sqlite3.Connection) -> dict[str, str]:
    """Return the values of all switches."""
    return {name: value(db, name) for name in SWITCHES}


def reset(db: sqlite3.Connection) -> None:
    """Reset every switch to its default."""
    db.execute("DELETE FROM switches")
