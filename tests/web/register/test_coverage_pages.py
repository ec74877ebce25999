"""The coverage: five states that add up, the list behind each number, and the lead's Today."""

from __future__ import annotations

import csv
import io

from publisher.models.people import Department, Person
from tests.web.html_page import Page
from tests.web.site import Browser, Site
from web.reports.csv_files import BOM


def hrefs(page: Page) -> list[str]:
    return [tag.get("href") for tag in page.all if tag.tag == "a"]


def rows_of(browser: Browser, path: str) -> list[list[str]]:
    response = browser.get(path)
    return list(csv.reader(io.StringIO(response.text.removeprefix(BOM))))[1:]


def test_each_number_of_the_coverage_opens_its_list(site: Site) -> None:
    with site.city.write() as session:
        water = session.get_one(Department, site.city.departments["water"])
        water.reports_to_id = site.city.departments["health"]
    lead = site.browser("lead")
    page = lead.page("/coverage")
    above = site.city.departments["health"]
    for path in ("/coverage/list?state=none", f"/coverage/list?state=unseen&above={above}"):
        assert path in hrefs(page)
    assert "/departments/water" in hrefs(lead.page(f"/coverage/list?state=unseen&above={above}"))
    none = hrefs(lead.page("/coverage/list?state=none"))
    assert {"/departments/garden", "/departments/health"} <= set(none)
    assert "/departments/water" not in none
    assert len([tag for tag in page.all if tag.tag == "rect"]) == 2 * 3, "two drawings"


def test_long_names_of_offices_differ_beside_the_bars(site: Site) -> None:
    offices = ("health", "garden")
    with site.city.write() as session:
        session.get_one(Person, site.city.people["lead"]).language = "en"
        for code, line in zip(("water", "road"), offices, strict=True):
            department = session.get_one(Department, site.city.departments[code])
            department.reports_to_id = site.city.departments[line]
        for line, name in zip(offices, ("General", "Special"), strict=True):
            office = session.get_one(Department, site.city.departments[line])
            office.name_en = f"Office of the Additional Municipal Commissioner ({name})"
    page = site.browser("lead").page("/coverage")
    names = {tag.text for tag in page.all if "chart-name" in tag.get("class")}
    start = "Office of the Additional …"
    assert {f"{start} (General)", f"{start} (Special)"} <= names


def test_the_states_of_the_coverage_add_up_in_the_csv(site: Site) -> None:
    lead = site.browser("lead")
    states = ("none", "one", "two", "active", "unseen")
    parts = [rows_of(lead, f"/coverage.csv?state={state}") for state in states]
    assert [len(part) for part in parts] == [3, 1, 0, 0, 1]
    assert len(rows_of(lead, "/coverage.csv")) == 5
    assert parts[1][0][:3] == ["road", "पथ विभाग", ""]


def test_the_register_counts_officers_as_the_coverage_does(site: Site) -> None:
    lead = site.browser("lead")
    for state, number in (("none", "none"), ("one", "one"), ("unseen", "two")):
        listed = {row[0] for row in rows_of(lead, f"/coverage.csv?state={state}")}
        registered = {row[0] for row in rows_of(lead, f"/departments.csv?officers={number}")}
        assert listed == registered


def test_oversight_sees_its_own_line_alone(site: Site) -> None:
    rows = rows_of(site.browser("oversight"), "/coverage.csv")
    assert "garden" not in {row[0] for row in rows}


def test_the_leads_today_has_the_number(site: Site) -> None:
    page = site.browser("lead").page("/")
    assert "दोन सक्रिय समन्वयक नसलेले विभाग: ५ पैकी ४" in page
    assert "/coverage" in hrefs(page)
    assert "/coverage" not in hrefs(site.browser("clerk").page("/"))
