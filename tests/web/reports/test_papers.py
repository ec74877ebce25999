"""Pages that an office files come as PDF too: with the page's rows, rights and language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE
from sqlalchemy import select
from werkzeug.test import TestResponse

from publisher.drafting.drafts import PictureDraft
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.people import Department, Person
from publisher.models.posts import Post, PostKind
from publisher.papers.pdf import Paragraph, Table
from publisher.reports.calendar import Item
from publisher.reports.calendar_month import CalendarDay
from publisher.reports.types import Office
from publisher.settings.papers import PaperSettings
from tests.papers import reading
from tests.support.city_people import HOUR, MINUTE
from tests.support.forms import photo
from tests.web.site import Site
from web.papers.calendar import calendar_parts

FILES = ("/calendar.pdf", "/departments.pdf")


def text_of(response: TestResponse, name: str) -> str:
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.headers["Content-Disposition"] == f"attachment; filename={name}.pdf"
    return reading.whole(response.data)


def live_post(site: Site) -> int:
    (delivery_id,) = site.city.live()
    with site.city.read() as session:
        return session.get_one(Delivery, delivery_id).post_id


def test_a_month_of_the_calendar(site: Site) -> None:
    post_id = live_post(site)
    lead = site.browser("lead")
    with site.city.read() as session:
        title = session.get_one(Post, post_id).title
    month = f"{site.city.now:%Y-%m}"
    assert f"/calendar.pdf?month={month}" in lead.get("/calendar").text
    text = text_of(lead.get(f"/calendar.pdf?month={month}"), f"calendar-{month}")
    for part in ("पुणे महानगरपालिका", "दिनदर्शिका", title, "पाणीपुरवठा", "एक्स (X)"):
        assert part in text
    empty = text_of(lead.get("/calendar.pdf?month=2027-03"), "calendar-2027-03")
    assert title not in empty
    others = lead.get(f"/calendar.pdf?month={month}&department={site.city.departments['road']}")
    text_of_others = text_of(others, f"calendar-{month}")
    assert title not in text_of_others
    assert "विभाग: पथ विभाग" in text_of_others, "a part of the month says which"
    assert "विभाग: " not in text


def test_a_month_of_more_than_two_thousand_lines_says_so(site: Site) -> None:
    office = Office(1, "water", "पाणीपुरवठा विभाग", "Water Supply", "")
    item = Item(1, "/posts/1", "पाणी बंद", office, site.city.now, "post", "draft", ())
    with site.app.test_request_context("/calendar"):
        table, note = calendar_parts([CalendarDay(site.city.now.date(), (item,) * 2001)])
    assert isinstance(table, Table)
    assert len(table.rows) == 2000
    assert isinstance(note, Paragraph)
    assert "एकूण २,००१ पैकी पहिल्या २,०००" in note.text


def test_the_whole_life_of_a_post(site: Site) -> None:
    post_id = live_post(site)
    member = site.browser("member")
    assert f"/posts/{post_id}.pdf" in member.get(f"/posts/{post_id}").text
    text = text_of(member.get(f"/posts/{post_id}.pdf"), f"post-{post_id}")
    with site.city.read() as session:
        post = session.get_one(Post, post_id)
        numbers = [submission.number for submission in post.submissions]
        texts = [variant.text for variant in post.revisions[-1].variants]
    for part in (*numbers, *(" ".join(text.split()) for text in texts), "मेधा सातपुते", "मान्यता"):
        assert part in text
    for part in ("पोस्टची नोंद: ", "मजकूर लिहिणारे स्वाती रणपिसे", "स्थिती प्रसिद्ध"):
        assert part in text
    assert "सादर केल्याची वेळ" in text
    assert site.browser("road_member").get(f"/posts/{post_id}.pdf").status_code == 404


def test_a_photo_and_a_time_stand_on_the_paper_of_a_post(site: Site) -> None:
    city = site.city
    post_id = city.start(city.hand_in())
    picture = PictureDraft("पर्वती येथील जलकेंद्र", content=photo(), name="photo.jpg")
    city.save(post_id, on=["x", "facebook"], pictures=(picture,))
    city.clock.move(9 * HOUR)
    city.send(post_id)
    pdf = site.browser("lead").get(f"/posts/{post_id}.pdf").data
    assert "फोटो १: पर्वती येथील जलकेंद्र" in reading.whole(pdf)
    with PdfDocument(pdf) as document:
        images = [
            o for page in document for o in page.get_objects() if o.type == FPDF_PAGEOBJ_IMAGE
        ]
    assert len(images) == 1, "once, though both texts have it"
    with PdfDocument(pdf) as document:
        assert "रात्री\xa0९:००" in document[0].get_textpage().get_text_range(), "in one line"


def test_beside_what_is_live_stands_the_state_of_its_correction(site: Site) -> None:
    post_id = live_post(site)
    site.city.save(post_id, text="शुद्धीपत्र: पाणी रविवारी येईल.")
    text = text_of(site.browser("lead").get(f"/posts/{post_id}.pdf"), f"post-{post_id}")
    assert "स्थिती प्रसिद्ध झाले; मसुदा" in text


def test_a_comment_stands_on_paper_as_it_came_and_beside_its_answer(site: Site) -> None:
    answered_post(site, "पाणी कधी येणार?")
    text = text_of(site.browser("lead").get("/posts/1.pdf"), "post-1")
    assert text.count("पाणी कधी येणार?") == 2
    assert "उद्या सकाळी सहा वाजता." in text


def test_the_paper_of_an_answer_says_that_it_is_one(site: Site) -> None:
    answered_post(site, "पाणी कधी येणार?")
    with site.city.read() as session:
        reply_id = session.scalars(select(Post.id).where(Post.kind == PostKind.REPLY)).one()
    text = text_of(site.browser("lead").get(f"/posts/{reply_id}.pdf"), f"post-{reply_id}")
    assert "नागरिकास दिलेल्या उत्तराची नोंद: " in text
    assert "पोस्टची नोंद" not in text


def test_a_photo_whose_term_is_over_leaves_its_description(site: Site) -> None:
    city = site.city
    post_id = city.start(city.hand_in())
    city.save(post_id, on=["x"], pictures=(PictureDraft("जलकेंद्र", content=photo(), name="a.jpg"),))
    for path in site.app.extensions["house"].store.root.rglob("*"):
        if path.is_file():
            path.unlink()
    assert "फोटो १: जलकेंद्र" in reading.whole(site.browser("lead").get(f"/posts/{post_id}.pdf").data)


def test_a_citizen_of_another_script_stops_no_paper(site: Site) -> None:
    answered_post(site, "پانی کب آئے گا؟")
    text = text_of(site.browser("lead").get("/posts/1.pdf"), "post-1")
    assert "[मजकूर छापता न येणाऱ्या लिपीत आहे; पोस्टचे पान पाहावे]" in text


def answered_post(site: Site, comment: str) -> None:
    (delivery_id,) = site.city.live()
    site.city.answer(site.city.comment(comment, under=delivery_id))
    site.city.tick_dispatch(MINUTE)
    site.city.note_answers()


def test_the_register_of_officers(site: Site) -> None:
    with site.city.write() as session:
        session.get_one(Department, site.city.departments["road"]).name_mr = '#eval("पथ") *विभाग*'
    lead = site.browser("lead")
    assert "/departments.pdf" in lead.get("/departments").text
    text = text_of(lead.get("/departments.pdf"), "officers")
    for part in ("मेधा सातपुते", "नितीन घोलप", '#eval("पथ") *विभाग*', "नाव कळविलेले नाही"):
        assert part in text
    with site.city.read() as session:
        event = session.scalars(select(Event).where(Event.verb == "export")).one()
    assert event.details == {"page": "departments", "rows": 5}
    chosen = text_of(lead.get("/departments.pdf?q=पथ&officers=one"), "officers")
    assert "शोधा: पथ; समन्वयक: एक समन्वयक" in chosen
    assert "शोधा" not in text
    own = text_of(site.browser("oversight").get("/departments.pdf"), "officers")
    assert "#eval" not in own
    assert site.browser("member").get("/departments.pdf").status_code == 403


@pytest.mark.parametrize(("language", "word"), [("en", "First officer"), ("hi", "नोडल अधिकारी 1")])
def test_a_paper_is_in_the_language_of_its_reader(site: Site, language: str, word: str) -> None:
    with site.city.write() as session:
        session.get_one(Person, site.city.people["lead"]).language = language
    lead = site.browser("lead")
    assert word in text_of(lead.get("/departments.pdf"), "officers")


def test_a_name_in_urdu_is_refused_on_the_page(site: Site) -> None:
    with site.city.write() as session:
        session.get_one(Department, site.city.departments["road"]).name_mr = "محکمہ"
    lead = site.browser("lead")
    refused = lead.get("/departments.pdf?q=road")
    assert refused.headers["Location"] == "/departments?q=road"
    shown = lead.get(refused.headers["Location"]).text
    assert "“محکمہ” मधील م ح ک ہ यासाठी फॉन्टमध्ये अक्षरे नाहीत" in shown


@pytest.mark.parametrize("path", FILES)
def test_a_letterhead_that_is_no_picture_is_said_on_the_page(
    site: Site, tmp_path: Path, path: str
) -> None:
    (tmp_path / "crest.png").write_bytes(b"no picture")
    context = site.app.extensions["house"]
    papers = PaperSettings(tmp_path / "crest.png", (), "", ())
    site.app.extensions["house"] = replace(
        context, settings=replace(context.settings, papers=papers)
    )
    lead = site.browser("lead")
    refused = lead.get(path)
    assert refused.headers["Location"].startswith(path.removesuffix(".pdf"))
    assert "शीर्षकचित्र (लेटरहेड) वाचता येत नाही" in lead.get(refused.headers["Location"]).text
