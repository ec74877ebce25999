"""What falls due in a round of the long run, and how the platforms misbehave over it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO

from PIL import Image

from publisher.drafting.drafts import PictureDraft
from publisher.models.deliveries import Account
from tests.crash.house import House
from tests.crash.tallies import Tally

POSTS = 6
"""What falls due before each stroke: one post in three languages on two platforms."""

PICTURED = 0.25
"""The share of these posts that have a picture."""

SLOW = 0.1
"""Seconds that the platforms take over a publication, so that there is a midst of work."""

FAULTS = ("reset_after", "hang_after", "error_after", "truncated", "no_id")
ON_X = (*FAULTS, "rate_limit")
"""A limit of Facebook's ends after minutes, and a round would wait for it."""

LIMITED = 2
"""Seconds after which a limit of X ends."""


@dataclass
class Traffic:
    """Posts and faults of one round; `laid` are the faults that take a post and lose the answer."""

    installation: House
    chance: random.Random
    tally: Tally
    has_two_steps: bool = False
    laid: set[int] = field(default_factory=set)

    def go_by(self, *, two_steps: bool) -> None:
        """Have Facebook's page take its posts in two steps, or in one."""
        self.has_two_steps = two_steps
        with self.installation.database.transaction() as session:
            account = session.get_one(Account, self.installation.town.accounts["facebook"])
            account.two_steps = two_steps

    def fall_due(self) -> None:
        """A post is approved, and due at once in all its languages."""
        pictures = (_picture(),) if self.chance.random() < PICTURED else ()
        self.installation.posts(POSTS, pictures=pictures)

    def lay_faults(self) -> None:
        """One on each platform, for the next publication; the others are only slow."""
        self.clear()
        # Of two steps it is the second whose answer counts: what the public sees is the same.
        operation = "make_public" if self.has_two_steps else "publish"
        hanging = 1.5 * self.installation.pace.press.send_deadline
        for platform, platform_operation, faults in (
            ("x", "publish", ON_X),
            ("facebook", operation, FAULTS),
        ):
            kind = self.chance.choice(faults)
            seconds = LIMITED if kind == "rate_limit" else hanging
            number = self.installation.fault(
                platform, platform_operation, kind, count=1, seconds=seconds
            )
            if kind in FAULTS:
                self.laid.add(number)
        self.installation.slow(SLOW)

    def clear(self) -> None:
        """Count the faults that a publication has met; the others are taken away."""
        self.tally.lost_answers += len(self.laid - self.installation.faults())
        self.laid.clear()
        self.installation.clear_faults()


@cache
def _picture() -> PictureDraft:
    content = BytesIO()
    Image.new("RGB", (320, 240), "teal").save(content, "JPEG")
    return PictureDraft("पाण्याची टाकी", content=content.getvalue(), name="tank.jpg")
