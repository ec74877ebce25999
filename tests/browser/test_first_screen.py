"""What stands on the first screen where a post is reviewed, and where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from playwright.sync_api import Browser, Page

from publisher.drafting.drafts import PictureDraft
from publisher.intake.uploads import UploadedFile
from publisher.models.posts import Language
from tests.browser.journey import Journey, open_journey
from tests.support import chromium
from tests.support.city_people import DAY
from tests.support.photos import phone_photo
from tests.support.runs import Run

pytestmark = pytest.mark.ci

PHOTOS = 4
TEXT = (
    "बुधवार दि. २ डिसेंबर रोजी मुख्य जलवाहिनी जोडणीच्या कामामुळे वडगाव शेरी, खराडी, विमाननगर व "
    "चंदननगर परिसराचा पाणीपुरवठा सकाळी ९ वाजल्यापासून बंद राहील. गुरुवारी सकाळी पाणी उशिरा येईल. टँकरसाठी : "
    "०२०-५५५०-०१२३ #पुणे"
)
LONG_TEXT = """बुधवारी शहराच्या पूर्व भागाचा पाणीपुरवठा बंद

खराडी येथील मुख्य जलवाहिनी नवीन वाहिनीस जोडण्यात येणार असल्याने बुधवार, दि. २ डिसेंबर २०२६ रोजी सकाळी ९ \
वाजल्यापासून दिवसभर वडगाव शेरी, खराडी, विमाननगर व चंदननगर या परिसरांचा पाणीपुरवठा बंद राहील.

गुरुवार, दि. ३ डिसेंबर रोजी सकाळी पाणी उशिरा व कमी दाबाने येईल.

रुग्णालये, वृद्धाश्रम व वसतिगृहांसाठी टँकरची व्यवस्था केली आहे. मागणी नोंदविण्यासाठी : ०२०-५५५०-०१२३ \
(सकाळी ७ ते रात्री ९).

पाण्याचा आवश्यक तेवढा साठा करून ठेवावा, ही विनंती.
"""
MOST_PIXELS = 4_000
"""The height of the review page of four texts without its whole photos, at 390 px."""

HEIGHT = """
() => Array.from(document.querySelectorAll("#photos img")).reduce(
  (height, image) => height - image.getBoundingClientRect().height,
  document.documentElement.scrollHeight,
)
"""

LINES_ABOVE_THE_BAR = """
() => {
  const bar = document.querySelector(".decision-bar").getBoundingClientRect().top;
  const lines = new Set();
  for (const paragraph of document.querySelector(".preview-text").querySelectorAll("p")) {
    const range = document.createRange();
    range.selectNodeContents(paragraph);
    for (const box of range.getClientRects()) {
      if (box.bottom <= bar) { lines.add(Math.round(box.top / 8)); }
    }
  }
  return lines.size;
}
"""


@pytest.fixture(scope="module")
def journey(
    browser: Browser, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Journey]:
    folder = tmp_path_factory.mktemp("first-screen")
    with open_journey(browser, run, folder, width=390, shoot=lambda _page, _name: None) as opened:
        yield opened


@pytest.fixture(scope="module")
def post_id(journey: Journey) -> int:
    """Return a post of four texts with four photos, which was returned and is in review again."""
    town = journey.town
    post_id = town.start(town.hand_in("बुधवारी वडगाव शेरी, खराडी परिसरात पाणीपुरवठा बंद"))
    pictures = tuple(
        PictureDraft(f"पाण्याच्या टाकीचे छायाचित्र {number}", content=phone_photo((1600, 1200)))
        for number in range(1, PHOTOS + 1)
    )
    both = (Language.MARATHI, Language.ENGLISH)
    town.save(post_id, text=TEXT.replace("बुधवार", "बुधवारी"), languages=both, pictures=pictures)
    town.send(post_id)
    town.return_post(post_id)
    town.save(post_id, text=TEXT, languages=both, pictures=pictures)
    town.send(post_id)
    return post_id


def reviewed(journey: Journey, who: str, post_id: int) -> Page:
    page = journey.go(who, f"/posts/{post_id}/review")
    page.evaluate("document.fonts.ready")
    return page


def test_five_lines_of_the_post_stand_above_the_bar(journey: Journey, post_id: int) -> None:
    page = reviewed(journey, "first", post_id)
    assert page.evaluate(LINES_ABOVE_THE_BAR) >= 5


def test_four_texts_with_photos_are_no_longer_than_five_screens(
    journey: Journey, post_id: int
) -> None:
    page = reviewed(journey, "first", post_id)
    assert page.locator(".preview").count() == 4
    assert page.locator(".preview .preview-grid-4").count() == 4, "each is cropped as it will be"
    assert page.evaluate(HEIGHT) <= MOST_PIXELS
    heights = page.locator("a[href='#photos']").evaluate_all(
        "links => links.map(link => link.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 44


def test_long_texts_are_no_longer_than_five_screens_either(journey: Journey) -> None:
    """Two short texts and two of five paragraphs, two photos, and what changed since its return."""
    town = journey.town
    post_id = town.start(town.hand_in("बुधवारी वडगाव शेरी, खराडी परिसरात पाणीपुरवठा बंद"))
    pictures = tuple(
        PictureDraft(
            f"जाहीर प्रकटन {number} : सकाळी ९ पासून पाणीपुरवठा बंद. परिसर : वडगाव शेरी, खराडी",
            content=phone_photo((1600, 1200)),
        )
        for number in range(2)
    )
    both = (Language.MARATHI, Language.ENGLISH)
    save = partial(
        town.save, post_id, languages=both, pictures=pictures, not_after=town.now + 10 * DAY
    )
    save(text=TEXT.replace("टँकरसाठी", "टँकर"))
    town.send(post_id)
    town.return_post(post_id)
    save(text=TEXT, texts={"facebook": LONG_TEXT})
    town.send(post_id)
    page = reviewed(journey, "first", post_id)
    assert page.locator(".preview").count() == 4
    assert page.evaluate(HEIGHT) <= MOST_PIXELS


def test_each_photo_is_described_once_and_opens_whole(journey: Journey, post_id: int) -> None:
    page = reviewed(journey, "first", post_id)
    for number in range(1, PHOTOS + 1):
        words = f"पाण्याच्या टाकीचे छायाचित्र {number}"
        assert page.locator("main").inner_text().count(words) == 1
    links = page.locator("#photos a").evaluate_all("all => all.map(link => link.href)")
    sizes = [
        page.evaluate(
            "async at => { const image = new Image(); image.src = at; await image.decode();"
            " return [image.naturalWidth, image.naturalHeight]; }",
            link,
        )
        for link in links
    ]
    assert len(links) >= PHOTOS
    assert all(width >= 1_000 for width, _height in sizes), sizes


def test_the_clerk_alone_is_shown_what_to_check(journey: Journey) -> None:
    town = journey.town
    post_id = town.start(town.hand_in())
    town.save(post_id, text="अधिक माहितीसाठी ९८२२०१२३४५ येथे संपर्क साधावा.")
    town.send(post_id)
    assert reviewed(journey, "clerk", post_id).locator(".warnings").count() == 1
    assert reviewed(journey, "first", post_id).locator(".warnings").count() == 0


BOX_ABOVE_THE_BAR = """
() => {
  const bar = document.querySelector(".decision-bar").getBoundingClientRect().top;
  const field = document.querySelector("textarea[name^=text_]");
  const label = document.querySelector(`label[for=${field.id}]`).getBoundingClientRect();
  const line = parseFloat(getComputedStyle(field).lineHeight);
  const lines = Math.floor((bar - field.getBoundingClientRect().top) / line);
  return [window.scrollY === 0 && label.top >= 0 && label.bottom <= bar, lines];
}
"""


def drafted(journey: Journey, size: tuple[int, int]) -> Page:
    """Open a draft with two photos, a mobile number, and a submission that has photos."""
    town = journey.town
    files = tuple(UploadedFile(f"IMG_{number}.jpg", phone_photo((800, 600))) for number in range(2))
    submission_id = town.hand_in(
        "बुधवारी वडगाव शेरी, खराडी परिसरात पाणीपुरवठा बंद", text_mr=TEXT, files=files
    )
    post_id = town.start(submission_id)
    pictures = (PictureDraft("", content=phone_photo((800, 600))),)
    town.save(post_id, text=f"{TEXT} ९८२२०१२३४५", pictures=pictures)
    page = journey.page_of("clerk")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{journey.server.address}/posts/{post_id}/draft")
    page.evaluate("document.fonts.ready")
    return page


@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desk"])
def test_the_first_writing_box_is_on_the_first_screen(
    journey: Journey, size: tuple[int, int]
) -> None:
    page = drafted(journey, size)
    assert page.locator("details.warnings summary").count() == 1
    label_is_seen, lines = page.evaluate(BOX_ABOVE_THE_BAR)
    assert label_is_seen
    assert lines >= 3


def test_what_is_told_above_a_draft_leaves_its_box_on_the_first_screen(journey: Journey) -> None:
    """It is in review, somebody else has it open, and each says so in a line that opens."""
    page = drafted(journey, (390, 844))
    post_id = int(page.url.split("/")[-2])
    journey.town.send(post_id)
    journey.go("lead", f"/posts/{post_id}/draft")
    page.reload()
    page.evaluate("document.fonts.ready")
    assert page.locator(".page-head ~ .notice details").count() == 2, "each opens"
    label_is_seen, lines = page.evaluate(BOX_ABOVE_THE_BAR)
    assert label_is_seen
    assert lines >= 1


@pytest.mark.parametrize("javascript", [True, False])
def test_an_empty_english_text_is_one_button_without_a_preview(
    journey: Journey, browser: Browser, javascript: bool
) -> None:
    address = drafted(journey, (390, 844)).url
    window = chromium.open_window(browser, javascript=javascript)
    journey.server.use_session(window, "clerk", "mr")
    page = window.new_page()
    page.goto(address)
    field = page.locator("textarea[name^=text_][name$=_en]").first
    assert not field.is_visible()
    assert page.locator(".preview:visible").count() == 2
    field.locator("xpath=ancestor::details/summary").click()
    assert field.is_visible()
    field.fill("No water on Wednesday.")
    assert page.locator(".preview:visible").count() == (3 if javascript else 2)
    window.close()


def test_what_is_folded_opens_with_a_value_that_matters(journey: Journey) -> None:
    page = drafted(journey, (390, 844))
    assert not page.locator("#link").is_visible()
    page.locator("details", has=page.locator("#link")).locator("summary").click()
    page.fill("#link", "https://pmc.example/water")
    with page.expect_navigation():
        page.click("button[value=save]")
    assert page.locator("#link").is_visible()


def test_beside_a_tick_all_lines_of_a_submission_begin_at_one_edge(journey: Journey) -> None:
    """The second line wraps on a phone, and stays beside the box that is ticked."""
    title = "बुधवारी वडगाव शेरी, खराडी परिसरात पाणीपुरवठा बंद"
    journey.town.hand_in(title)
    page = journey.go("clerk", "/submissions?holder=nobody")
    row = page.locator(".list-submissions tbody tr", has_text=title).first
    edges = row.evaluate(
        """row => {
          const range = document.createRange();
          range.selectNodeContents(row.querySelector(".second"));
          const lines = [row.querySelector(".title-link"), range];
          return lines.flatMap(part => [...part.getClientRects()].map(box => Math.round(box.left)));
        }"""
    )
    tick = row.locator(".tick").bounding_box()
    assert tick is not None
    assert min(edges) >= tick["x"] + tick["width"] - 1, edges
    assert len(edges) >= 3, "the second line has wrapped"


def test_a_comment_under_a_long_post_is_answered_on_the_first_screen(
    journey: Journey,
) -> None:
    town = journey.town
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["facebook"], text=LONG_TEXT)
    town.send(post_id)
    town.approve(post_id)
    (delivery_id,) = town.schedule(post_id, timedelta(hours=1))
    town.tick_dispatch(timedelta(hours=1))
    comment_id = town.comment(
        "आमच्या सोसायटीत काल रात्रीपासून पाणी नाही. टँकर कधी येणार, ते कृपया सांगावे.",
        under=delivery_id,
        on="facebook",
    )
    page = journey.go("first", f"/comments/{comment_id}")
    page.evaluate("document.fonts.ready")
    comment = page.locator(".thread-this").bounding_box()
    box = page.locator("#text").bounding_box()
    assert comment is not None
    assert box is not None
    assert comment["y"] + comment["height"] < box["y"]
    assert box["y"] <= 844 - 100, "three lines can be read as they are written"
