"""Lists and histories of one row have pages, on which everything is once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from publisher.models.desk import QuietTime
from publisher.models.emergency import Duty
from tests.support import city_controls, crowd
from tests.web.site import Browser, Site


def steps_of(browser: Browser, path: str) -> int:
    """Return the number of steps of the timeline that are over."""
    timeline = browser.get(path).text.partition('<ol class="timeline">')[2].partition("</ol>")[0]
    return timeline.count("<li>")


def test_a_long_history_begins_with_its_end_and_goes_back_to_the_start(site: Site) -> None:
    post_id = site.city.in_review()
    path, clerk = f"/posts/{post_id}", site.browser("clerk")
    before = steps_of(clerk, path)
    assert before > 0
    assert "page=2" not in clerk.get(path).text
    with site.city.write() as session:
        where = {"events": f"subject = 'posts' AND subject_id = {post_id}"}
        crowd.copy_rows(session, ("events",), 120, where=where)
    counts = []
    while path:
        page = clerk.get(path).text
        counts.append(steps_of(clerk, path))
        earlier = re.search(r'rel="next" href="([^"]+)"', page)
        path = earlier[1] if earlier else ""
    assert counts[:2] == [50, 50], counts
    assert sum(counts) >= 120


def test_the_newest_notes_stand_first_and_the_older_behind_a_link(site: Site) -> None:
    post_id = site.city.draft(site.city.hand_in())
    for number in range(30):
        site.city.note(post_id, f"टीप क्रमांक-{number:02}")
    clerk = site.browser("clerk")
    newest, older = (clerk.get(f"/posts/{post_id}/draft{page}").text for page in ("", "?page=2"))
    assert [newest.count(f"क्रमांक-{number:02}") > 0 for number in (9, 10, 29)] == [False, True, True]
    assert [older.count(f"क्रमांक-{number:02}") > 0 for number in (0, 9, 10)] == [True, True, False]


def test_a_texts_changes_are_shown_twenty_at_once(site: Site) -> None:
    text_id, clerk = site.city.snippet(), site.browser("clerk")
    with site.city.write() as session:
        where = {"events": f"subject = 'starting_texts' AND subject_id = {text_id}"}
        crowd.copy_rows(session, ("events",), 30, where=where)
    pages = [clerk.get(f"/texts/{text_id}{page}").text for page in ("", "?page=2")]
    counts = [page.partition("reversed>")[2].count("<li>") for page in pages]
    assert counts == [20, 11]


@pytest.mark.parametrize(
    ("list_path", "form_path"), [("/slots", "/slots/quiet"), ("/posts/{}", "/posts/{}/notes")]
)
def test_a_list_below_a_refused_form_leads_on(site: Site, list_path: str, form_path: str) -> None:
    """Some forms are sent to an address that has no page: its links lead to that of the list."""
    post_id, clerk = site.city.in_review(), site.browser("clerk")
    with site.city.write() as session:
        where = {"events": f"subject = 'posts' AND subject_id = {post_id}"}
        crowd.copy_rows(session, ("events",), 120, where=where)
        lead, now = site.city.people["lead"], site.city.now
        hours = [{"begins": minute, "ends": 400, "set_at": now} for minute in range(60)]
        session.add_all(QuietTime(**hour, set_by_id=lead) for hour in hours)
    refused = clerk.post(form_path.format(post_id), {})
    assert refused.status_code == 422
    (following,) = re.findall(r'rel="next" href="([^"]+)"', refused.text)
    assert following == f"{list_path.format(post_id)}?page=2"
    assert 'rel="prev"' in clerk.get(following).text


def test_coming_and_waiting_duties_each_have_pages_of_their_own(site: Site) -> None:
    """A year of duties, one a day: the reader pages through each list, and the other stays."""
    city = site.city
    with city.write() as session:
        for day in range(1, 261):
            begins = city.now + timedelta(days=day)
            times = {"from_at": begins, "until_at": begins + timedelta(hours=8)}
            recorded = {"recorded_by_id": city.people["admin"], "recorded_at": city.now}
            office, person_id = city.appointments["admin"], city.people["first"]
            row = Duty(**times, **recorded, recorded_under_id=office, person_id=person_id)
            row.approved_at = city.now if day % 4 else None
            session.add(row)
    lead, counts = site.browser("lead"), []
    for parameter in ("coming", "waiting"):
        path = "/duty"
        while path:
            page = lead.get(path).text
            counts.append(page.count("/end"))
            following = re.search(rf'rel="next" href="([^"]+\b{parameter}=\d+)"', page)
            path = following[1] if following else ""
    assert counts == [50] * 7 + [45] + [50, 50, 40], "25 of each at most"


def test_freezes_in_force_and_to_come_have_pages(site: Site) -> None:
    city = site.city
    for ahead in range(30):
        city_controls.add_freeze(city, department="water", ahead=ahead, days=1)
    clerk = site.browser("lead")
    counts = [clerk.get(f"/freezes{page}").text.count("/lift") for page in ("", "?standing=2")]
    assert counts == [20, 10]
    assert 'href="/freezes?standing=2"' in clerk.get("/freezes").text


def test_fifty_revisions_at_once_are_offered_for_comparison(site: Site) -> None:
    """The two that are compared stay chosen while the reader pages to the older ones."""
    post_id = site.city.draft(site.city.hand_in())
    for number in range(2, 61):
        site.city.save(post_id, text=f"मजकूर क्रमांक {number}")
    clerk, path = site.browser("clerk"), f"/posts/{post_id}/compare"
    newest = clerk.get(path).text
    assert len(re.findall(r"<option value=", newest)) == 2 * 50
    assert 'value="10"' not in newest
    older = clerk.get(re.findall(r'rel="next" href="([^"]+)"', newest)[0]).text
    assert len(re.findall(r"<option value=", older)) == 2 * 10 + 2
    assert 'value="1"' in older
    assert re.findall(r'<option value="(\d+)" selected', older) == ["59", "60"]
