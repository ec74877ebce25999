"""The annex as a page and as CSV, in the circular's form."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select

from publisher.models.history import Event
from publisher.people.departments import NAMED_NOBODY
from tests.papers import reading
from tests.web.site import Site
from web.reports.csv_files import BOM


def test_the_annex_of_today_has_the_circulars_sentence_and_columns(site: Site) -> None:
    page = site.browser("lead").page("/annex")
    assert "साठी नावे न कळविलेले विभाग दि. २५ नोव्हेंबर २०२६ पर्यंत" in page
    assert [tag.text for tag in page.all if tag.tag == "th"] == ["अ. क्र.", "विभाग / खाते"] * 2
    cells = [tag.text for tag in page.all if tag.tag == "td"]
    names = ["आरोग्य विभाग", "उद्यान विभाग", "माहिती व तंत्रज्ञान विभाग"]
    assert cells == ["१", names[0], "२", names[1], "३", names[2]]


def test_the_annex_on_paper_has_the_same_form_in_marathi(site: Site) -> None:
    lead = site.browser("lead")
    lead.get("/annex")
    lead.post("/language", {"lang": "en", "next": "/annex"})
    assert "/annex.pdf?on=2026-11-25" in lead.get("/annex").text
    response = lead.get("/annex.pdf?on=2026-11-25")
    assert response.headers["Content-Disposition"] == "attachment; filename=annex-2026-11-25.pdf"
    text = reading.whole(response.data)
    assert "साठी नावे न कळविलेले विभाग दि. २५ नोव्हेंबर २०२६ पर्यंत" in text
    assert text.count("अ. क्र.") == 2
    names = ["आरोग्य विभाग", "उद्यान विभाग", "माहिती व तंत्रज्ञान विभाग"]
    for number, name in zip("१२३", names, strict=True):
        assert f"{number} {name}" in text


def test_oversight_finds_only_the_departments_of_its_line(site: Site) -> None:
    page = site.browser("oversight").page("/annex")
    assert [tag.text for tag in page.all if tag.tag == "td"] == ["१", "माहिती व तंत्रज्ञान विभाग"]
    assert "देखरेखीखालील" in page
    note = "केवळ माहिती व तंत्रज्ञान विभाग यांच्या देखरेखीखालील विभाग."
    assert note in reading.whole(site.browser("oversight").get("/annex.pdf").data)
    assert note not in reading.whole(site.browser("lead").get("/annex.pdf").data)


@pytest.mark.parametrize(
    ("on", "says"),
    [
        ("31 June", "दिनदर्शिकेत असा दिवस नाही."),
        ("1990-01-01", "वर्ष २००० ते २०९९"),
        ("2021-07-13", "१४ जुलै २०२१ पूर्वीची कोणतीही नोंद नाही."),
        ("tomorrow", "हा दिवस अजून आलेला नाही."),
    ],
)
def test_a_day_without_an_annex_is_refused_at_its_field(site: Site, on: str, says: str) -> None:
    response = site.browser("lead").get(f"/annex?on={on}")
    assert response.status_code == 200, "as a list whose filter cannot be read"
    assert says in response.text
    assert "नावे न कळविलेले विभाग दि." not in response.text
    assert site.browser("lead").get(f"/annex.csv?on={on}").status_code == 404


def test_the_annex_as_csv_is_logged(site: Site) -> None:
    response = site.browser("auditor").get("/annex.csv?on=2026-11-25")
    rows = list(csv.reader(io.StringIO(response.text.removeprefix(BOM))))
    assert rows[1] == ["१", "आरोग्य विभाग", "health"]
    with site.city.read() as session:
        events = session.scalars(select(Event).where(Event.verb == "export")).all()
        assert [event.details for event in events] == [{"page": "annex", "rows": 3}]


def test_before_the_system_was_in_use_the_circular_counts(site: Site) -> None:
    page = site.browser("lead").page("/annex?on=2021-07-14")
    assert "प्रणाली वापरात येण्यापूर्वीचा" in page
    assert NAMED_NOBODY not in page
