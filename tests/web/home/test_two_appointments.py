"""A form is accepted only under the appointment under which its page was opened."""

from __future__ import annotations

from sqlalchemy import func, select

from approvals.policy import Role
from publisher.models.submissions import Submission
from tests.web.html_page import Page
from tests.web.sign_in.test_sign_in_pages import appoint_again
from tests.web.site import Browser, Site
from tests.web.submissions.test_bad_submissions import TYPED

PAIRS = [(name, value) for name, values in TYPED.items() for value in values]


def form_fields(browser: Browser) -> list[tuple[str, str]]:
    """Return the fields of the hand-in form, its appointment included."""
    page = browser.page("/submissions/new")
    names = ("form_token", "made_under")
    marks = [(name, page.named(name)[0].get("value")) for name in names]
    return [*PAIRS, *marks]


def handed_in(site: Site) -> list[int]:
    with site.city.read() as session:
        return list(session.scalars(select(Submission.department_id).order_by(Submission.id)))


def two_tabs(site: Site) -> tuple[Browser, list[tuple[str, str]], int]:
    """A person has filled in a form for water, and then switched to garden in another tab."""
    garden = appoint_again(site, "member", Role.MEMBER, "garden")
    member = site.browser("member")
    written = form_fields(member)
    assert member.post("/appointments", {"appointment": str(garden)}).status_code == 302
    return member, written, garden


def test_every_form_carries_the_appointment_it_was_made_under(site: Site) -> None:
    member = site.browser("member")
    page = member.page("/submissions/new")
    forms = [form for form in page.all if form.tag == "form" and form.get("method") == "post"]
    marks = page.named("made_under")
    assert {mark.get("value") for mark in marks} == {str(site.city.appointments["member"])}
    assert len(marks) == len(forms)


def test_a_form_of_another_appointment_is_refused_and_nothing_is_lost(
    any_site: Site,
) -> None:
    member, written, _garden = two_tabs(any_site)
    response = member.post("/submissions/new", written)
    page = Page(response.text)
    assert response.status_code == 409
    assert handed_in(any_site) == []
    assert "कोणत्या नियुक्तीनुसार?" in page
    expected = sorted(field for field in written if field[0] != "made_under")
    assert sorted(page.form_to("/submissions/new")) == expected
    back = dict(page.form_to("/appointments"))
    assert back["appointment"] == str(any_site.city.appointments["member"])
    assert back["kept:title"] == TYPED["title"][0]


def test_it_goes_on_under_the_first_appointment_where_that_was_meant(site: Site) -> None:
    member, written, _garden = two_tabs(site)
    refused = Page(member.post("/submissions/new", written).text)
    page = Page(member.post("/appointments", refused.form_to("/appointments")).text)
    assert "आपण पुन्हा आधीच्या नियुक्तीनुसार काम करीत आहात." in page
    marks = {field.get("value") for field in page.named("made_under")}
    assert marks == {str(site.city.appointments["member"])}
    sent = [*page.form_to("/submissions/new"), ("made_under", marks.pop())]
    assert member.post("/submissions/new", sent).status_code == 302
    assert handed_in(site) == [site.city.departments["water"]]


def test_it_goes_on_under_the_second_one_where_that_is_chosen(site: Site) -> None:
    member, written, garden = two_tabs(site)
    refused = Page(member.post("/submissions/new", written).text)
    sent = [*refused.form_to("/submissions/new"), ("made_under", str(garden))]
    sent = [field for field in sent if field[0] != "department"]
    response = member.post("/submissions/new", sent)
    assert response.status_code in (302, 422), "asked under the appointment in hand"
    assert site.city.departments["water"] not in handed_in(site)


def test_an_approval_made_under_another_appointment_decides_nothing(site: Site) -> None:
    post = site.city.in_review()
    member = appoint_again(site, "first", Role.MEMBER, "garden")
    officer = site.browser("first")
    mark = officer.page(f"/posts/{post}/review").named("made_under")[0].get("value")
    officer.post("/appointments", {"appointment": str(member)})
    response = officer.post(f"/posts/{post}/approve", {"seen": "1", "made_under": mark})
    assert response.status_code == 409
    assert site.city.verbs("posts", post)[-1] == "send_for_review"


def test_somebody_elses_appointment_is_not_named(site: Site) -> None:
    member = site.browser("member")
    strange = str(site.city.appointments["admin"])
    response = member.post("/submissions/new", [*PAIRS, ("made_under", strange)])
    page = Page(response.text)
    assert response.status_code == 409
    assert "प्रणाली प्रशासक" not in page
    assert [form for form in page.all if form.get("action") == "/appointments"] == []


def test_a_foreign_page_learns_nothing_by_the_mark(site: Site) -> None:
    member = site.browser("member")
    response = member.post(
        "/submissions/new", {"made_under": "1", "title": "परका"}, site="cross-site", token=""
    )
    assert response.status_code == 400
    assert "परका" not in response.text
    with site.city.read() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 0


def test_switching_and_signing_out_work_from_any_page(site: Site) -> None:
    member, _written, garden = two_tabs(site)
    old = str(site.city.appointments["member"])
    response = member.post("/appointments", {"appointment": str(garden), "made_under": old})
    assert response.status_code == 302
    assert member.post("/sign-out", {"made_under": old}).status_code == 302
