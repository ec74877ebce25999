"""The municipal notices of the demo: what departments hand in, and what the cell makes of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from demo.dates import Anchor, Offset, date_texts, resolve
from publisher.models.submissions import SubmissionKind
from publisher.working_time import local_day

CIRCULAR: Final = "circular"
"""The key of the only notice that is not invented: an office circular of 2021."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture that a telephone sent: the name it came with, its file, and its description."""

    name: str
    file: str
    alt_mr: str
    alt_en: str

    def read(self) -> bytes:
        """Return the JPEG, with the camera, the place and the orientation in its EXIF."""
        return files(__package__).joinpath("photos", self.file).read_bytes()


@dataclass(frozen=True, slots=True)
class Wording:
    """A notice in one language: the department's text, and the cell's by platform."""

    title: str
    body: str
    posts: Mapping[str, str]

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Wording:
        """Return the wording as the file has it."""
        posts = {name: text.strip() for name, text in fields.items()}
        return cls(title=posts.pop("title"), body=posts.pop("body"), posts=posts)

    def text_on(self, platform: str) -> str:
        """Return the cell's text for a platform; the body, if it has none of its own."""
        return self.posts.get(platform, self.body)

    def filled(self, days: Mapping[str, str]) -> Wording:
        """Return the wording with its days written in; raises KeyError for an unknown day."""
        posts = {platform: text.format_map(days) for platform, text in self.posts.items()}
        return Wording(self.title.format_map(days), self.body.format_map(days), posts)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoNotice:
    """A department's notice; its days stand as `{d1_mr}` until it is `fill_dates`.

    `useful_until`, `event_on` and `event_until_on` are names of its days, `wards` are codes of
    ward offices. A notice with an `urgent_reason` is urgent.
    """

    key: str
    kind: SubmissionKind
    department: str
    outward: str
    handed_in: Offset
    wished: Offset
    useful_until: str
    days: Mapping[str, Anchor]
    mr: Wording
    en: Wording
    link: str = ""
    photos: tuple[Photo, ...] = ()
    event_on: str = ""
    event_until_on: str = ""
    event_place: str = ""
    wards: tuple[str, ...] = ()
    urgent_reason: str = ""

    def day(self, name: str, today: date) -> date | None:
        """Return the calendar day of that name; None for an empty name."""
        return resolve(self.days, today)[name] if name else None

    def texts(self) -> Iterator[str]:
        """Yield every text of the notice that a person may read."""
        for wording in (self.mr, self.en):
            yield from (wording.title, wording.body, *wording.posts.values())
        for photo in self.photos:
            yield from (photo.alt_mr, photo.alt_en)


@cache
def load() -> dict[str, DemoNotice]:
    """Return all notices by key, as they are written down, with days not yet filled in."""
    folder = files(__package__).joinpath("texts", "notices")
    sources = sorted(folder.iterdir(), key=lambda source: source.name)
    return {
        source.name.removesuffix(".toml"): _notice(
            source.name.removesuffix(".toml"), tomllib.loads(source.read_text(encoding="utf-8"))
        )
        for source in sources
    }


def fill_dates(notice: DemoNotice, today: date) -> DemoNotice:
    """Return the notice as it reads today: every day written in, its weekday fitting its date."""
    days = date_texts(resolve(notice.days, today))
    return replace(notice, mr=notice.mr.filled(days), en=notice.en.filled(days))


def notices_by_key(now: datetime) -> dict[str, DemoNotice]:
    """Return all notices by key, as they read on the city's day of the aware moment `now`."""
    return {key: fill_dates(notice, local_day(now)) for key, notice in load().items()}


def _notice(key: str, fields: dict[str, Any]) -> DemoNotice:
    parsed = {
        "kind": SubmissionKind(fields["kind"]),
        "handed_in": Offset(**fields["handed_in"]),
        "wished": Offset(**fields["wished"]),
        "days": {name: Anchor(**anchor) for name, anchor in fields["days"].items()},
        "mr": Wording.of(fields["mr"]),
        "en": Wording.of(fields["en"]),
        "photos": tuple(Photo(**photo) for photo in fields.get("photos", ())),
        "wards": tuple(fields.get("wards", ())),
    }
    return DemoNotice(key=key, **{**fields, **parsed})
