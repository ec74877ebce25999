"""A long list of departments is searched by typing, and works without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from publisher.models.people import Appointment, Department
from tests.browser.journey import Journey, open_journey
from tests.support.city_people import add_department
from tests.support.runs import Run

SEARCH, LIST = ".field:has(#department_id) input[type=search]", "#department_id"


@pytest.fixture(params=["with script", "without script"])
def journey(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], None],
) -> Iterator[Journey]:
    """Open a city of many departments on a phone, with and without JavaScript."""
    with open_journey(
        browser,
        run,
        tmp_path,
        width=390,
        shoot=shoot,
        javascript=request.param == "with script",
    ) as opened:
        with opened.town.write() as session:
            for number in range(14):
                add_department(session, f"d-{number:02}", name_mr=f"विभाग {number}", name_en="D")
            add_department(
                session,
                "heritage",
                name_mr="वारसा व्यवस्थापन",
                name_en="Heritage Management",
                name_hi="विरासत प्रबंधन",
            )
        yield opened


def test_a_department_is_found_by_any_of_its_names_and_recorded(journey: Journey) -> None:
    page = journey.go("admin", "/people/new")
    every = page.locator(f"{LIST} option").count()
    assert every > 15
    assert page.input_value(LIST) == "", "nothing is preselected"
    if not journey.javascript:
        assert page.locator(SEARCH).count() == 0
        page.select_option(LIST, label="वारसा व्यवस्थापन")
    else:
        for typed in ("वारसा", "heritage", "HERIT manage", "विरासत", "heritage वारसा"):
            page.fill(SEARCH, typed)
            expect(page.locator(f"{LIST} option")).to_have_count(2)  # with "Choose a department"
            expect(page.locator(".field:has(#department_id) [role=status]")).to_contain_text("१")
            assert page.input_value(LIST) == "", "it is not chosen by itself"
        box = page.locator(SEARCH).bounding_box()
        assert box is not None
        assert box["height"] >= 44
        journey.keep_picture(page, "type-ahead")
        page.press(SEARCH, "Enter")
        assert page.evaluate("document.activeElement.id") == "department_id"
        page.select_option(LIST, label="वारसा व्यवस्थापन")
        page.fill(SEARCH, "nothing of this kind")
        expect(page.locator(f"{LIST} option:checked")).to_have_text("वारसा व्यवस्थापन")
        page.fill(SEARCH, "")
        expect(page.locator(f"{LIST} option")).to_have_count(every)
    page.fill("#name_mr", "चारुता देशमुख")
    page.fill("#mail", "charuta@pmc.example")
    page.select_option("#role", "officer")
    page.locator(".submit-bar .btn-act").click()
    page.wait_for_url(lambda url: not url.endswith("/people/new"))
    with journey.town.read() as session:
        query = (
            select(Department.code)
            .join(Appointment, Appointment.department_id == Department.id)
            .order_by(Appointment.id.desc())
        )
        assert session.scalars(query).first() == "heritage"
