"""The web worker dies before, in and after the commit of an approval, a schedule and an edit.

After the same form is sent again, it has taken effect once, and nothing is lost.
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
from tests.crash.web_installation import FieldText, WebInstallation
from tests.journey.flow import FACEBOOK, X, in_review, publish_now, text_ids, texts, time_fields
from tests.journey.http_browser import LoadedPage, Visitor
from tests.journey.installation import wait_for

pytestmark = pytest.mark.timeout(900)

OFFICER, CLERK = "medha-satpute", "swati-ranpise"


@dataclass
class FormSubmission:
    """A form that a person sends repeatedly, and a count of how often it took effect."""

    installation: WebInstallation
    name: str
    statement: str
    visitor: Visitor
    page: LoadedPage
    form_name: str
    count_done: Callable[[], int]
    repeat_code: int = 200
    values: dict[str, FieldText] = field(default_factory=dict)

    def kill_before_and_in_commit(self) -> None:
        """If nothing was committed, the form has no effect."""
        before = self.count_done()
        self._kill_at(f"{self.name}.before_commit")
        assert self.count_done() == before
        self._kill_in_commit(is_kept=False)
        assert self.count_done() == before
        self._kill_in_commit(is_kept=True)
        completed = self.count_done() - before
        assert completed in ((0, 1) if self.installation.database.is_sqlite else (1,))
        self.repeat(self.repeat_code if completed else 200)
        assert self.count_done() == before + 1

    def _kill_at(self, at: str) -> None:
        self.installation.send_and_kill_at(
            self.visitor, self.page, self.form_name, at, **self.values
        )

    def _kill_in_commit(self, *, is_kept: bool) -> None:
        self.installation.send_and_kill_in_commit(
            self.visitor,
            self.page,
            self.form_name,
            self.statement,
            is_kept=is_kept,
            values=self.values,
        )

    def kill_after_commit(self) -> None:
        """The form took effect; sending it again has no second effect."""
        before = self.count_done()
        self._kill_at(f"{self.name}.after_commit")
        assert self.count_done() == before + 1
        self.repeat(self.repeat_code)
        assert self.count_done() == before + 1

    def repeat(self, code: int) -> None:
        """Send the form again, as the same person from the same page."""
        self.installation.start_web()
        self.visitor.send(self.page, self.form_name, self.values, code=code)


def test_pages_that_die_around_a_commit_lose_nothing_and_do_nothing_twice(
    web_installation: WebInstallation,
) -> None:
    web_installation.start_web()
    notice = notices.notices_by_key(now())["ward-hours"]
    _submission, post = in_review(web_installation, notice, member="kiran-wabale")
    clerk = web_installation.visitor(CLERK)
    _approval(web_installation, post).kill_before_and_in_commit()
    first, *others = text_ids(clerk.get(f"{post}/schedule"))
    _scheduling(web_installation, post, first, hours=30).kill_before_and_in_commit()
    for platform_text, hours in zip(others, (33, 36, 39), strict=True):
        timing = _scheduling(web_installation, post, platform_text, hours=hours)
        clerk.send(timing.page, timing.form_name, timing.values)
    _scheduling(web_installation, post, first, hours=42).kill_after_commit()
    _edit(web_installation, post, "(१)").kill_before_and_in_commit()
    _edit(web_installation, post, "(२)").kill_after_commit()
    _approval(web_installation, post).kill_after_commit()
    publish_now(web_installation, post)
    _assert_published_once(web_installation)


def _approval(installation: WebInstallation, post: str) -> FormSubmission:
    officer = installation.visitor(OFFICER)
    page = officer.get(f"{post}/review")

    def done() -> int:
        query = select(func.count()).where(Decision.kind == DecisionKind.APPROVED)
        return _row_count(installation, query)

    return FormSubmission(
        installation, "approve", "INSERT INTO decisions", officer, page, "/approve", done
    )


def _scheduling(
    installation: WebInstallation, post: str, text_id: str, *, hours: int
) -> FormSubmission:
    """Return the form that schedules or reschedules a text."""
    clerk = installation.visitor(CLERK)
    page = clerk.get(f"{post}/schedule?change={text_id}")
    due_at = (now() + timedelta(hours=hours)).replace(second=0, microsecond=0)
    values: dict[str, FieldText] = {
        **time_fields(text_id, local(due_at)),
        "despite_warnings": "y",
    }

    def done() -> int:
        return _row_count(installation, select(func.count()).where(Delivery.due_at == due_at))

    return FormSubmission(
        installation,
        "schedule",
        "INSERT INTO deliveries",
        clerk,
        page,
        "#schedule",
        done,
        values=values,
    )


def _edit(installation: WebInstallation, post: str, more: str) -> FormSubmission:
    """Return the form of a new revision; its transaction cancels the scheduled deliveries too."""
    clerk = installation.visitor(CLERK)
    page = clerk.get(f"{post}/draft")
    written = texts(page, notices.notices_by_key(now())["ward-hours"])
    values: dict[str, FieldText] = {name: f"{text} {more}" for name, text in written.items()}

    def done() -> int:
        revisions = _row_count(installation, select(func.count()).select_from(Revision))
        is_scheduled = Delivery.state == DeliveryState.SCHEDULED
        assert _row_count(installation, select(func.count()).where(is_scheduled)) == (
            4 if revisions == 1 else 0
        )
        return revisions

    values["then"] = "send"
    return FormSubmission(
        installation, "edit", "INSERT INTO revisions", clerk, page, "#draft", done, 409, values
    )


def _row_count(installation: WebInstallation, query: Select[int]) -> int:
    with installation.database.reading() as session:
        return session.execute(query).scalar_one()


def _assert_published_once(installation: WebInstallation) -> None:
    """Expect the last approved texts to be live, and one event for each effect."""
    installation.start_clock()
    posts = wait_for(lambda: _all_four_posts(installation), what="both texts on both platforms")
    assert all(post["text"].count("(२)") == 1 and "(१)" not in post["text"] for post in posts)
    with installation.database.reading() as session:
        verbs = Counting(session.scalars(select(Event.verb).where(Event.subject == "posts")))
        deliveries = list(session.scalars(select(Delivery)))
    assert (verbs["approve"], verbs["send_for_review"]) == (2, 3)
    assert len(deliveries) == 8
    assert Counting(delivery.state for delivery in deliveries) == {
        DeliveryState.CANCELLED: 4,
        DeliveryState.PUBLISHED: 4,
    }


def _all_four_posts(installation: WebInstallation) -> list[dict[str, str]]:
    posts = [*installation.city_posts(X), *installation.city_posts(FACEBOOK)]
    published_count = _row_count(
        installation, select(func.count()).where(Delivery.state == DeliveryState.PUBLISHED)
    )
    assert len(posts) <= 4
    return posts if len(posts) == published_count == 4 else []
