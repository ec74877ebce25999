"""The register and the report: lists behind their numbers, periods, and CSV files."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.models.history import Event
from publisher.models.people import Department
from tests.support.city import statements
from tests.support.city_people import DAY
from tests.support.crowd import copy_submissions
from tests.web.site import Browser, Site
from web.reports.csv_files import BOM


def rows_of(browser: Browser, path: str) -> list[list[str]]:
    response = browser.get(path)
    assert response.mimetype == "text/csv"
    assert response.text.startswith(BOM)
    return list(csv.reader(io.StringIO(response.text.removeprefix(BOM))))


def hrefs(browser: Browser, path: str) -> list[str]:
    return [tag.attributes["href"] for tag in browser.page(path).all if tag.tag == "a"]


@pytest.mark.parametrize(
    ("officers", "codes"),
    [
        ("none", {"garden", "health", "information-technology"}),
        ("one", {"road"}),
        ("two", {"water"}),
    ],
)
def test_departments_are_chosen_by_their_number_of_officers(
    site: Site, officers: str, codes: set[str]
) -> None:
    lead = site.browser("lead")
    assert f"/departments?officers={officers}" in hrefs(lead, "/departments")
    shown = hrefs(lead, f"/departments?officers={officers}")
    assert {code for code in site.city.departments if f"/departments/{code}" in shown} == codes
    assert f"/departments.csv?officers={officers}" in shown
    table = rows_of(lead, f"/departments.csv?officers={officers}")
    assert {row[0] for row in table[1:]} == codes


def test_the_number_of_departments_without_an_officer_leads_to_them(site: Site) -> None:
    lead = site.browser("lead")
    page = lead.page("/departments")
    link = next(tag for tag in page.all if tag.tag == "a" and "३ विभाग" in tag.text)
    assert link.attributes["href"] == "/departments?officers=none"


def test_a_period_in_which_nothing_was_published_has_no_empty_chart(site: Site) -> None:
    lead = site.browser("lead")
    assert "या कालावधीत काहीही प्रसिद्ध झाले नाही." in lead.page("/report")
    assert 'id="weeks-title"' not in lead.page("/report").html
    site.city.live()
    assert 'id="weeks-title"' in lead.page("/report").html


def test_a_search_does_not_say_that_no_department_lacks_an_officer(site: Site) -> None:
    lead = site.browser("lead")
    assert "/departments/water" in hrefs(lead, "/departments?q=water")
    counted = r"[०-९]+ विभागा\S* समन्वयका"
    assert re.search(counted, lead.page("/departments").text)
    assert not re.search(counted, lead.page("/departments?q=water").text)


def test_the_register_as_csv_names_its_people_and_is_logged(site: Site) -> None:
    with site.city.write() as session:
        session.get_one(Department, site.city.departments["road"]).name_mr = "=पथ"
    table = rows_of(site.browser("lead"), "/departments.csv")
    water = next(row for row in table if row[0] == "water")
    assert water[2:6] == ["2", "मेधा सातपुते", "नितीन घोलप", "उज्ज्वला चव्हाणके"]
    assert water[6] == "माहिती व तंत्रज्ञान विभाग"
    assert next(row for row in table if row[0] == "road")[1] == "'=पथ"
    with site.city.read() as session:
        event = session.scalars(select(Event).where(Event.verb == "export")).one()
    assert event.details == {"page": "departments", "rows": 5}


def test_oversight_takes_only_its_own_departments_away(site: Site) -> None:
    table = rows_of(site.browser("oversight"), "/departments.csv")
    assert {row[0] for row in table[1:]} == {"water", "information-technology"}


def test_each_number_of_the_report_leads_to_what_it_counts(site: Site) -> None:
    live = site.city.live()[0]
    answered, open_comment = site.city.comment(under=live), site.city.comment("कधी?", under=live)
    site.city.clock.at += 20 * DAY
    site.city.answer(answered)
    site.city.tick_dispatch()
    site.city.note_answers()
    lead, water = site.browser("lead"), site.city.departments["water"]
    links = [href for href in hrefs(lead, "/report") if href.startswith("/report/list")]
    of_water = {
        href.split("counted=")[1].split("&")[0]: href
        for href in links
        if f"department={water}" in href
    }
    assert set(of_water) == {"posts", "answers", "late", "overdue"}
    assert any(href.startswith("/posts/") for href in hrefs(lead, of_water["posts"]))
    assert f"/comments/{answered}" in hrefs(lead, of_water["late"])
    assert f"/comments/{open_comment}" in hrefs(lead, of_water["overdue"])
    assert f"/comments/{answered}" not in hrefs(lead, of_water["overdue"])
    admin = site.browser("admin")
    kinds = {
        href.split("counted=")[1].split("&")[0]
        for href in hrefs(admin, "/report")
        if "counted=" in href
    }
    assert kinds == {"posts"}
    assert admin.get(of_water["late"]).status_code == 404


def test_departments_without_a_number_are_behind_all(site: Site) -> None:
    site.city.live()
    lead = site.browser("lead")
    cells = [tag.text for tag in lead.page("/report").all if tag.tag == "td"]
    assert any("पाणीपुरवठा विभाग" in text for text in cells)
    assert not any("उद्यान विभाग" in text for text in cells)
    every = [tag.text for tag in lead.page("/report?period=weeks&all=1").all if tag.tag == "td"]
    assert any("उद्यान विभाग" in text for text in every)


@pytest.mark.parametrize(
    ("query", "posts"),
    [
        ("", 1),
        ("?period=month", 0),
        ("?period=last_month", 1),
        ("?period=days&from=2026-11-25&until=2026-11-25", 1),
        ("?period=days&from=2026-11-26&until=2026-11-27", 0),
        ("?period=days&from=&until=x", 1),
        ("?period=century&from=9999-12-31", 1),
    ],
)
def test_a_period_is_chosen_and_its_csv_holds_what_is_shown(
    site: Site, query: str, posts: int
) -> None:
    site.city.live()
    site.city.clock.at += timedelta(days=10)
    table = rows_of(site.browser("lead"), f"/report.csv{query}")
    assert sum(int(row[1]) for row in table[1:]) == posts
    assert {len(row) for row in table} == {5}
    weeks = rows_of(site.browser("lead"), f"/report.csv{query or '?'}&by=week")
    assert sum(int(row[2]) for row in weeks[1:]) == posts
    assert site.browser("lead").get(f"/report{query}").status_code == 200


def test_the_list_behind_a_number_is_taken_as_csv_whole_and_logged(site: Site) -> None:
    """All rows, not those of the page; what a citizen wrote is no formula of a spreadsheet."""
    city = site.city
    live = city.live()[0]
    overdue = [city.comment(f"=कधी येणार? {number}", under=live) for number in range(3)]
    city.clock.at += 20 * DAY
    city.answer(overdue.pop())
    city.tick_dispatch()
    city.note_answers()
    lead, page = site.browser("lead"), "/report/list?counted=overdue&period=year"
    (link,) = [href for href in hrefs(lead, page) if "list.csv" in href]
    headings, *rows = rows_of(lead, link)
    assert headings == ["टिप्पणी", "विभाग", "मुदत"]
    assert [row[0] for row in rows] == ["'=कधी येणार? 0", "'=कधी येणार? 1"]
    assert {row[1] for row in rows} == {"पाणीपुरवठा विभाग"}
    assert all(re.fullmatch(r"2026-1[12]-\d\d \d\d:\d\d", row[2]) for row in rows), rows
    with city.read() as session:
        event = session.scalars(select(Event).where(Event.verb == "export")).one()
    assert event.details == {"page": "report list", "rows": 2}
    counts = {
        counted: len(rows_of(lead, f"/report/list.csv?counted={counted}&period=year")) - 1
        for counted in ("posts", "answers", "late")
    }
    assert counts == {"posts": 1, "answers": 1, "late": 1}
    assert site.browser("admin").get(link).status_code == 404, "who sees no comments"


@pytest.mark.twin
def test_a_long_list_behind_a_number_is_read_in_steps_while_it_is_sent(any_site: Site) -> None:
    """Only its ids are read before: a web worker never holds the whole list."""
    city = any_site.city
    city.comment("पाणी कधी येणार?", under=city.live()[0])
    copies = 1_200
    copy_submissions(city, copies)
    city.clock.at += 30 * DAY
    lead = any_site.browser("lead")
    path = "/report/list.csv?counted=overdue&period=year"
    with statements(city.database) as executed:
        response = lead.client.get(path, base_url=lead.base, buffered=False)
        parts = response.iter_encoded()
        assert "टिप्पणी" in next(parts).decode()
        before = len(executed)
        assert not [sent for sent in executed if "comments.text" in sent], "no row was read yet"
        number = len(list(parts))
        steps = executed[before:]
    response.close()
    assert number == copies + 1
    assert len([sent for sent in steps if "comments.text" in sent]) == len(steps) == 3
    assert len(rows_of(lead, path)) == number + 1
