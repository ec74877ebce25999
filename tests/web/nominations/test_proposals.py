"""What the submissions mention, offered on the drafting page to be taken over by one press."""

from __future__ import annotations

import pytest

from publisher.models.posts import Post
from tests.web.html_page import Page
from tests.web.site import Browser, Site

TEXT = "औंध येथे दि. २८/११/२०२६ ते दि. २९/११/२०२६ पाणी बंद. आदेश दि. ०१/११/२०२६. संपर्क ०२०-५५५०-०१४५"


class Desk:
    """A clerk's draft of a post from this text, with a starting text above it."""

    def __init__(self, site: Site, text: str = TEXT) -> None:
        self.site = site
        self.browser: Browser = site.browser("clerk")
        self.post_id = site.city.start(site.city.hand_in(text_mr=text))
        self.path = f"/posts/{self.post_id}/draft"
        account_id = site.city.accounts["x"]
        self.marathi, self.english = f"text_{account_id}_mr", f"text_{account_id}_en"

    def press(self, then: str, page: Page | None = None, **changed: str) -> Page:
        """Press a button of the page, which must save nothing, and return the page it gives."""
        form = (page or self.browser.page(self.path)).form("draft")
        sent = [(name, changed.get(name, value)) for name, value in form]
        response = self.browser.post(self.path, [*sent, ("then", then)])
        assert response.status_code == 200
        with self.site.city.read() as session:
            assert session.get_one(Post, self.post_id).revisions == []
        return Page(response.text)


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def buttons(page: Page) -> list[str]:
    """Return the values of the proposals' buttons."""
    values = [str(tag.get("value")) for tag in page.named("then")]
    return [value for value in values if value.startswith("use:")]


def test_a_blank_is_filled_by_one_press_in_the_language_of_its_text(site: Site, desk: Desk) -> None:
    starting = site.city.snippet(
        text_mr="{place} : {date}. मदत {helpline}", text_en="{place}: {date}, call {helpline}"
    )
    page = desk.press("start", starting=str(starting))
    values = [value.split(":", 2) for value in buttons(page)]
    assert [text for field, text in ((row[1], row[2]) for row in values) if "_mr_" in field] == [
        "औंध",
        "दि. २८ नोव्हेंबर ते दि. २९ नोव्हेंबर",
        "०२०-५५५०-०१४५",
    ]
    for value in buttons(page):
        if value.startswith("use:blank_"):
            page = desk.press(value, page)
    marathi, english = page.named(desk.marathi)[0].raw, page.named(desk.english)[0].raw
    assert marathi.startswith("औंध : दि. २८ नोव्हेंबर ते दि. २९ नोव्हेंबर. मदत ०२०-५५५०-०१४५")
    assert english == "Aundh: 28 November to 29 November, call 020-5550-0145"


def test_the_last_day_goes_into_its_field_and_is_saved_like_typed_text(
    site: Site, desk: Desk
) -> None:
    (value,) = buttons(desk.browser.page(desk.path))
    page = desk.press(value, not_after="परवा कधीतरी")
    assert page.named("not_after")[0].get("value") == "२९ नोव्हेंबर २०२६"
    assert buttons(page) == []
    saved = desk.browser.post(desk.path, [*page.form("draft"), ("then", "save")])
    assert saved.status_code == 302
    with site.city.read() as session:
        not_after = session.get_one(Post, desk.post_id).revisions[-1].not_after
    assert not_after is not None
    assert f"{not_after:%d %H:%M}" == "29 18:29"  # the last minute of the day in India


def test_proposals_have_their_passage_and_fill_nothing_in_by_themselves(desk: Desk) -> None:
    page = desk.browser.page(desk.path)
    assert page.named("not_after")[0].get("value") in (None, "")
    assert page.named(desk.marathi)[0].raw == TEXT
    assert "दि. <mark>२८/११/२०२६ ते दि. २९/११/२०२६</mark> पाणी बंद." in page.html
    assert "<mark>०२०-५५५०-०१४५</mark>" in page.html
    assert "<mark>०१/११/२०२६</mark>" not in page.html
    assert "हे कोणी तपासलेले नाही." in page


def test_without_mentions_no_list_is_shown_and_forged_buttons_save_nothing(
    site: Site,
) -> None:
    desk = Desk(site, "पाणी जपून वापरावे.")
    page = desk.browser.page(desk.path)
    assert "मजकुरात आढळलेले" not in page
    for then in ("use:not_after:<b>कधी?</b>", "use:blank_mr_61:अ", "use:x:y"):
        assert "<b>कधी" not in desk.press(then, page).html
