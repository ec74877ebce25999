"""A draft as it is typed, and the same with its pictures made ready for each platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from publisher.desk.checking import Problem
from publisher.models.content.posts import Language

MOST_PICTURES = 4
LONGEST_ALT_TEXT = 1_000
LONGEST_TITLE = 200
LONGEST_NOTE = 2_000


@dataclass(frozen=True)
class PictureDraft:
    """A picture of a variant: a stored original by its digest, or the bytes of a new one."""

    alt_text: str
    source_sha256: str = ""
    content: bytes | None = field(default=None, repr=False)
    name: str = ""


@dataclass(frozen=True)
class VariantDraft:
    """One text on one account in one language, as typed."""

    account_id: int
    language: Language
    text: str
    link: str = ""
    pictures: tuple[PictureDraft, ...] = ()


@dataclass(frozen=True)
class Draft:
    """Everything on the drafting page, as typed; times are aware UTC.

    `asked` are the departments that have to approve beside the owning one, `named` those that
    are only named. `found` holds problems that were met while the form was read.
    """

    title: str
    note: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    variants: tuple[VariantDraft, ...] = ()
    asked: tuple[int, ...] = ()
    named: tuple[int, ...] = ()
    found: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class PreparedPicture:
    """A rendition that lies in the store, with its words; width and height in pixels."""

    sha256: str
    source_sha256: str
    mime: str
    width: int
    height: int
    alt_text: str


@dataclass(frozen=True)
class Known:
    """What is known before a draft's pictures are made.

    `platforms` by the id of the account; `made` are the post's renditions of earlier revisions,
    by the digest of their original and by platform.
    """

    platforms: Mapping[int, str]
    made: Mapping[tuple[str, str], PreparedPicture] = field(default_factory=dict)


@dataclass(frozen=True)
class PreparedVariant:
    """A variant whose pictures lie in the store; `target` is what it answers on its platform."""

    account_id: int
    language: Language
    text: str
    link: str = ""
    target: str = ""
    pictures: tuple[PreparedPicture, ...] = ()


@dataclass(frozen=True)
class PreparedDraft:
    """A draft ready to be written; `problems` are those of its form and its pictures."""

    draft: Draft
    variants: tuple[PreparedVariant, ...]
    problems: tuple[Problem, ...]
