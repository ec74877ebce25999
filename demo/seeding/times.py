"""When things happen in the demo city: each moment follows from its notice and the plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from demo.notices import Notice
from demo.plan import Course, Outcome
from publisher.working_time import ZONE

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
#: A second submission of the same notice comes so much later.
SECOND_TIME: Final = 20 * MINUTE
#: Two languages on one account stand so far apart.
APART: Final = 15 * MINUTE
#: What has to be over before a post is due, or before today: the desk's work takes this share.
SHARE: Final = 0.9

# Minutes after handing in, on a day with time.
DRAFTED: Final = 25
SENT: Final = 40
RETURNED: Final = 100
REDRAFTED: Final = 150
SENT_AGAIN: Final = 160
DECIDED: Final = 200
SCHEDULED: Final = 215
SETTLED: Final = 45
ASKED: Final = 8
ANSWERED: Final = 20
WITHDRAWN_AFTER: Final = 22 * HOUR


@dataclass(frozen=True)
class Times:
    """The moments of one course; the plan counts from `base`."""

    base: datetime
    handed_in: datetime
    wished: datetime

    @classmethod
    def of(cls, notice: Notice, base: datetime, *, second: bool = False) -> Times:
        """The moments of a notice, handed in for the first or the second time."""
        handed_in = notice.handed_in.moment(base) + (SECOND_TIME if second else timedelta())
        return cls(base, handed_in, notice.wished.moment(base))

    def after(self, minutes: int) -> datetime:
        """So long after handing in; sooner where there is less time."""
        room = (min(self.wished, self.base) - self.handed_in) * SHARE
        pace = min(1.0, room / (SCHEDULED * MINUTE))
        return self.handed_in + minutes * MINUTE * pace

    def withdrawn(self) -> datetime:
        """When a scheduled post is given up."""
        return self.past(self.after(SCHEDULED) + WITHDRAWN_AFTER)

    def past(self, at: datetime) -> datetime:
        """That moment, if it is over when the plan begins; else just before."""
        return min(at, self.base - MINUTE)

    def due(self, course: Course, outcome: Outcome) -> datetime:
        """When a variant is due: the second language of an account a little later."""
        same = [one for one in course.deliveries if one.platform == outcome.platform]
        return self.wished + same.index(outcome) * APART


def next_hour(at: datetime) -> datetime:
    """The next full hour by the city's clock, at least a minute ahead."""
    here = (at + MINUTE).astimezone(ZONE)
    full = here.replace(minute=0, second=0, microsecond=0)
    return (full + HOUR).astimezone(at.tzinfo)
