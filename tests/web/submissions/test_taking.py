"""The buttons by which clerks take submissions and drafts, and what a video says of itself."""

from __future__ import annotations

from publisher.intake.uploads import UploadedFile
from tests.web import pictures
from tests.web.html_page import Page
from tests.web.site import Browser, Site

TAKE, TAKE_OVER, GIVE_BACK = "जबाबदारी घ्या", "माझ्याकडे घ्या", "परत द्या"
VIDEO = "व्हिडीओ जतन केला आहे. व्हिडीओ अद्याप प्रसिद्ध करता येत नाहीत."


def buttons(page: Page) -> set[str]:
    return {tag.text for tag in page.all if tag.tag == "button"} & {TAKE, TAKE_OVER, GIVE_BACK}


def main_of(page: Page) -> str:
    (main,) = (tag.text for tag in page.all if tag.tag == "main")
    return main


def send(browser: Browser, path: str, fields: list[tuple[str, str]]) -> Page:
    response = browser.post(path, fields)
    assert response.status_code == 302
    return browser.page(response.headers["Location"])


def test_a_clerk_takes_by_one_press_and_every_page_says_whose_it_is(site: Site) -> None:
    submission_id = site.city.hand_in()
    path = f"/submissions/{submission_id}"
    clerk, other = site.browser("clerk"), site.browser("other_clerk")
    page = clerk.page(path)
    assert buttons(page) == {TAKE}
    page = send(clerk, f"{path}/take", page.form_to(f"{path}/take"))
    assert buttons(page) == {GIVE_BACK}
    assert "स्वाती रणपिसे" in main_of(page)
    assert buttons(other.page(path)) == {TAKE_OVER}
    assert "स्वाती रणपिसे" in site.browser("member").page(path)
    assert buttons(site.browser("member").page(path)) == set()
    assert "स्वाती रणपिसे" in other.page("/submissions")
    assert "स्वाती रणपिसे यांच्याकडे" in other.page("/")
    page = send(clerk, f"{path}/give-back", page.form_to(f"{path}/give-back"))
    assert buttons(page) == {TAKE}
    assert "कक्षाने हाती घेतले" in page
    assert "कक्षाकडे परत दिले" in page


def test_who_presses_second_is_told_and_may_take_it_over(site: Site) -> None:
    path = f"/submissions/{site.city.hand_in()}"
    clerk, other = site.browser("clerk"), site.browser("other_clerk")
    stale = other.page(path).form_to(f"{path}/take")
    send(clerk, f"{path}/take", clerk.page(path).form_to(f"{path}/take"))
    page = send(other, f"{path}/take", stale)
    assert "दुसऱ्या कोणीतरी हे आत्ताच घेतले" in page
    assert buttons(page) == {TAKE_OVER}
    page = send(other, f"{path}/take", page.form_to(f"{path}/take"))
    assert buttons(page) == {GIVE_BACK}
    assert buttons(clerk.page(path)) == {TAKE_OVER}
    assert send(clerk, f"{path}/give-back", []).text.count("दुसऱ्या कोणीतरी हे आत्ताच घेतले") == 1


def test_a_draft_is_taken_over_on_its_own_page(site: Site) -> None:
    submission_id = site.city.hand_in()
    path = f"/posts/{site.city.draft(submission_id)}/draft"
    other = site.browser("other_clerk")
    page = site.browser("clerk").page(path)
    assert buttons(page) == {GIVE_BACK}
    assert "स्वाती रणपिसे यांच्याकडे" in page
    page = other.page(path)
    take = f"/submissions/{submission_id}/take"
    page = send(other, take, page.form_to(take))
    assert buttons(page) == {GIVE_BACK}
    assert page.named("seen"), "the draft is shown once more"


def test_the_cell_lists_its_own_and_nobodys(
    site: Site,
) -> None:
    titles = ("पहिला प्रस्ताव", "दुसरा प्रस्ताव")
    first, _second = (site.city.hand_in(title) for title in titles)
    clerk = site.browser("clerk")
    clerk.post(f"/submissions/{first}/take", {})
    mine, nobodys = clerk.page("/submissions?holder=me"), clerk.page("/submissions?holder=nobody")
    assert [title in mine for title in titles] == [True, False]
    assert [title in nobodys for title in titles] == [False, True]
    links = [tag.get("href") for tag in clerk.page("/submissions").all if tag.tag == "a"]
    assert {"/submissions?holder=me", "/submissions?holder=nobody"} <= set(links)
    links = [tag.get("href") for tag in site.browser("member").page("/submissions").all]
    assert "/submissions?holder=me" not in links


def test_those_that_are_nobodys_are_ticked_and_taken_together(site: Site) -> None:
    first, second, third = (site.city.hand_in(f"प्रस्ताव {number}") for number in (1, 2, 3))
    clerk, other = site.browser("clerk"), site.browser("other_clerk")
    page = clerk.page("/submissions?holder=nobody")
    boxes = [tag.get("value") for tag in page.all if tag.get("name") == "chosen"]
    assert sorted(map(int, boxes)) == [first, second, third]
    ticks = [("chosen", str(first)), ("chosen", str(second)), ("chosen", "none"), *_list_of(page)]
    other.post(f"/submissions/{second}/take", {})
    page = send(clerk, "/submissions/ticked/take", ticks)
    assert "१ प्रस्ताव आता आपल्याकडे आहे." in page
    assert "१ प्रस्ताव घेता आला नाही: तो आता दुसऱ्या कोणाकडे आहे." in page
    assert [f"प्रस्ताव {number}" in main_of(page) for number in (1, 2, 3)] == [False, False, True]
    page = send(clerk, "/submissions/ticked/take", [("list", "holder=nobody")])
    assert "किमान एका प्रस्तावावर खूण करावी." in page
    assert not [tag for tag in clerk.page("/submissions").all if tag.get("name") == "chosen"]
    assert not [
        tag
        for tag in site.browser("member").page("/submissions?holder=nobody").all
        if tag.get("name") == "chosen"
    ]


def _list_of(page: Page) -> list[tuple[str, str]]:
    return [field for field in page.form_to("/submissions/ticked/take") if field[0] == "list"]


def test_a_video_says_that_it_cannot_be_published_yet(site: Site) -> None:
    video = UploadedFile("IMG_7.mp4", pictures.video(75))
    submission_id = site.city.hand_in(files=(video,))
    assert VIDEO in site.browser("member").page(f"/submissions/{submission_id}/change")
    assert VIDEO in site.browser("member").page(f"/submissions/{submission_id}")
    post_id = site.city.draft(submission_id)
    assert VIDEO in site.browser("clerk").page(f"/posts/{post_id}/draft")
    other_id = site.city.draft(site.city.hand_in())
    assert VIDEO not in site.browser("clerk").page(f"/posts/{other_id}/draft")


def test_the_page_of_a_submission_says_each_thing_once(site: Site) -> None:
    page = site.browser("member").page(f"/submissions/{site.city.hand_in()}")
    main = main_of(page)
    assert main.count("किरण वाबळे") == 1
    assert main.count("आज दुपारी १२:००") <= 2, "when it was handed in, and since when it waits"
    assert main.count("पोस्टचा मसुदा") <= 1
