"""The page of a comment: each link says where it leads, and what is told of an answer is true."""

from __future__ import annotations

from collections import Counter

from publisher.mail.messages.message import MailFile
from tests.support.forms import photo
from tests.support.mailed import reply_to_comment
from tests.web.html_page import Page
from tests.web.site import Site

MAILED = "उद्या सकाळी सहा वाजता पाणी येईल."


def test_each_link_to_the_platform_says_what_it_shows(site: Site) -> None:
    """Under a published post lies a comment with a published answer."""
    town = site.city
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    town.answer(comment_id)
    town.tick_dispatch()
    page = site.browser("first").page(f"/comments/{comment_id}")
    words = Counter(tag.text for tag in page.all if tag.get("target") == "_blank")
    assert len(words) == 3
    assert set(words.values()) == {1}
    for what in ("पोस्ट", "टिप्पणी", "उत्तर"):
        assert any(text.startswith(what) for text in words), what


def test_what_is_told_on_answering_stays_true_when_the_answer_is_published(site: Site) -> None:
    town, browser = site.city, site.browser("first")
    comment_id = town.comment(under=town.live()[0])
    path = f"/comments/{comment_id}"
    form = dict(browser.page(path).form("answer"))
    answered = browser.post(f"{path}/answer", {**form, "text": "उद्या सकाळी सहा वाजता."})
    assert answered.status_code == 302
    town.tick_dispatch()
    page = browser.page(path)
    assert "उत्तर प्रसिद्धीसाठी स्वीकारले." in page
    assert "उत्तर प्रसिद्ध होत आहे." not in page


def test_an_answer_by_mail_is_put_below_what_is_typed_and_not_sent(site: Site) -> None:
    town, browser = site.city, site.browser("first")
    comment_id = town.comment(under=town.live()[0])
    path = f"/comments/{comment_id}"
    assert "ईमेलने आलेले उत्तर" not in browser.page(path)
    files = (MailFile("टँकर.jpg", "image/jpeg", photo()),)
    offer_id = reply_to_comment(town, comment_id, MAILED, files=files).id
    page = browser.page(path)
    assert "ईमेलने आलेले उत्तर" in page
    assert "प्रेषकाची खात्री केलेली नाही" in page
    assert "प्रसिद्ध होत नाहीत: टँकर.jpg" in page
    form = {**dict(page.form("answer")), "text": "नमस्कार."}
    for _time in range(2):
        used = browser.post(f"{path}/answer/mail/{offer_id}", form)
        assert used.status_code == 200
        form = dict(Page(used.text).form("answer"))
        assert form["text"].replace("\r\n", "\n") == f"नमस्कार.\n\n{MAILED}"
    assert town.tick_dispatch() == 0
    assert "ईमेलने आलेले उत्तर" in browser.page(path), "until it is answered"
    assert browser.post(f"{path}/answer", form).status_code == 302
    assert "ईमेलने आलेले उत्तर" not in browser.page(path)


def test_an_answer_by_mail_that_is_too_long_says_so_and_can_be_left_out(site: Site) -> None:
    town, browser = site.city, site.browser("first")
    comment_id = town.comment(under=town.live()[0])
    offer_id = reply_to_comment(town, comment_id, "पाणी येईल. " * 60).id
    page = browser.page(f"/comments/{comment_id}")
    assert "पाठविण्यापूर्वी ते लहान करावे." in page
    path = f"/comments/{comment_id}/answer/mail/{offer_id}/dismiss"
    assert browser.post(path, {}).status_code == 302
    assert "पाठविण्यापूर्वी ते लहान करावे." not in browser.page(f"/comments/{comment_id}")
