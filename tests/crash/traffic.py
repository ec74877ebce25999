"""The due posts in a round of the long run, and the faults of the platforms."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO

from PIL import Image

from publisher.drafting.drafts import PictureDraft
from publisher.models.deliveries import Account
from tests.crash.clock_installation import ClockInstallation
from tests.crash.tallies import Tally

POST_COUNT = 6
"""The number of deliveries that fall due before each disruption."""

PICTURE_SHARE = 0.25
"""The share of posts with a picture."""

PUBLICATION_SECONDS = 0.1
"""Seconds that the platforms need for a publication, so that clocks are killed in the middle."""

FAULTS = ("reset_after", "hang_after", "error_after", "truncated", "no_id")
FAULTS_ON_X = (*FAULTS, "rate_limit")
"""Facebook has no `rate_limit`, since the round would wait minutes for its end."""

LIMIT_SECONDS = 2
"""Seconds after which X lifts a rate limit."""


@dataclass
class Traffic:
    """Posts and faults of a round; those of `fault_ids` accept a post and lose the response."""

    installation: ClockInstallation
    rng: random.Random
    tally: Tally
    has_two_steps: bool = False
    fault_ids: set[int] = field(default_factory=set)

    def set_two_steps(self, *, two_steps: bool) -> None:
        """Let Facebook's page take its posts in two steps, or in one."""
        self.has_two_steps = two_steps
        with self.installation.database.transaction() as session:
            account = session.get_one(Account, self.installation.town.accounts["facebook"])
            account.two_steps = two_steps

    def add_due_posts(self) -> None:
        """Add approved posts that are due now in all languages, some with a picture."""
        pictures = (_picture(),) if self.rng.random() < PICTURE_SHARE else ()
        self.installation.add_posts(POST_COUNT, pictures=pictures)

    def add_faults(self) -> None:
        """Add a fault for the next publication on each platform; later ones are only slow."""
        self.clear_faults()
        # Of two steps the second makes the post public, so its response is the one to lose.
        operation = "make_public" if self.has_two_steps else "publish"
        hang_seconds = 1.5 * self.installation.timings.delivery.send_deadline
        for platform, platform_operation, faults in (
            ("x", "publish", FAULTS_ON_X),
            ("facebook", operation, FAULTS),
        ):
            kind = self.rng.choice(faults)
            seconds = LIMIT_SECONDS if kind == "rate_limit" else hang_seconds
            number = self.installation.add_fault(
                platform, platform_operation, kind, count=1, seconds=seconds
            )
            if kind in FAULTS:
                self.fault_ids.add(number)
        self.installation.slow_publications(PUBLICATION_SECONDS)

    def clear_faults(self) -> None:
        """Count the faults that hit a publication, and remove the others."""
        self.tally.lost_answers += len(self.fault_ids - self.installation.pending_faults())
        self.fault_ids.clear()
        self.installation.clear_faults()


@cache
def _picture() -> PictureDraft:
    content = BytesIO()
    Image.new("RGB", (320, 240), "teal").save(content, "JPEG")
    return PictureDraft("पाण्याची टाकी", content=content.getvalue(), name="tank.jpg")
