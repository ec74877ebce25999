"""When things happen in the demo city: each moment follows from its notice and the script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from demo.notices import DemoNotice
from demo.script import Story
from publisher.working_time import ZONE

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
#: Two languages on one account are due so far apart.
_APART: Final = 15 * MINUTE
#: The acts of a whole story take so long, if there is time, and never more than this share of
#: the time before the post is due, or before today.
_STORY_TAKES: Final = 215 * MINUTE
_SHARE: Final = 0.9


@dataclass(frozen=True)
class Moments:
    """The moments of a story; `base` is the moment that the whole script counts from."""

    base: datetime
    handed_in: datetime
    wished: datetime

    @classmethod
    def of(cls, story: Story, notice: DemoNotice, base: datetime) -> Moments:
        """Return the moments of a story about this notice."""
        handed_in = notice.handed_in.moment(base) + story.delay * MINUTE
        return cls(base, handed_in, notice.wished.moment(base))

    def after(self, minutes: float) -> datetime:
        """Return the moment so long after handing in; sooner if there is less time."""
        room = (min(self.wished, self.base) - self.handed_in) * _SHARE
        pace = min(1.0, room / _STORY_TAKES)
        return min(self.handed_in + minutes * MINUTE * pace, self.base - MINUTE)

    def due(self, story: Story, variant: str) -> datetime:
        """Return when a variant is due: the second language of an account a little later."""
        platform = variant.partition("-")[0]
        same = [name for name in story.variants if name.partition("-")[0] == platform]
        return self.wished + same.index(variant) * _APART


def next_hour(at: datetime) -> datetime:
    """Return the next full hour by the city's clock, at least a minute ahead."""
    local = (at + MINUTE).astimezone(ZONE)
    full = local.replace(minute=0, second=0, microsecond=0)
    return (full + HOUR).astimezone(at.tzinfo)
