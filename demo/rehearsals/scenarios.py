"""The scenarios of rehearsals: posts and comments of a day of heavy rain, as scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Final

from demo.dates import Anchor, Offset
from demo.notices import DemoNotice, Photo, Wording
from demo.script import (
    ANSWERED_AFTER,
    Act,
    CitizenComment,
    Script,
    ScriptError,
    Story,
    read_comment,
    read_story,
    read_toml,
)
from publisher.models.submissions import SubmissionKind
from publisher.platforms.registry import all_platforms, capabilities


class Scenario(StrEnum):
    """The scenarios by their names, which are also the names of their folders."""

    MONSOON = "monsoon"
    NOON = "noon"
    LAG = "lag"


#: The clerks who draft, by the place that a post is about.
_CLERKS: Final = ("imran-tamboli", "swati-ranpise")
#: Of so many comments under a post the first is answered and the last, which is thanks, closed.
_ROUND: Final = 6
_CITIZENS: Final = (
    *("नमुना कदम", "उदाहरण शेख", "नमुना पवार", "उदाहरण जोशी", "नमुना गायकवाड", "उदाहरण फर्नांडिस"),
    *("नमुना मोरे", "उदाहरण पटेल", "नमुना इनामदार", "उदाहरण भोसले", "नमुना तांबोळी", "उदाहरण राव"),
    *("नमुना चव्हाण", "उदाहरण खान", "नमुना साळवे"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A kind of news of the day: who hands it in, who decides, its places and its texts."""

    kind: str
    department: str
    brings: str
    decides: str
    places: list[list[str]]
    title_mr: str
    title_en: str
    mr: str
    en: str
    remarks: list[str]
    answer: str
    close: str
    photo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RainPost:
    """A post of a scenario: texts/rehearsals/monsoon.toml explains the fields."""

    matter: str
    place: int
    handed_in: int
    wished: int
    ends: str
    variants: list[str] = field(default_factory=lambda: ["x-mr", "facebook-mr"])
    comments: int = 0

    @property
    def key(self) -> str:
        """The key of its notice."""
        return f"{self.matter}-{self.place}"

    @property
    def about(self) -> Matter:
        """The matter with its texts."""
        return matters()[self.matter]

    def localised(self, text: str) -> str:
        """Return a text of its matter with the place written in."""
        marathi, english = self.about.places[self.place - 1]
        return text.replace("<ठिकाण>", marathi).replace("<place>", english)

    def notice(self) -> DemoNotice:
        """Return what the department hands in."""
        return DemoNotice(
            key=self.key,
            kind=SubmissionKind(self.about.kind),
            department=self.about.department,
            outward=f"सराव/{self.key}",
            handed_in=Offset(minutes=self.handed_in),
            wished=Offset(minutes=self.wished),
            useful_until="d2",
            days={"d1": Anchor(0), "d2": Anchor(1)},
            mr=self._wording(self.about.title_mr, self.about.mr),
            en=self._wording(self.about.title_en, self.about.en),
            photos=self._photos(),
        )

    def _wording(self, title: str, text: str) -> Wording:
        title, text = self.localised(title), self.localised(text)
        posts = {
            platform.name: text if platform.has_short_texts else f"{title}\n\n{text}"
            for platform in all_platforms()
        }
        return Wording(title, text, posts)

    def _photos(self) -> tuple[Photo, ...]:
        if not self.about.photo or self.place != 1:
            return ()
        titles = (self.about.title_mr, self.about.title_en)
        return (Photo("IMG_3001.jpg", self.about.photo, *map(self.localised, titles)),)

    def story(self, number: int, where: str) -> Story:
        """Return what becomes of it; raises `ScriptError`."""
        persons = {
            "brings": self.about.brings,
            "drafts": _CLERKS[self.place % len(_CLERKS)],
            "decides": self.about.decides,
        }
        acts = read_toml("rehearsals/ways.toml")[self.ends]
        fields = {
            "notice": self.key,
            "acts": [{**act, "by": persons[act["by"]]} for act in acts],
            "variants": self.variants,
        }
        return read_story(number, fields, where)

    def citizen_comments(self) -> Iterator[CitizenComment]:
        """Yield its comments, spread over the time since it was published."""
        for number in range(self.comments):
            variant = self.variants[number % len(self.variants)]
            platform = variant.partition("-")[0]
            remote_comment = self.about.remarks[number % len(self.about.remarks)]
            yield CitizenComment(
                key=f"{self.key}-{number}",
                notice=self.key,
                platform=platform,
                variant=variant,
                author=self._author(number, platform),
                after=5 + (-self.wished - 10) * number // self.comments,
                text=self.localised(remote_comment),
                acts=self._comment_acts(number),
            )

    def _comment_acts(self, number: int) -> tuple[Act, ...]:
        by, position = self.about.decides, number % _ROUND
        if position == 0:
            return (Act(does="answer", by=by, after=ANSWERED_AFTER, text=self.about.answer),)
        if position == _ROUND - 1:
            return (Act(does="close", by=by, after=ANSWERED_AFTER, text=self.about.close),)
        return ()

    def _author(self, number: int, platform: str) -> str:
        # No author says the same words twice: the sandbox would take them for the same comment.
        if capabilities(platform).has_handles:
            return f"@namuna_{self.place}{number:02d}"
        return _CITIZENS[(number + 5 * (self.place - 1)) % len(_CITIZENS)]


@cache
def matters() -> dict[str, Matter]:
    """Return all matters by key."""
    return {key: Matter(**fields) for key, fields in read_toml("rehearsals/rain.toml").items()}


@cache
def scenario_script(scenario: Scenario) -> Script:
    """Return what is played in the scenario; raises `ScriptError`."""
    name = f"{scenario}.toml"
    fields = read_toml(f"rehearsals/{name}")
    posts, stories = [], []
    for number, row in enumerate(fields["posts"]):
        where = f"{name}, post {number + 1}"
        try:
            posts.append(RainPost(**row))
            stories.append(posts[-1].story(number, where))
        except (TypeError, KeyError) as error:
            raise ScriptError(f"{where}: {error}") from error
    comments = [comment for post in posts for comment in post.citizen_comments()]
    comments += [
        read_comment(key, row, f"{name}, {key}") for key, row in fields.get("mentions", {}).items()
    ]
    return Script(
        notices={post.key: post.notice() for post in posts},
        stories=tuple(stories),
        comments=tuple(comments),
        faults=tuple(fields.get("faults", ())),
        token_ends=fields.get("token_ends", {}),
    )
