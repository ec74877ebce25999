"""A list executes as many statements for sixty rows as for a few."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest

from approvals.policy import Role
from publisher.models.deliveries import ClockBeat
from tests.support import city_controls
from tests.support.city import City, statements
from tests.support.city_people import HOUR
from tests.web.site import Site
from tests.web.world import CAST

FEW, MANY = 4, 60
Furnish = Callable[[City, int], None]


def submissions(city: City, count: int) -> None:
    """Hand in submissions of the water and the road department."""
    for at in range(count):
        city.hand_in(f"सूचना {at}", department=("water", "road")[at % 2])


def reviews(city: City, count: int) -> None:
    """Send posts for the water department's review."""
    for _ in range(count):
        city.in_review(on=["x", "facebook"])


def deliveries(city: City, count: int) -> None:
    """Schedule posts within the week that the calendar shows."""
    for at in range(count // 2):
        city.schedule(city.approved(on=["x", "facebook"]), timedelta(hours=2 * at + 1))


def unscheduled(city: City, count: int) -> None:
    """Approve posts without scheduling them."""
    for _ in range(count):
        city.approved()


def missed(city: City, count: int) -> None:
    """Let deliveries miss their time, so that a person has to decide."""
    for _ in range(count):
        city.schedule(city.approved(), timedelta(minutes=1))
    city.tick_dispatch(5 * HOUR)


def comments(city: City, count: int) -> None:
    """Add comments under a live post."""
    live = city.live()[0]
    parent = city.platform_id(live)
    for at in range(count):
        city.platform("x").citizen_says(
            f"पाणी कधी येणार? {at}", parent_id=parent, author=f"वाचक{at}"
        )
    city.listen(timedelta(minutes=10))


def mentions(city: City, count: int) -> None:
    """Add mentions, which wait in the cell's queue."""
    for at in range(count):
        city.platform("x").citizen_says(f"@city खड्डा {at}", author=f"वाचक{at}")
    city.listen(timedelta(minutes=10))


def mails(city: City, count: int) -> None:
    """Let mails be refused by the mail server."""
    for _ in range(min(count, 20)):
        city.in_review()
        city_controls.fail_mail(city)


def people(city: City, count: int) -> None:
    """Appoint members of several departments."""
    for at in range(count):
        city.appoint(f"more-{count}-{at}", Role.MEMBER, ("water", "road", "garden")[at % 3])


def departments(city: City, count: int) -> None:
    """Add departments, half of them with an officer."""
    for at in range(count):
        code = f"d-{count}-{at}"
        city.add_department(code)
        if at % 2:
            city.appoint(f"officer-of-{code}", Role.OFFICER, code)


def snippets(city: City, count: int) -> None:
    """Add snippets of the cell for three departments and for all."""
    for at in range(count):
        city.snippet(f"नमुना {at}", department=("water", "road", "health", "")[at % 4])


LISTS: dict[str, tuple[Furnish, tuple[tuple[str, str], ...]]] = {
    "submissions": (
        submissions,
        (("/submissions", "cell"), ("/submissions", "member"), ("/", "cell")),
    ),
    "what waits for approval": (reviews, (("/", "officer"),)),
    "what is missed": (missed, (("/", "lead"), ("/decisions", "lead"))),
    "comments": (comments, (("/comments", "officer"), ("/", "officer"))),
    "comments without a department": (mentions, (("/comments?view=queue", "lead"),)),
    "the calendar": (
        deliveries,
        (("/calendar", "cell"), ("/calendar?view=week", "cell"), ("/calendar/move", "cell")),
    ),
    "mails that did not go": (mails, (("/mails", "lead"),)),
    "what has no time yet": (unscheduled, (("/calendar", "cell"),)),
    "snippets": (snippets, (("/texts", "cell"),)),
    "people": (people, (("/people", "lead"),)),
    "departments": (departments, (("/departments", "lead"),)),
}


@pytest.mark.proof
@pytest.mark.parametrize("what", LISTS)
def test_a_list_runs_as_many_queries_for_sixty_rows_as_for_a_few(site: Site, what: str) -> None:
    furnish, pages = LISTS[what]
    furnish(site.city, FEW)
    few = {page: count_queries(site, *page) for page in pages}
    furnish(site.city, MANY)
    for page in pages:
        many = count_queries(site, *page)
        assert many.rows > few[page].rows, page
        assert many.statements == few[page].statements, page


class PageCounts(NamedTuple):
    """The number of statements of a page, and of the rows or items that it shows."""

    statements: int
    rows: int


def count_queries(site: Site, path: str, role: str) -> PageCounts:
    """Open a page twice as a person of this role; the second request counts."""
    browser = site.browser(CAST[role])
    browser.page(path)
    with statements(site.city.database) as executed:
        page = browser.page(path)
    return PageCounts(
        len(executed), sum(tag.tag in ("li", "tr", "article", "section") for tag in page.all)
    )


def test_the_layout_of_a_page_runs_at_most_five_queries(site: Site) -> None:
    """The introduction shows no rows of its own; a clock runs."""
    with site.city.write() as session:
        session.add(ClockBeat(name="clock-1", started_at=site.city.now, beat_at=site.city.now))
    for role in CAST:
        assert 0 < count_queries(site, "/tour/1", role).statements <= 5, role


@pytest.mark.parametrize(
    ("path", "role", "most"),
    [
        ("/submissions", "cell", 13),
        ("/submissions", "officer", 12),
        ("/decisions", "lead", 11),
        ("/comments/{comment}", "officer", 15),
        ("/posts/{post}/review", "officer", 14),
    ],
)
def test_a_page_opened_many_times_a_day_runs_few_queries(
    site: Site, path: str, role: str, most: int
) -> None:
    city = site.city
    comment_id = city.comment(under=city.live()[0])
    post_id = city.in_review(on=["x", "facebook"])
    submissions(city, FEW)
    missed(city, 1)
    counted = count_queries(site, path.format(comment=comment_id, post=post_id), role)
    assert counted.statements <= most


def test_an_officer_answers_a_comment_in_at_most_26_queries(site: Site) -> None:
    """One of them locks the appointment, which is not put back while it decides.

    Five of them close the officer's task.
    """
    comment_id = site.city.comment(under=site.city.live()[0])
    officer = site.browser(CAST["officer"])
    officer.page(f"/comments/{comment_id}")
    with statements(site.city.database) as executed:
        response = officer.post(f"/comments/{comment_id}/answer", {"text": "उद्या सकाळी येईल."})
    assert response.status_code == 302
    assert len(executed) <= 26
