"""People who bring posts with pictures the whole way through the pages of several webs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from io import BytesIO

from PIL import Image

from publisher.now import now
from publisher.working_time import local
from tests.crash.balanced_visitor import BalancedVisitor, Journal
from tests.journey.flow import text_ids, time_fields
from tests.journey.http_browser import LoadedPage
from tests.support.city import City
from tests.support.passwords import PASSWORD, give_password

CREWS = (
    ("member", "clerk", "first"),
    ("road_member", "other_clerk", "road_officer"),
    ("health_member", "lead", "health_head"),
)
"""Who hands in, who writes and schedules, and who approves: nobody is in two crews."""


@dataclass(frozen=True)
class HandedIn:
    """A form with a file that was answered with success: its page, its token, its file."""

    path: str
    token: str
    content: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """The digest of the file."""
        return sha256(self.content).hexdigest()


def new_picture() -> bytes:
    """Return a small JPEG that nobody else has."""
    out = BytesIO()
    Image.effect_noise((320, 240), 60).save(out, "JPEG", quality=60)
    return out.getvalue()


@dataclass
class Crew:
    """A member, a clerk and an approver with browsers of their own, and what they were told.

    `posts` are the paths of the posts whose times were set.
    """

    name: str
    member: BalancedVisitor
    clerk: BalancedVisitor
    approver: BalancedVisitor
    handed_in: list[HandedIn] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)

    @property
    def visitors(self) -> tuple[BalancedVisitor, ...]:
        """The browsers."""
        return self.member, self.clerk, self.approver

    def open_form(self, number: int) -> tuple[LoadedPage, bytes]:
        """Add a picture to a new form, and do not send the form yet."""
        content = new_picture()
        page = self.member.get("/submissions/new")
        values = {
            "kind": "public_notice",
            "title": f"पाणीपुरवठा बंद {self.name} {number}",
            "text_mr": f"शनिवारी पाणीपुरवठा बंद राहील. {self.name} {number}",
            "outward_number": f"पापु/{number}",
            "act": "add",
        }
        files = [("files", (f"IMG_{number}.jpg", content))]
        return self.member.send(page, "#hand-in", values, files=files), content

    def send_form(self, page: LoadedPage, content: bytes) -> str:
        """Send an opened form; return the path of the submission."""
        token = dict(page.form("#hand-in").fields)["form_token"]
        page = self.member.send(page, "#hand-in", {"alt_mr": "पाण्याची टाकी", "act": "send"})
        assert re.fullmatch(r"/submissions/\d+", page.path), page.text[:1500]
        self.handed_in.append(HandedIn(page.path, token, content))
        return page.path

    def bring_post(self, number: int) -> None:
        """Hand a notice in, and write, approve and schedule its post."""
        submission = self.send_form(*self.open_form(number))
        draft = self.clerk.send(self.clerk.get(submission), "/draft")
        post = draft.path.removesuffix("/draft")
        self.clerk.send(draft, "#draft", {**self._texts(draft, number), "then": "send"})
        self.approver.send(self.approver.get(f"{post}/review"), "/approve")
        self._schedule(post)
        self.posts.append(post)

    def _texts(self, page: LoadedPage, number: int) -> dict[str, str]:
        names = [name for name, _value in page.form("#draft").fields]
        text = f"शनिवारी पाणीपुरवठा बंद राहील. {self.name} {number}"
        texts = {
            name: text if name.endswith("_mr") else "" for name in names if name.startswith("text_")
        }
        alts = {name: "पाण्याची टाकी" for name in names if re.fullmatch(r"alt_\d+_\w\w", name)}
        return texts | alts

    def _schedule(self, post: str) -> None:
        """Give all texts the next full minute that is at least a quarter of a minute away."""
        due_at = (now() + timedelta(seconds=75)).replace(second=0, microsecond=0)
        page = self.clerk.get(f"{post}/schedule")
        chosen_ids = text_ids(page)
        values: dict[str, str | list[str]] = {}
        for text_id in chosen_ids:
            values |= time_fields(text_id, local(due_at))
        values["chosen"] = chosen_ids
        self.clerk.send(page, "#schedule", values)


def crews(town: City, webs: Sequence[str], journal: Journal) -> list[Crew]:
    """Give the people passwords, and let them sign in, each once."""
    signed_in = []
    for names in CREWS:
        visitors = [BalancedVisitor(webs, journal) for _name in names]
        for name, visitor in zip(names, visitors, strict=True):
            give_password(town, name, PASSWORD)
            visitor.sign_in(f"{name.replace('_', '-')}@pmc.example", PASSWORD)
        member, clerk, approver = visitors
        signed_in.append(Crew(names[0], member, clerk, approver))
    return signed_in
