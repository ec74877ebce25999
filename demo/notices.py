"""The demo's municipal notices: what departments hand in, and what the cell makes of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from typing import TypedDict

from demo.days import Anchor, Offset, fill, resolve, words_for
from publisher.models.submissions import SubmissionKind
from publisher.working_time import local_day


@dataclass(frozen=True, slots=True)
class PhotoSpec:
    """A picture that a telephone sent: the name it came with, its file, and its description."""

    name: str
    file: str
    alt_mr: str
    alt_en: str

    def read(self) -> bytes:
        """The JPEG, with the camera, the place and the orientation in its EXIF."""
        return files(__package__).joinpath("photos", self.file).read_bytes()


@dataclass(frozen=True, slots=True)
class Wording:
    """One language of a notice: the department's text, and the cell's for X and Facebook."""

    title: str
    body: str
    x: str
    facebook: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A department's notice; its days still stand as `{d1_mr}` until it is `filled`."""

    key: str
    kind: SubmissionKind
    department: str
    outward: str
    link: str | None
    handed_in: Offset
    wished: Offset
    useful_until: str
    days: Mapping[str, Anchor]
    mr: Wording
    en: Wording
    photos: tuple[PhotoSpec, ...] = ()

    def last_useful_day(self, today: date) -> date:
        """The day after which nobody needs it any more."""
        return resolve(self.days, today)[self.useful_until]


class _AnchorFields(TypedDict, total=False):
    after: int
    weekday: int
    base: str


class _OffsetFields(TypedDict, total=False):
    days: int
    at: str
    minutes: int


class _PhotoFields(TypedDict):
    name: str
    file: str
    alt_mr: str
    alt_en: str


class _WordingFields(TypedDict):
    title: str
    body: str
    x: str
    facebook: str


@cache
def load() -> tuple[Notice, ...]:
    """All notices, by key, as they are written down, days not yet filled in."""
    folder = files(__package__).joinpath("texts", "notices")
    written = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return tuple(
        _notice(entry.name.removesuffix(".toml"), entry.read_text(encoding="utf-8"))
        for entry in written
        if entry.name.endswith(".toml")
    )


def filled(notice: Notice, today: date) -> Notice:
    """The notice as it reads today: every day written in, its weekday fitting its date."""
    words = words_for(resolve(notice.days, today))
    return replace(
        notice,
        mr=_filled_wording(notice.mr, words),
        en=_filled_wording(notice.en, words),
        photos=tuple(_filled_photo(spec, words) for spec in notice.photos),
    )


def as_of(now: datetime) -> dict[str, Notice]:
    """All notices by key, as they read on the city's day of the aware moment `now`."""
    today = local_day(now)
    return {notice.key: filled(notice, today) for notice in load()}


def texts(notice: Notice) -> Iterator[str]:
    """Every text of a notice that a person may read."""
    for wording in (notice.mr, notice.en):
        yield from (wording.title, wording.body, wording.x, wording.facebook)
    for spec in notice.photos:
        yield from (spec.alt_mr, spec.alt_en)


def _notice(key: str, written: str) -> Notice:
    fields = tomllib.loads(written)
    return Notice(
        key=key,
        kind=SubmissionKind(fields["kind"]),
        department=fields["department"],
        outward=fields["outward"],
        link=fields.get("link"),
        handed_in=offset(fields["handed_in"]),
        wished=offset(fields["wished"]),
        useful_until=fields["useful_until"],
        days={name: _anchor(anchor) for name, anchor in fields["days"].items()},
        mr=_wording(fields["mr"]),
        en=_wording(fields["en"]),
        photos=tuple(_photo(photo) for photo in fields.get("photos", [])),
    )


def offset(fields: _OffsetFields) -> Offset:
    """An offset as the text files write it: `{ days = -1, at = "10:52" }`."""
    at = fields.get("at")
    return Offset(
        days=fields.get("days", 0),
        at=time.fromisoformat(at) if at else None,
        minutes=fields.get("minutes", 0),
    )


def _anchor(fields: _AnchorFields) -> Anchor:
    return Anchor(fields["after"], fields.get("weekday"), fields.get("base"))


def _wording(fields: _WordingFields) -> Wording:
    return Wording(
        title=fields["title"].strip(),
        body=fields["body"].strip(),
        x=fields["x"].strip(),
        facebook=fields["facebook"].strip(),
    )


def _photo(fields: _PhotoFields) -> PhotoSpec:
    return PhotoSpec(
        name=fields["name"],
        file=fields["file"],
        alt_mr=fields["alt_mr"],
        alt_en=fields["alt_en"],
    )


def _filled_wording(wording: Wording, words: Mapping[str, str]) -> Wording:
    return Wording(
        title=fill(wording.title, words),
        body=fill(wording.body, words),
        x=fill(wording.x, words),
        facebook=fill(wording.facebook, words),
    )


def _filled_photo(spec: PhotoSpec, words: Mapping[str, str]) -> PhotoSpec:
    return replace(
        spec,
        alt_mr=fill(spec.alt_mr, words),
        alt_en=fill(spec.alt_en, words),
    )
