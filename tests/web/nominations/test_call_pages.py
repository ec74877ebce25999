"""The cell calls departments, records their heads, phones, and sees who has named."""

from __future__ import annotations

from tests.nominations.steps import Calls
from tests.web.html_page import Page
from tests.web.site import Site

NEW = {"order_number": "साप्रवि/४५", "ordered_on": "20/11/2026", "nominate_by": "5/12/2026"}
NAMED_NONE, NAMED_ONE = "१ पैकी ० विभागांनी नावे दिली", "१ पैकी १ विभागांनी नावे दिली"


def test_a_call_is_opened_phoned_and_seen_on_today(site: Site) -> None:
    calls, lead = Calls(site.city), site.browser("lead")
    garden = str(site.city.departments["garden"])
    assert f'value="{garden}" checked' in lead.get("/calls/new").text
    water = str(site.city.departments["water"])
    assert f'value="{water}" checked' not in lead.get("/calls/new").text
    response = lead.post("/calls/new", {**NEW, "departments": garden})
    assert NAMED_NONE in lead.get(response.location).text
    assert NAMED_NONE in lead.get("/").text
    key = calls.addressee().id
    lead.post(f"{response.location}/{key}/telephoned")
    assert "दूरध्वनी केला" in lead.get(f"{response.location}?view=not_reached").text
    assert lead.post(f"{response.location}/{key}/again").status_code == 409
    calls.wait(0.1)
    calls.head()
    assert 'href="tel:+919800000001"' in lead.get(response.location).text
    calls.tick()
    calls.name()
    assert NAMED_ONE in lead.get(response.location).text
    csv = lead.get(f"{response.location}.csv").text
    assert "garden" in csv
    assert "सुनंदा पाटील" in csv
    assert "विभागांनी नावे दिली" not in lead.get("/").text
    lead.post(f"{response.location}/close")
    assert "बंद" in lead.get("/calls").text


def test_an_open_call_stands_on_the_heads_today_until_it_is_answered(site: Site) -> None:
    calls, head = Calls(site.city), site.browser("head")
    asked = "दोन समन्वयकांची नावे द्यावीत, मुदत"
    assert asked not in head.get("/").text
    call_id = calls.open("water")
    assert asked in head.get("/").text
    site.browser("lead").post(f"/calls/{call_id}/close")
    assert asked not in head.get("/").text


def test_after_a_button_the_same_list_is_shown(site: Site) -> None:
    calls, lead = Calls(site.city), site.browser("lead")
    calls.head()
    path = f"/calls/{calls.open('garden', 'road')}?view=open"
    actions = [form.get("action") for form in lead.page(path).all if form.tag == "form"]
    for act in ("telephoned", "again"):
        action = next(action for action in actions if action.endswith(f"/{act}?view=open"))
        assert lead.post(action, {}).headers["Location"] == path


def test_a_call_leads_back_to_the_list_of_calls(site: Site) -> None:
    call_id = Calls(site.city).open()
    page = site.browser("lead").page(f"/calls/{call_id}")
    ways = [link.get("href") for link in page.all if "action-link" in link.get("class").split()]
    assert "/calls" in ways


def test_a_call_without_departments_is_refused_with_all_that_was_typed(site: Site) -> None:
    response = site.browser("lead").post("/calls/new", NEW)
    assert response.status_code == 422
    assert 'value="साप्रवि/४५"' in response.text


def test_heads_are_pasted_corrected_and_recorded(site: Site) -> None:
    lead = site.browser("lead")
    assert "उद्यान विभाग" in lead.get("/calls/heads").text
    order = {"order_number": "साप्रवि/४५", "in_force_on": "20/11/2026"}
    lines = "garden\tचारुता\tअधीक्षक\tc@pmc.example\t020-25501000\twater"
    shown = lead.post("/calls/heads", {**order, "step": "read", "pasted": lines}).text
    assert 'value="020-25501000" aria-invalid="true"' in shown
    assert "ओळ १: उद्यान विभाग" in shown, "not the code that was pasted"
    fieldset = Page(shown).by_id("row-0-name_mr").within("fieldset")
    assert fieldset is not None
    assert "field-wrong" not in fieldset.get("class"), "only the wrong field is marked"
    row = {"department": "garden", "name_mr": "चारुता", "mail": "c@pmc.example", "mobile": "98"}
    table = {"rows": "1", **{f"row-0-{column}": text for column, text in row.items()}}
    refused = lead.post("/calls/heads", {**order, **table, "step": "record"})
    assert refused.status_code == 409
    assert 'value="चारुता"' in refused.text
    table["row-0-mobile"] = "98000 00001"
    assert lead.post("/calls/heads", {**order, **table, "step": "record"}).status_code == 302
    assert "चारुता" in site.browser("admin").get("/people/waiting").text
