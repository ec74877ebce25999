"""The texts of a day of rain, as notices and remarks of the demo."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from approvals.states import PostState
from demo import notices
from demo.days import Anchor, Offset
from demo.notices import Notice, PhotoSpec, Wording
from demo.plan import Course, Outcome
from demo.remarks import PlatformName, Remark, VariantLanguage
from publisher.models.submissions import SubmissionKind
from publisher.states import CommentState, DeliveryState, SubmissionState
from publisher.working_time import local_day

Variants = tuple[tuple[PlatformName, VariantLanguage], ...]
MARATHI: Final[Variants] = (("x", "mr"), ("facebook", "mr"))
BOTH: Final[Variants] = (*MARATHI, ("x", "en"), ("facebook", "en"))
CLERKS: Final = ("swati-ranpise", "imran-tamboli")
#: Days named in the texts: today and tomorrow, after which nobody needs them.
DAYS: Final = {"d1": Anchor(0), "d2": Anchor(1)}
PLACE_MR: Final = "<ठिकाण>"
PLACE_EN: Final = "<place>"


@dataclass(frozen=True)
class Matter:
    """One kind of news of the day: who brings it, who decides, its places and its texts."""

    key: str
    kind: SubmissionKind
    department: str
    brings: str
    decides: str
    places: tuple[tuple[str, str], ...]
    title_mr: str
    title_en: str
    mr: str
    en: str
    remarks: tuple[str, ...]
    answer: str
    close: str
    photo: str

    def at(self, text: str, place: int) -> str:
        """A text with its place written in."""
        marathi, english = self.places[place]
        return text.replace(PLACE_MR, marathi).replace(PLACE_EN, english)

    def key_of(self, place: int) -> str:
        """The key of the notice for one of its places."""
        return f"{self.key}-{place + 1}"


@cache
def matters() -> tuple[Matter, ...]:
    """All of them, in the order in which they are written down."""
    source = files(__package__).joinpath("texts", "rain.toml")
    written = tomllib.loads(source.read_text(encoding="utf-8"))
    return tuple(
        Matter(
            key=key,
            kind=SubmissionKind(fields.pop("kind")),
            places=tuple((mr, en) for mr, en in fields.pop("places")),
            remarks=tuple(fields.pop("remarks")),
            photo=fields.pop("photo", ""),
            **fields,
        )
        for key, fields in written.items()
    )


@dataclass(frozen=True)
class Item:
    """One post of the day: `handed_in` and `wished` are minutes from now, negative before it.

    `ends` says how far it has come: what stands after it has not happened yet.
    """

    matter: Matter
    place: int
    handed_in: int
    wished: int
    ends: Literal["published", "scheduled", "in_review", "draft"]
    variants: Variants = MARATHI

    @property
    def key(self) -> str:
        """The key of its notice."""
        return self.matter.key_of(self.place)

    def notice(self) -> Notice:
        """What the department hands in."""
        matter, place = self.matter, self.place
        return Notice(
            key=self.key,
            kind=matter.kind,
            department=matter.department,
            outward=f"सराव/{matter.key_of(place)}",
            link=None,
            handed_in=Offset(minutes=self.handed_in),
            wished=Offset(minutes=self.wished),
            useful_until="d2",
            days=DAYS,
            mr=_wording(matter.at(matter.title_mr, place), matter.at(matter.mr, place)),
            en=_wording(matter.at(matter.title_en, place), matter.at(matter.en, place)),
            photos=self._photos(),
        )

    def _photos(self) -> tuple[PhotoSpec, ...]:
        if not self.matter.photo or self.place:
            return ()
        title = self.matter.title_mr, self.matter.title_en
        alt_mr, alt_en = (self.matter.at(text, self.place) for text in title)
        return (PhotoSpec("IMG_3001.jpg", self.matter.photo, alt_mr, alt_en),)

    def course(self) -> Course:
        """What becomes of it."""
        went = self.ends in ("published", "scheduled")
        state = DeliveryState(self.ends) if went else DeliveryState.SCHEDULED
        outcomes = tuple(Outcome(*variant, state) for variant in self.variants) if went else ()
        return Course(
            notice=self.key,
            submission=SubmissionState.DRAFTED,
            handed_in_by=self.matter.brings,
            drafted_by=CLERKS[self.place % len(CLERKS)],
            post=PostState.APPROVED if went else PostState(self.ends),
            decided_by=self.matter.decides,
            returned=self.ends == "draft",  # a draft that nobody has seen yet is no course's end
            reason=_RETURNED if self.ends == "draft" else None,
            deliveries=outcomes,
        )


def _wording(title: str, text: str) -> Wording:
    return Wording(title=title, body=text, x=text, facebook=f"{title}\n\n{text}")


def noticed(items: tuple[Item, ...], base: datetime) -> dict[str, Notice]:
    """The notices of these posts, their days written in."""
    today = local_day(base)
    return {item.key: notices.filled(item.notice(), today) for item in items}


#: What a draft came back with.
_RETURNED: Final = "ठिकाणाचा पूर्ण पत्ता व जवळची खूण लिहावी."
#: Of so many remarks under a post the first is answered and the last, which is thanks, closed.
_ROUND: Final = 6
_CITIZENS: Final = (
    *("नमुना कदम", "उदाहरण शेख", "नमुना पवार", "उदाहरण जोशी", "नमुना गायकवाड", "उदाहरण फर्नांडिस"),
    *("नमुना मोरे", "उदाहरण पटेल", "नमुना इनामदार", "उदाहरण भोसले", "नमुना तांबोळी", "उदाहरण राव"),
    *("नमुना चव्हाण", "उदाहरण खान", "नमुना साळवे"),
)


def remarks_under(item: Item, count: int) -> Iterator[Remark]:
    """So many remarks under a published post, spread over the time since it was published."""
    matter, minutes = item.matter, -item.wished
    for number in range(count):
        platform, variant = item.variants[number % len(item.variants)]
        words = matter.at(matter.remarks[number % len(matter.remarks)], item.place)
        state = _fate(number)
        answered, closed = state is CommentState.ANSWERED, state is CommentState.CLOSED
        yield Remark(
            key=f"{item.key}-{number}",
            notice=item.key,
            platform=platform,
            variant=variant,
            author=_author(item.place, number, platform),
            after_minutes=_spread(number, count, minutes),
            text=words,
            state=state,
            by=matter.decides if answered or closed else None,
            answer=matter.answer if answered else None,
            reason=matter.close if closed else None,
        )


def _fate(number: int) -> CommentState:
    ends = {0: CommentState.ANSWERED, _ROUND - 1: CommentState.CLOSED}
    return ends.get(number % _ROUND, CommentState.ROUTED)


def _author(place: int, number: int, platform: PlatformName) -> str:
    """Nobody says the same twice: the sandbox would take it for the same remark."""
    if platform == "x":
        return f"@namuna_{place + 1}{number:02d}"
    return _CITIZENS[(number + 5 * place) % len(_CITIZENS)]


def _spread(number: int, count: int, minutes: int) -> int:
    return 5 + (minutes - 10) * number // max(1, count)
