"""The pages die before, in and after the commit of an approval, a time, another time and an edit.

Whoever pressed the button presses it again: then it has been done once, and nothing is lost.
"""

from __future__ import annotations

from collections import Counter as Counting
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import Select, func, select

from demo import notices
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.posts import Decision, DecisionKind, Revision
from publisher.now import now
from publisher.states import DeliveryState
from publisher.working_time import local
from tests.crash.counter import Counter, Typed
from tests.journey.browsing import Seen, Visitor
from tests.journey.flow import FACEBOOK, X, in_review, publish_now, texts
from tests.journey.installation import until

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

OFFICER, CLERK = "medha-satpute", "swati-ranpise"


@dataclass
class Press:
    """A button that somebody presses, and how often what it does has been done."""

    counter: Counter
    name: str
    statement: str
    visitor: Visitor
    page: Seen
    where: str
    done: Callable[[], int]
    again: int = 200
    values: dict[str, Typed] = field(default_factory=dict)

    def dies_before_and_in_the_commit(self) -> None:
        """As long as nothing was committed it is as if nobody had pressed."""
        before = self.done()
        self._dies(f"{self.name}.before_commit")
        assert self.done() == before
        self._dies_in_commit(is_kept=False)
        assert self.done() == before
        self._dies_in_commit(is_kept=True)
        completed = self.done() - before
        assert completed in ((0, 1) if self.counter.database.is_sqlite else (1,))
        self.is_pressed_again(self.again if completed else 200)
        assert self.done() == before + 1

    def _dies(self, at: str) -> None:
        self.counter.lose(self.visitor, self.page, self.where, at, **self.values)

    def _dies_in_commit(self, *, is_kept: bool) -> None:
        self.counter.lose_in_commit(
            self.visitor, self.page, self.where, self.statement, is_kept=is_kept, values=self.values
        )

    def dies_after_the_commit(self) -> None:
        """It has been done, and the next press does it no second time."""
        before = self.done()
        self._dies(f"{self.name}.after_commit")
        assert self.done() == before + 1
        self.is_pressed_again(self.again)
        assert self.done() == before + 1

    def is_pressed_again(self, code: int) -> None:
        """By the same person, from the same page."""
        self.counter.open()
        self.visitor.send(self.page, self.where, self.values, code=code)


def test_pages_that_die_around_a_commit_lose_nothing_and_do_nothing_twice(
    counter: Counter,
) -> None:
    counter.open()
    notice = notices.as_of(now())["ward-hours"]
    _submission, post = in_review(counter, notice, member="kiran-wabale")
    clerk = counter.person(CLERK)
    _approving(counter, post).dies_before_and_in_the_commit()
    first, *others = clerk.get(post).links(r"/schedule$")
    _timing(counter, first, hours=30).dies_before_and_in_the_commit()
    for platform_text, hours in zip(others, (33, 36, 39), strict=True):
        timing = _timing(counter, platform_text, hours=hours)
        clerk.send(timing.page, timing.where, timing.values)
    _timing(counter, first, hours=50).dies_after_the_commit()
    _editing(counter, post, "(१)").dies_before_and_in_the_commit()
    _editing(counter, post, "(२)").dies_after_the_commit()
    _approving(counter, post).dies_after_the_commit()
    publish_now(counter, post)
    _everything_left_once(counter)


def _approving(counter: Counter, post: str) -> Press:
    officer = counter.person(OFFICER)
    page = officer.get(f"{post}/review")

    def done() -> int:
        query = select(func.count()).where(Decision.kind == DecisionKind.APPROVED)
        return _number(counter, query)

    return Press(counter, "approve", "INSERT INTO decisions", officer, page, "/approve", done)


def _timing(counter: Counter, platform: str, *, hours: int) -> Press:
    """A text is given this time: a delivery is made for it, or has another time from then on."""
    clerk = counter.person(CLERK)
    page = clerk.get(platform)
    due_at = (now() + timedelta(hours=hours)).replace(second=0, microsecond=0)
    here = local(due_at)
    values: dict[str, Typed] = {
        "day": [str(here.day), str(here.month), str(here.year)],
        "clock": here.strftime("%H:%M"),
        "despite_clash": "y",
    }

    def done() -> int:
        return _number(counter, select(func.count()).where(Delivery.due_at == due_at))

    return Press(
        counter, "schedule", "INSERT INTO deliveries", clerk, page, "#schedule", done, values=values
    )


def _editing(counter: Counter, post: str, more: str) -> Press:
    """A new revision, sent for review: what was to leave is cancelled by the same transaction."""
    clerk = counter.person(CLERK)
    page = clerk.get(f"{post}/draft")
    written = texts(page, notices.as_of(now())["ward-hours"])
    values: dict[str, Typed] = {name: f"{text} {more}" for name, text in written.items()}

    def done() -> int:
        revisions = _number(counter, select(func.count()).select_from(Revision))
        todo_kinds = Delivery.state == DeliveryState.SCHEDULED
        assert _number(counter, select(func.count()).where(todo_kinds)) == (
            4 if revisions == 1 else 0
        )
        return revisions

    values["then"] = "send"
    return Press(counter, "edit", "INSERT INTO revisions", clerk, page, "#draft", done, 409, values)


def _number(counter: Counter, query: Select[int]) -> int:
    with counter.database.reading() as session:
        return session.execute(query).scalar_one()


def _everything_left_once(counter: Counter) -> None:
    """Exactly what was approved last; each press stands in the history once."""
    counter.clock()
    posts = until(lambda: _all_four(counter), what="both texts on both platforms")
    assert all(post["text"].count("(२)") == 1 and "(१)" not in post["text"] for post in posts)
    with counter.database.reading() as session:
        verbs = Counting(session.scalars(select(Event.verb).where(Event.subject == "posts")))
        deliveries = list(session.scalars(select(Delivery)))
    assert (verbs["approve"], verbs["send_for_review"]) == (2, 3)
    assert len(deliveries) == 8
    assert Counting(delivery.state for delivery in deliveries) == {
        DeliveryState.CANCELLED: 4,
        DeliveryState.PUBLISHED: 4,
    }


def _all_four(counter: Counter) -> list[dict[str, str]]:
    posts = [*counter.ours(X), *counter.ours(FACEBOOK)]
    todo_kinds = _number(
        counter, select(func.count()).where(Delivery.state == DeliveryState.PUBLISHED)
    )
    assert len(posts) <= 4
    return posts if len(posts) == todo_kinds == 4 else []
