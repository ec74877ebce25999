"""nagarvani.js keeps drafts, counts characters, shows previews, and prevents double sending."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, Route

from tests.web_look.conftest import Opener, wait_until_true

NOTE = "[data-draft-note]"


def type_text(page: Page, text: str) -> None:
    """Type a title into the hand-in form, and wait until the draft is stored."""
    page.fill("#title", text)
    wait_until_true(page, "Object.keys(localStorage).some(key => key.endsWith(':hand-in'))")


def test_what_was_typed_survives_a_reload_and_says_so(visit: Opener) -> None:
    page = visit("hand_in", lang="en")
    type_text(page, "Gardens open late")
    page.locator(NOTE, has_text=re.compile("Draft saved")).wait_for()
    page.fill("#wished_at", "उद्या 10")
    page.check("#kind-2")
    page.check("#accounts-1")
    page.reload()
    page.locator(NOTE, has_text="Your unsaved text is back in the form.").wait_for()
    assert page.input_value("#title") == "Gardens open late"
    assert page.input_value("#wished_at") == "उद्या 10"
    assert page.is_checked("#kind-2")
    assert page.is_checked("#accounts-1")


def test_a_draft_is_forgotten_once_the_server_says_that_it_was_sent(visit: Opener) -> None:
    page = visit("hand_in")
    type_text(page, "उद्याने")
    page.click(".submit-bar button")
    page.locator(".notice.tone-green", has_text="प्रस्ताव सादर केला.").wait_for()
    assert page.evaluate("Object.keys(localStorage)") == []


def test_a_page_that_is_left_after_sending_writes_no_draft_any_more(visit: Opener) -> None:
    """The browser may leave the page after the next page has deleted the draft."""
    page = visit("hand_in")
    type_text(page, "उद्याने")
    page.route("**/*", lambda route: route.fulfill(status=204))  # the page stays
    page.click(".submit-bar button")
    page.evaluate("localStorage.clear(); window.dispatchEvent(new PageTransitionEvent('pagehide'))")
    page.wait_for_timeout(1_000)  # longer than a draft rests before it is written
    assert page.evaluate("Object.keys(localStorage)") == []


def test_no_draft_is_put_over_what_the_server_shows_after_an_error(visit: Opener) -> None:
    page = visit("hand_in")
    type_text(page, "जुने शीर्षक")
    page = visit("hand_in_wrong")
    assert page.input_value("#title") == "हिवाळ्यात उद्यानांच्या वेळेत बदल"


def test_the_draft_of_one_person_is_not_shown_to_another(visit: Opener) -> None:
    page = visit("hand_in")
    type_text(page, "माझे शीर्षक")
    visit("today").evaluate("""() => { for (const key of Object.keys(localStorage)) {
        localStorage.setItem(key.replace(':p1:', ':p9:'), localStorage.getItem(key));
        localStorage.removeItem(key); } }""")
    page = visit("hand_in")
    assert page.input_value("#title") == "हिवाळ्यात उद्यानांच्या वेळेत बदल"


def test_a_stored_draft_of_an_older_revision_is_offered_not_restored(visit: Opener) -> None:
    page = visit("drafting", lang="en")
    page.fill("#text_en", "My own words")
    page.locator(NOTE, has_text="Draft saved").wait_for()
    visit("today").evaluate("""() => { const key = Object.keys(localStorage)[0];
        const draft = JSON.parse(localStorage.getItem(key)); draft.base = '1';
        localStorage.setItem(key, JSON.stringify(draft)); }""")
    page = visit("drafting", lang="en")
    assert page.input_value("#text_en") != "My own words"
    page.get_by_role("button", name="Restore it").click()
    assert page.input_value("#text_en") == "My own words"


def test_secrets_and_files_are_never_kept(visit: Opener, tmp_path: Path) -> None:
    page = visit("hand_in", lang="en")
    photo = tmp_path / "IMG_2214.jpg"
    photo.write_bytes(b"x" * 2_300_000)
    page.set_input_files("#photos", photo)
    type_text(page, "With a photo")
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert "csrf" not in stored
    page.reload()
    page.locator(NOTE, has_text="Choose these files again: IMG_2214.jpg").wait_for()


def test_chosen_files_are_listed_with_their_sizes(visit: Opener, tmp_path: Path) -> None:
    page = visit("hand_in")
    for name, size in (("small.jpg", 4_100), ("large.jpg", 21_000_000)):
        (tmp_path / name).write_bytes(b"x" * size)
    page.set_input_files("#photos", [tmp_path / "small.jpg", tmp_path / "large.jpg"])
    lines = page.locator("#photos-files li").all_inner_texts()
    assert lines[0].startswith("small.jpg · ४ ")
    assert lines[1].startswith("large.jpg · २१.० ")
    assert "–" in lines[1]


def test_the_counter_follows_and_is_spoken_when_typing_rests(visit: Opener) -> None:
    page = visit("hand_in", lang="en")
    counter = page.locator("#text_en-counter")
    page.fill("#text_en", "x" * 265)
    assert counter.inner_text().replace("\n", "") == "265 / 280 · 15 left"
    assert "counter-near" in str(counter.get_attribute("class"))
    page.fill("#text_en", "x" * 283)
    assert counter.inner_text().endswith("3 too many")
    assert "counter-over" in str(counter.get_attribute("class"))
    page.locator("[data-counter-says=text_en]", has_text="3 too many").wait_for(state="attached")


def test_the_preview_follows_its_text_with_hashtags_and_cut_off(visit: Opener) -> None:
    page = visit("drafting", lang="en")
    page.fill("#text_mr", "पाणी बंद #पाणीपुरवठा <b>")
    preview = page.locator("[data-preview-of=text_mr]")
    assert preview.inner_text() == "पाणी बंद #पाणीपुरवठा <b>"
    assert preview.locator(".hashtag").inner_text() == "#पाणीपुरवठा"
    page.fill("#text_en", "\n".join(str(line) for line in range(1, 8)))
    cut = page.locator("[data-preview-of=text_en]")
    assert cut.locator(".cut").inner_text() == "Readers must press “See more” to see the rest"
    assert cut.locator("p").all_inner_texts() == ["1\n2\n3\n4\n5", "6\n7"]


def test_a_second_press_sends_nothing_more_and_the_button_keeps_its_value(visit: Opener) -> None:
    page = visit("inbox")
    bodies: list[str] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            bodies.append(str(route.request.post_data))
            route.fulfill(status=204)  # the page stays, as while an answer is awaited
        else:
            route.continue_()

    page.route("**/*", hold)
    page.evaluate("document.querySelector('form[data-draft]').action = '/mr/sent'")
    page.locator("button[name=then]").dispatch_event("click")
    page.locator("button[name=then]").dispatch_event("click")
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert len(bodies) == 1
    assert "then=canned" in bodies[0]
    assert page.locator("form[data-draft] button[aria-disabled=true]").count() == 2


def test_files_go_with_progress_and_the_answer_takes_the_page(
    visit: Opener, tmp_path: Path
) -> None:
    page = visit("hand_in")
    (tmp_path / "a.jpg").write_bytes(b"x" * 300_000)
    page.set_input_files("#photos", tmp_path / "a.jpg")
    with page.expect_response("**/sent") as sent:
        page.click(".submit-bar button")
    assert sent.value.request.resource_type == "xhr"
    page.locator(".notice.tone-green", has_text="प्रस्ताव सादर केला.").wait_for()
    assert page.url.endswith("/mr/sent")
    wait_until_true(page, "Object.keys(localStorage).length === 0")


def test_after_the_last_byte_the_bar_has_no_end_until_the_answer(
    visit: Opener, tmp_path: Path
) -> None:
    page = visit("hand_in", lang="en")
    (tmp_path / "a.jpg").write_bytes(b"x" * 300_000)
    page.set_input_files("#photos", tmp_path / "a.jpg")
    page.evaluate("""() => { window.texts = [];
        new MutationObserver(() => {
            if (document.querySelector("progress.upload-progress:not([value])")) {
                window.texts.push(document.getElementById("spoken").textContent);
            }
        }).observe(document.body, {subtree: true, childList: true, attributes: true}); }""")
    page.click(".submit-bar button")
    page.locator(".notice.tone-green").wait_for()
    assert page.evaluate("window.texts").pop() == "Sent. Please wait while it is checked."


def test_a_broken_upload_keeps_the_form_and_says_what_to_do(visit: Opener, tmp_path: Path) -> None:
    page = visit("hand_in", lang="en")
    (tmp_path / "a.jpg").write_bytes(b"x")
    page.set_input_files("#photos", tmp_path / "a.jpg")
    page.fill("#title", "Kept")
    page.route("**/sent", lambda route: route.abort())
    page.click(".submit-bar button")
    page.locator("form > .field-error[role=alert]", has_text="The connection broke.").wait_for()
    assert page.input_value("#title") == "Kept"
    assert page.locator(".submit-bar button[aria-disabled]").count() == 0


def test_the_menu_closes_with_escape_and_gives_the_focus_back(visit: Opener) -> None:
    page = visit("today")
    page.click(".menu summary")
    assert page.locator(".menu-panel").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".menu-panel").is_visible()
    assert page.evaluate("document.activeElement.matches('.menu summary')")


def test_no_page_trips_over_its_own_content_security_policy(visit: Opener) -> None:
    messages: list[str] = []
    page = visit("today", lang="en")
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    for path in ("states", "review", "hand_in_wrong", "drafting", "calendar", "submissions"):
        visit(path, lang="en")
    assert messages == []
