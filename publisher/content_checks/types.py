"""Data classes of the content checks: their input, their context and their warnings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from publisher.models.content_checks import LinkFinding
from publisher.models.posts import Language


class WarningCode(StrEnum):
    """Kinds of warnings; none of them blocks a draft."""

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
    """The location of a warning: the index of the variant in the draft, and the field.

    `field` is "text", "link", "language" or "pictures-<index>"; `span` is the start and end in the
    text, in code points.
    """

    variant: int
    field: str
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class ContentWarning:
    """A warning: a stable code, its location, and the values for its message."""

    code: WarningCode
    location: TextLocation
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Text:
    """One variant as the rules read it; `descriptions` are those of its pictures, in order.

    `target` is the platform id of the comment that it replies to.
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
    """The result of the last check of a URL; `finding` is None if it was never checked."""

    url: str
    finding: LinkFinding | None = None
    code: int | None = None
    checked_at: datetime | None = None
    title: str = ""
    picture_sha256: str = ""


@dataclass(frozen=True)
class SimilarText:
    """An earlier text that is the same (`share` 1.0) or similar."""

    post_id: int
    title: str
    saved_at: datetime
    share: float


@dataclass(frozen=True)
class CheckContext:
    """The input of the rules, apart from the texts.

    `leaves_on` is the first day on which the post can be published. `event` is the first and last
    day of the event that it announces. `city_numbers` are the city's own mobile numbers, ten digits
    each. `links` are by address, `alike` by the index of the variant. `may_reply` is True if X
    accepts the reply, or if the post is not a reply.
    """

    leaves_on: date
    event: tuple[date, date] | None = None
    city_numbers: frozenset[str] = frozenset()
    links: Mapping[str, SeenLink] = dataclasses.field(default_factory=dict)
    alike: Mapping[int, SimilarText] = dataclasses.field(default_factory=dict)
    may_reply: bool = True
