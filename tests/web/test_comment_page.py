"""The page of a comment: each link says where it leads, and what is told of an answer is true."""

from __future__ import annotations

from collections import Counter

from tests.web.site import Site


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
