"""A letter on paper is printed once, and its QR code and digits lead to a proposal."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zxingcpp
from sqlalchemy import select
from werkzeug.test import TestResponse

from publisher.models.nominations import NominationLetter
from publisher.models.people import Department
from tests.nominations.letter_steps import Letters
from tests.nominations.steps import Calls
from tests.papers import reading
from tests.web.html_page import Page
from tests.web.nominations.test_name_officers import FIELDS, LANDLINE, PROPOSAL, with_sms
from tests.web.site import Browser, Site

PRINTED, NEWER, WRONG = "प्रसाद केंजळे यांनी छापले", "यानंतर नवे पत्र छापले आहे", "संकेतांक बरोबर नाही"
NOT_SET, NOT_YOURS = "निश्चित केलेले नाही", "हे पत्र या कार्यालयाच्या प्रमुखांसाठी आहे"
WAIT = "पंधरा मिनिटांनी"


@pytest.fixture
def letters(site: Site) -> Letters:
    with_sms(site)
    steps = Letters(Calls(site.city))
    steps.set_office_above("health")
    steps.calls.open()
    return steps


def page_of(letters: Letters) -> str:
    called = letters.calls.addressee()
    return f"/calls/{called.call_id}/{called.id}/office-letter"


def scanned(pdf: bytes) -> str:
    """Return the path in the QR code, as it is drawn on the paper."""
    (barcode,) = zxingcpp.read_barcodes(reading.drawn(pdf, scale=2))
    assert barcode.format == zxingcpp.BarcodeFormat.QRCode
    return urlsplit(barcode.text).path


def printed(site: Site, letters: Letters, by: str = "lead") -> tuple[str, str]:
    """Print the letter; return the path in its QR code, and its code as it is written there."""
    response = site.browser(by).post(page_of(letters))
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.headers["Cache-Control"] == "no-store"
    (code,) = re.findall(r"\d{4} \d{4}", reading.whole(response.data))
    return scanned(response.data), code


def send(browser: Browser, path: str, step: str, code: str, **fields: str) -> TestResponse:
    return browser.post(path, {**FIELDS, "step": step, "code": code, **fields})


def test_the_letter_says_to_whom_about_whom_and_until_when(site: Site, letters: Letters) -> None:
    response = site.browser("lead").post(page_of(letters))
    text = reading.whole(response.data)
    for part in ("विलास थोपटे", "आरोग्य विभाग", "उद्यान विभाग", "साप्रवि/४५", "५ डिसेंबर २०२६", "प्रस्ताव"):
        assert part in text
    assert response.headers["Content-Disposition"] == "attachment; filename=letter-garden.pdf"
    barcode = zxingcpp.read_barcodes(reading.drawn(response.data, scale=2))[0]
    assert barcode.text.startswith("https://nagarvani.example/letter/")
    (code,) = re.findall(r"\d{4} \d{4}", text)
    assert code.replace(" ", "") not in barcode.text


def test_the_call_leads_to_the_letter_whose_page_says_who_printed_it(
    site: Site, letters: Letters
) -> None:
    lead = site.browser("lead")
    call_page = f"/calls/{letters.calls.addressee().call_id}"
    assert page_of(letters) in lead.get(call_page).text
    assert PRINTED not in lead.get(page_of(letters)).text
    printed(site, letters)
    assert PRINTED in lead.get(page_of(letters)).text
    letters.calls.head()
    assert page_of(letters) not in lead.get(call_page).text
    assert lead.get(page_of(letters)).status_code == 302
    assert lead.post(page_of(letters)).status_code == 409


def test_where_no_office_is_above_it_is_said_at_its_place(site: Site, letters: Letters) -> None:
    letters.set_office_above(None)
    lead = site.browser("lead")
    page = lead.get(page_of(letters)).text
    assert NOT_SET in page
    assert "/departments/garden/place" in page
    assert lead.post(page_of(letters)).status_code == 409


@pytest.mark.parametrize("name", ["clerk", "member", "health_head"])
def test_nobody_else_prints(site: Site, letters: Letters, name: str) -> None:
    assert site.browser(name).post(page_of(letters)).status_code == 403


def test_without_a_paper_the_earlier_letter_still_works(
    site: Site, letters: Letters, tmp_path: Path
) -> None:
    letter = letters.printed()
    with site.city.write() as session:
        garden = session.get_one(Department, site.city.departments["garden"])
        garden.name_mr = "باغ"
    response = site.browser("lead").post(page_of(letters))
    assert response.status_code == 302
    assert letters.problem(letter) is None
    with site.city.read() as session:
        assert len(session.scalars(select(NominationLetter)).all()) == 1


def test_a_head_proposes_two_officers_by_the_letter(site: Site, letters: Letters) -> None:
    path, code = printed(site, letters)
    phone = site.nobody()
    asked = phone.get(path).text
    assert "उद्यान विभाग" in asked
    assert PROPOSAL in asked
    assert 'id="code"' in asked
    assert 'id="first_name_mr"' not in asked
    form = send(phone, path, "look", code).text
    assert 'value="98220 22222"' in form
    assert send(phone, path, "check", code).status_code == 200
    assert letters.calls.officers() == []
    assert send(phone, path, "name", code).status_code == 302
    assert [row.state for row in letters.calls.officers()] == ["recorded", "recorded"]
    assert phone.cookie() == ""
    done = phone.get(path).text
    assert "विलास थोपटे" in done
    assert PROPOSAL in done
    assert send(phone, path, "name", code).status_code == 409


def test_the_second_person_sees_channel_and_printer(site: Site, letters: Letters) -> None:
    path, code = printed(site, letters)
    send(site.nobody(), path, "name", code)
    waiting = site.browser("admin").get("/people/waiting").text
    assert "कागदी पत्र छापणारे: प्रसाद केंजळे" in waiting
    own = Page(site.browser("lead").get("/people/waiting").text)
    assert not [tag for tag in own.all if tag.get("name") == "chosen"]


def test_before_the_code_the_link_shows_no_officer(site: Site, letters: Letters) -> None:
    letters.calls.confirm(*letters.name(letters.printed()))
    letters.calls.wait(1)
    letters.calls.open()
    path, code = printed(site, letters)
    phone = site.nobody()
    assert "सुनंदा" not in phone.get(path).text
    shown = send(phone, path, "look", code, first_name_mr="", second_name_mr="").text
    assert "सुनंदा" in shown
    assert "patil@" not in shown.partition('id="name-officers"')[0]
    (digest,) = set(re.findall(r'name="digest" value="(\w+)"', shown))
    assert send(phone, path, "keep", code, digest=digest).status_code == 302
    assert letters.calls.addressee().answered_at is not None


@pytest.mark.parametrize("step", ["look", "check", "name", "keep", "change", ""])
def test_every_step_needs_the_code_and_loses_nothing(
    site: Site, letters: Letters, step: str
) -> None:
    path, code = printed(site, letters)
    wrong = str((int(code.replace(" ", "")) + 1) % 10**8).zfill(8)
    response = send(site.nobody(), path, step, wrong)
    assert response.status_code == 422
    assert WRONG in response.text
    for name, value in FIELDS.items():
        assert f'name="{name}" value="{value}"' in response.text
    assert letters.calls.officers() == []


def test_the_code_is_typed_in_devanagari_digits_with_spaces(site: Site, letters: Letters) -> None:
    path, code = printed(site, letters)
    typed = f" {code.translate(str.maketrans('0123456789', '०१२३४५६७८९'))} "
    assert send(site.nobody(), path, "name", typed).status_code == 302
    assert len(letters.calls.officers()) == 2


def test_five_wrong_codes_close_the_page_for_fifteen_minutes(site: Site, letters: Letters) -> None:
    path, code = printed(site, letters)
    phone = site.nobody()
    wrong = str((int(code.replace(" ", "")) + 1) % 10**8).zfill(8)
    for _ in range(5):
        assert WRONG in send(phone, path, "look", wrong).text
    closed = send(site.nobody(), path, "name", code)
    assert WAIT in closed.text
    assert letters.calls.officers() == []
    letters.calls.wait(0.02)
    assert send(phone, path, "name", code).status_code == 302


def test_an_earlier_letter_says_that_a_newer_one_was_printed(site: Site, letters: Letters) -> None:
    path, code = printed(site, letters)
    printed(site, letters)
    response = site.nobody().get(path)
    assert response.status_code == 404
    assert NEWER in response.text
    assert NEWER in send(site.nobody(), path, "name", code).text
    assert letters.calls.officers() == []


def test_a_letter_is_dead_after_its_day_and_with_a_new_head(site: Site, letters: Letters) -> None:
    path, code = printed(site, letters)
    letters.calls.head()
    assert site.nobody().get(path).status_code == 404
    assert send(site.nobody(), path, "look", code).status_code == 404
    assert send(site.nobody(), path, "name", code).status_code == 404
    assert site.nobody().get("/letter/none-of-that").status_code == 404
    letters.calls.wait(11)
    assert site.nobody().get(path).status_code == 404


def test_what_is_wrong_is_said_at_its_field(site: Site, letters: Letters) -> None:
    path, code = printed(site, letters)
    response = send(site.nobody(), path, "check", code, second_mobile="020-25501000")
    assert response.status_code == 422
    assert LANDLINE in response.text
    assert 'value="020-25501000"' in response.text


@pytest.mark.parametrize("name", ["lead", "admin", "member"])
def test_whoever_else_is_signed_in_is_told_for_whom_it_is(
    site: Site, letters: Letters, name: str
) -> None:
    path, code = printed(site, letters)
    browser = site.browser(name)
    response = browser.get(path)
    assert response.status_code == 403
    assert NOT_YOURS in response.text
    assert send(browser, path, "name", code).status_code == 404
    assert letters.calls.officers() == []


def test_the_head_above_may_be_signed_in(site: Site, letters: Letters) -> None:
    path, code = printed(site, letters)
    assert send(site.browser("health_head"), path, "name", code).status_code == 302
    assert len(letters.calls.officers()) == 2
