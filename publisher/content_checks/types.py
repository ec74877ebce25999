"""A text as it is looked at, what is known around it, and what there is to warn of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from publisher.models.content_checks import LinkFinding
from publisher.models.posts import Language


class WarningCode(StrEnum):
    """What may be wrong with a draft that is not forbidden."""

    DATE_PASSED = "date_passed"
    DATE_DIFFERS = "date_differs"
    WRONG_WEEKDAY = "wrong_weekday"
    MOBILE_NUMBER = "mobile_number"
    AADHAAR_NUMBER = "aadhaar_number"
    SAME_TEXT = "same_text"
    ALIKE_TEXT = "alike_text"
    NO_DESCRIPTION = "no_description"
    ONE_LANGUAGE = "one_language"
    REPLY_REFUSED = "reply_refused"
    DEAD_LINK = "dead_link"
    NO_LINK_PICTURE = "no_link_picture"


@dataclass(frozen=True)
class TextLocation:
    """Where it is: in which variant of the draft (its index), at which field.

    `field` is "text", "link", "language" or "pictures-<index>"; `span` is from where to where in
    the text, in code points.
    """

    variant: int
    field: str
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Warned:
    """One warning: a stable code, its place, and what the sentence about it needs."""

    code: WarningCode
    location: TextLocation
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Text:
    """One variant as it is looked at; `descriptions` are its pictures' words, in order.

    `target` is the comment that it answers on its platform.
    """

    account_id: int
    platform: str
    language: Language
    text: str
    link: str = ""
    target: str = ""
    descriptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeenLink:
    """What is known of a web address: nothing yet where `finding` is None."""

    url: str
    finding: LinkFinding | None = None
    code: int | None = None
    checked_at: datetime | None = None
    title: str = ""
    picture_sha256: str = ""


@dataclass(frozen=True)
class Alike:
    """An earlier text that is the same (`share` 1.0), or shares so much of its words."""

    post_id: int
    title: str
    saved_at: datetime
    share: float


@dataclass(frozen=True)
class CheckContext:
    """What is known around a draft.

    `leaves_on` is the first day on which it can leave; `event` the first and last day of what it
    tells of. `city_numbers` are mobile numbers of the city's own, ten digits each. `links` stand
    by their address, `alike` by the index of the variant. `may_reply` says whether X takes a
    reply there (True for whatever answers nothing).
    """

    leaves_on: date
    event: tuple[date, date] | None = None
    city_numbers: frozenset[str] = frozenset()
    links: Mapping[str, SeenLink] = dataclasses.field(default_factory=dict)
    alike: Mapping[int, Alike] = dataclasses.field(default_factory=dict)
    may_reply: bool = True
