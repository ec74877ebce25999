"""The page of a comment that its citizen edited: the texts before, and what an answer was to."""

from __future__ import annotations

from publisher.inbox import comment_storage
from publisher.models.comments import Comment
from publisher.platforms.base.types import RemoteComment
from tests.support.city import City
from tests.support.city_people import HOUR
from tests.web.html_page import Page
from tests.web.site import Site

BEFORE, AFTER = "पाणी कधी येणार?", "पाणी आले, धन्यवाद."


def edit(city: City, comment_id: int, text: str) -> None:
    """Let the citizen edit the comment, and store what is read an hour later."""
    city.clock.move(HOUR)
    with city.write() as session:
        comment = session.get_one(Comment, comment_id)
        edited = RemoteComment(
            platform_id=comment.platform_id,
            parent_id=comment.parent_platform_id,
            root_id=comment.thread.root_id,
            author_id="",
            author_name=comment.author_name,
            author_handle=comment.author_handle,
            text=text,
            written_at=comment.written_at,
            url=comment.url,
            by_ourselves=False,
        )
        comment_storage.store(session, comment.account_id, edited, city.now, asked_at=city.now)


def test_the_texts_before_are_folded_below_the_comment_with_their_times(any_site: Site) -> None:
    city = any_site.city
    comment_id = city.comment(BEFORE, under=city.live()[0])
    officer = any_site.browser("first")
    assert "नागरिकाने टिप्पणी बदलली" not in officer.page(f"/comments/{comment_id}")
    city.answer(comment_id)
    edit(city, comment_id, AFTER)
    page = officer.page(f"/comments/{comment_id}")
    folded = [element.text for element in page.all if element.tag == "details"]
    assert any("आधीचा १ मजकूर" in text and BEFORE in text for text in folded)
    assert any("उत्तर देताना टिप्पणीत असलेला मजकूर:" in text and BEFORE in text for text in folded)
    assert AFTER in page


def test_an_answer_to_edited_words_is_shown_again_with_its_text(site: Site) -> None:
    city = site.city
    comment_id = city.comment(BEFORE, under=city.live()[0])
    officer, path = site.browser("first"), f"/comments/{comment_id}"
    form = dict(officer.page(path).form("answer")) | {"text": "उद्या सकाळी सहा वाजता."}
    edit(city, comment_id, AFTER)
    refused = officer.post(f"{path}/answer", form)
    page = Page(refused.text)
    assert refused.status_code == 409
    assert "आपण लिहीत असताना नागरिकाने ही टिप्पणी बदलली" in page
    assert page.named("text")[0].raw == "उद्या सकाळी सहा वाजता."
    assert officer.post(f"{path}/answer", page.form("answer")).status_code == 302
