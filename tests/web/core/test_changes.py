"""An open page asks by itself what has changed: it learns that, and it is no sign of its reader."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from approvals.policy import ActorKind
from publisher.auth.sessions import IDLE_LIMIT, SEEN_EVERY
from publisher.mail.mailbox.preparation import PreparedMail
from publisher.mail.mailbox.receive import receive
from publisher.mail.messages.message import UnreadableReason
from publisher.models.history import Event
from publisher.models.people import SignIn
from publisher.models.posts import Revision
from publisher.reports.live_mark import LATE, OLDEST
from publisher.tasks.tick import tick_tasks
from tests.support import city_controls, mailed
from tests.support.city import statements
from tests.support.city_people import HOUR
from tests.web.site import Browser, Site
from tests.web.world import CAST
from web.core.auth import BY_ITSELF

MARK = re.compile(r'data-mark="([^"]+)"')
BY_ITSELF_HEADERS = {BY_ITSELF: "1"}


def mark_of(browser: Browser, path: str = "/") -> str:
    """Open a page, and return its mark."""
    match = MARK.search(browser.get(path).text)
    assert match is not None
    return match[1]


def made_now(site: Site, mark: str) -> str:
    """Return the mark as if the page had shown the same a moment ago."""
    return f"{mark.rpartition('-')[0]}-{int(site.city.now.timestamp())}"


def ask(browser: Browser, mark: str) -> dict[str, object] | None:
    """Ask what has changed since; return the answer, None if nothing has."""
    response = browser.get(f"/changes?mark={mark}")
    assert response.status_code in (200, 204), response.status_code
    assert "Set-Cookie" not in response.headers
    return response.get_json() if response.status_code == 200 else None


@pytest.mark.twin
@pytest.mark.parametrize("role", CAST)
def test_a_page_that_shows_all_is_told_nothing(any_site: Site, role: str) -> None:
    any_site.city.live()
    browser = any_site.browser(CAST[role])
    mark = mark_of(browser)
    with statements(any_site.city.database) as executed:
        assert ask(browser, mark) is None
    # The session's, the one about the changes, and for oversight that of its line.
    assert len(executed) == (3 if role == "oversight" else 2)


def test_a_new_comment_is_told_with_the_counts_and_a_new_mark_once(any_site: Site) -> None:
    live = any_site.city.live()[0]
    officer = any_site.browser("first")
    mark = mark_of(officer)
    any_site.city.comment(under=live)
    found = ask(officer, mark)
    assert found is not None
    assert found["tabs"]["/"] == found["tabs"]["/comments"] == 1  # type: ignore[index]  # JSON
    assert found["mark"] != mark
    assert ask(officer, str(found["mark"])) is None
    assert ask(officer, mark) == found, "the older mark, of another tab, is told as well"


def test_roles_are_told_what_concerns_them_and_no_more(any_site: Site) -> None:
    city = any_site.city
    live = city.live()[0]
    readers = ("first", "member", "oversight", "clerk", "auditor", "road_officer", "road_member")
    browsers = {name: any_site.browser(name) for name in readers}

    def told() -> set[str]:
        return {name for name in readers if ask(browsers[name], made_now(any_site, marks[name]))}

    marks = {name: mark_of(browser) for name, browser in browsers.items()}
    comment = city.comment(under=live)
    assert told() == {"first", "member", "oversight", "auditor"}, "it is nobody's turn at the cell"
    marks = {name: mark_of(browser) for name, browser in browsers.items()}
    city.in_review("road")
    assert told() == {"clerk", "auditor", "road_officer", "road_member"}
    marks = {name: mark_of(browser) for name, browser in browsers.items()}
    city.hand_in(department="road")
    assert told() == {"clerk", "auditor", "road_officer", "road_member"}
    marks = {name: mark_of(browser) for name, browser in browsers.items()}
    mention = city.comment()
    assert told() == {"clerk", "auditor"}
    city.assign(mention, "road")
    assert "road_officer" in told()
    marks = {name: mark_of(browser) for name, browser in browsers.items()}
    transfer = {"department": str(city.departments["road"]), "reason": "रस्त्याचा प्रश्न आहे."}
    assert (
        any_site.browser("lead").post(f"/comments/{comment}/transfer", transfer).status_code == 302
    )
    others = set(readers) - {"clerk"}
    assert told() == others, "who had it is told as well: it leaves their list"


def test_what_went_out_is_told_to_its_department_and_to_all_who_see_it(site: Site) -> None:
    """Nobody has anything to do about it, but their pages show that it is live."""
    site.city.schedule(site.city.approved(), HOUR)
    names = ("first", "member", "clerk", "auditor", "road_officer")
    browsers = {name: site.browser(name) for name in names}
    marks = {name: mark_of(browser) for name, browser in browsers.items()}
    assert site.city.tick_dispatch(HOUR) == 1
    told = {name for name in names if ask(browsers[name], made_now(site, marks[name]))}
    assert told == {"first", "member", "clerk", "auditor"}


def test_a_mail_that_waits_is_told_to_the_cell_at_once(any_site: Site) -> None:
    names = ("clerk", "lead", "auditor", "admin", "member", "head")
    browsers = {name: any_site.browser(name) for name in names}

    def told() -> set[str]:
        return {name for name in names if ask(browsers[name], made_now(any_site, marks[name]))}

    marks = {name: mark_of(browser) for name, browser in browsers.items()}
    waiting = mailed.add_waiting(any_site.city, "x")
    assert told() == {"clerk", "lead"}
    marks = {name: mark_of(browser) for name, browser in browsers.items()}
    assert (
        browsers["lead"].post(f"/quarantine/{waiting['quarantine_id']}/delete").status_code == 302
    )
    assert told() == {"clerk", "lead"}
    marks = {name: mark_of(browser) for name, browser in browsers.items()}
    unread = PreparedMail(any_site.city.store.save(b"?"), 1, unreadable=UnreadableReason.NO_HEADERS)
    intake = mailed.intake_of(any_site.city.store)
    with any_site.city.write() as session:
        receive(session, unread, intake=intake, now=any_site.city.now)
    assert told() == {"clerk", "lead"}


def test_who_signs_in_or_is_mailed_changes_no_page(any_site: Site) -> None:
    clerk = any_site.browser("clerk")
    mark = mark_of(clerk)
    any_site.browser("first")
    any_site.browser("lead")
    assert ask(clerk, mark) is None


def test_a_stop_is_told_to_everybody(site: Site) -> None:
    browsers = {name: site.browser(name) for name in CAST.values()}
    marks = {name: mark_of(browser) for name, browser in browsers.items()}
    city_controls.stop_all(site.city)
    assert all(ask(browser, marks[name]) for name, browser in browsers.items())


@pytest.mark.parametrize(
    "mark",
    [
        "",
        "x",
        "1-2",
        "1-2-3",
        "1-2-3-4",
        "1-2-3-4-5",
        "-1--1--1",
        "१-२-३",
        "1-2-3%00",
        "999999999999999999-999999999999999999-999999999999999999-999999999999",
        "9" * 300,
        "1-1-1' OR 1=1",
    ],
)
def test_a_tampered_mark_is_answered_with_a_new_one(any_site: Site, mark: str) -> None:
    officer = any_site.browser("first")
    found = ask(officer, mark)
    assert found is not None
    assert ask(officer, str(found["mark"])) is None


def test_the_parts_of_a_mark_may_be_tampered_with_one_by_one(any_site: Site) -> None:
    any_site.city.live()
    officer = any_site.browser("first")
    parts = mark_of(officer).split("-")
    for at, huge in ((1, "9" * 18), (2, "9" * 18), (3, "9" * 12), (3, "0")):
        mark = "-".join([*parts[:at], huge, *parts[at + 1 :]])
        found = ask(officer, mark)
        assert found is not None
        assert ask(officer, str(found["mark"])) is None


def test_the_mark_of_another_person_is_answered_with_ones_own(any_site: Site) -> None:
    clerk, officer = any_site.browser("clerk"), any_site.browser("first")
    found = ask(officer, mark_of(clerk))
    assert found is not None
    assert str(found["mark"]).split("-")[0] == mark_of(officer).split("-")[0]


def test_a_tab_that_slept_for_a_day_is_told(any_site: Site) -> None:
    """More has happened meanwhile than a mark may be behind, all of it in another department."""
    post = any_site.city.in_review("road")
    officer = any_site.browser("first")
    mark = mark_of(officer)
    add_events(any_site, post, range(1, OLDEST - LATE))
    assert ask(officer, mark) is None
    add_events(any_site, post, range(1, 2 * LATE))
    found = ask(officer, mark)
    assert found is not None
    assert ask(officer, str(found["mark"])) is None


def test_what_time_alone_changes_is_told_once_the_clock_has_looked(any_site: Site) -> None:
    """A head decides once the officers' time is over, which no event says."""
    city = any_site.city
    city.in_review("water")
    with city.read() as session:
        head_decides_at = session.scalars(select(Revision.head_decides_at)).one()
    assert head_decides_at is not None
    city.clock.move(head_decides_at - city.now - timedelta(seconds=1))
    head = any_site.browser("head")
    mark = mark_of(head)
    city.clock.move(timedelta(seconds=1))
    with statements(city.database) as executed:
        assert ask(head, mark) is None
    assert len(executed) == 2
    tick_tasks(city.database, now=city.clock)
    found = ask(head, mark)
    assert found is not None
    assert found["tabs"]["/"] == 1  # type: ignore[index]  # JSON
    assert ask(head, str(found["mark"])) is None


def test_the_mark_of_a_machine_whose_clock_is_ahead_is_no_change(site: Site) -> None:
    officer = site.browser("first")
    mark = mark_of(officer)
    site.city.clock.move(-timedelta(seconds=2))
    assert ask(officer, mark) is None


@pytest.mark.twin
def test_what_is_committed_late_under_a_smaller_id_is_told(any_site: Site) -> None:
    """PostgreSQL numbers the events of two transactions before it is known which ends first."""
    post = any_site.city.in_review("water")
    add_events(any_site, post, [20])
    clerk = any_site.browser("clerk")
    mark = mark_of(clerk)
    add_events(any_site, post, [-10])
    assert ask(clerk, mark) is not None


def add_events(site: Site, post_id: int, distances: Iterable[int]) -> None:
    """Add an event about a post for each distance of its id from the last one."""
    with site.city.write() as session:
        last = session.scalars(select(func.max(Event.id))).one()
        event = {"at": site.city.now, "subject": "posts", "subject_id": post_id, "verb": "note"}
        rows = [
            {**event, "id": last + distance, "actor_kind": ActorKind.CLOCK, "details": {}}
            for distance in distances
        ]
        session.execute(insert(Event), rows)


def test_asking_is_no_sign_of_the_reader_and_lets_the_session_end(site: Site) -> None:
    officer = site.browser("first")
    mark = mark_of(officer)
    before = sign_in(site)
    for _ in range(4):
        site.city.clock.move(IDLE_LIMIT / 5)
        assert ask(officer, made_now(site, mark)) is None
        assert officer.get("/", **BY_ITSELF_HEADERS).status_code == 200
    assert sign_in(site) == before, "neither seen nor proved"
    site.city.clock.move(IDLE_LIMIT / 5)
    for path in (f"/changes?mark={mark}", "/"):
        ended = officer.get(path, **BY_ITSELF_HEADERS)
        assert (ended.status_code, ended.text) == (401, "")
        assert "Location" not in ended.headers
    assert sign_in(site) == before


def test_only_a_get_can_be_by_itself(site: Site) -> None:
    """A form that says so is a sign of its reader all the same."""
    officer = site.browser("first")
    before = sign_in(site)
    site.city.clock.move(SEEN_EVERY)
    officer.client.post("/profile", base_url=officer.base, headers=BY_ITSELF_HEADERS)
    assert sign_in(site) != before


def test_an_exchanged_region_takes_no_message_away(site: Site) -> None:
    officer = site.browser("first")
    saved = officer.post("/profile", officer.page("/profile").form("profile"))
    assert saved.status_code == 302
    by_itself = officer.get("/profile", **BY_ITSELF_HEADERS)
    assert "tone-green" not in by_itself.text
    assert "Set-Cookie" not in by_itself.headers
    assert "tone-green" in officer.get("/profile").text


def test_a_page_that_answers_a_form_is_not_exchanged(site: Site) -> None:
    refused = site.browser("member").post("/submissions/new", {})
    assert refused.status_code == 422
    assert MARK.search(refused.text) is None
    assert "live.js" not in refused.text


def sign_in(site: Site) -> tuple[object, ...]:
    """Return the times of the officer's session."""
    with site.city.read() as session:
        query = select(SignIn).where(SignIn.person_id == site.city.people["first"])
        row = session.scalars(query).one()
        return row.seen_at, row.proved_at, row.ended_at
