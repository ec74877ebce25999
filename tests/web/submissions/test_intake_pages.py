"""The pages of intake: questions and answers, changes, notes, duplicates."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.intake import persistence
from publisher.intake.questions import add_note
from publisher.intake.uploads import KeptFile, UploadedFile
from publisher.models.submissions import Submission
from tests.web import pictures
from tests.web.html_page import Page
from tests.web.site import Browser, Site


@pytest.fixture
def submission(site: Site) -> int:
    """Make a submission of the water department."""
    photo = UploadedFile("टाकी.jpg", pictures.jpeg(), alt_mr="पाण्याची टाकी")
    return site.city.hand_in(files=(photo,))


def send_and_follow(browser: Browser, path: str, fields: dict[str, str]) -> Page:
    """Send a form, and open the page that follows."""
    response = browser.post(path, fields)
    assert response.status_code == 302, Page(response.text).errors()
    return browser.page(response.headers["Location"])


def test_a_question_to_the_department_is_answered_on_the_same_page(
    site: Site, submission: int
) -> None:
    path = f"/submissions/{submission}"
    clerk, head = site.browser("clerk"), site.browser("head")
    refused = Page(clerk.post(f"{path}/return", {"question": " "}).text)
    assert refused.error_at("question") == "कोणती पूर्तता हवी ते लिहावे."
    answered_page = send_and_follow(clerk, f"{path}/return", {"question": "टँकर कोठे मिळेल?"})
    assert "पूर्ततेसाठी परत" in answered_page
    page = head.page(path)
    assert "टँकर कोठे मिळेल?" in page
    refused = Page(head.post(f"{path}/complete", {"answer": ""}).text)
    assert refused.error_at("answer") == "उत्तर लिहावे."
    assert "पाण्याची टाकी" in refused.html
    done = send_and_follow(head, f"{path}/complete", {"answer": "पर्वती टाकीजवळ मिळेल."})
    assert "PMC/2026/000001" in done
    for text in ("टँकर कोठे मिळेल?", "विभागाने उत्तर दिले", "पर्वती टाकीजवळ मिळेल."):
        assert text in clerk.page(path)
    again = head.post(f"{path}/complete", {"answer": "पुन्हा"})
    assert again.status_code == 409


def test_a_note_stays_on_the_cells_list_until_the_cell_has_seen_it(
    site: Site, submission: int
) -> None:
    site.city.send(site.city.draft(submission))
    path, text = f"/submissions/{submission}", "टँकरचा क्रमांक बदलला आहे."
    member, clerk = site.browser("member"), site.browser("clerk")
    assert text not in clerk.page("/")
    send_and_follow(member, f"{path}/note", {"note": text})
    assert text in clerk.page("/")
    assert f"{path}/note/seen" in clerk.page(path).html
    assert f"{path}/note/seen" not in member.page(path).html
    page = send_and_follow(clerk, f"{path}/note/seen", {})
    assert "नोंद घेतली. ही टीप आता ‘आजची कामे’ येथे दिसणार नाही" in page
    assert text not in clerk.page("/")
    assert "कक्षाने टीप पाहिली" in member.page(path)


def test_a_note_from_before_the_draft_is_on_the_submissions_page(
    site: Site, submission: int
) -> None:
    text, city = "ही सूचना मागे घेत आहोत.", site.city
    with city.write() as session:
        actor = city.actor("member")
        add_note(session, actor=actor, now=city.now, submission_id=submission, note_text=text)
    path = f"/submissions/{submission}"
    page = site.browser("clerk").page(path)
    assert text in page
    assert f"{path}/note/seen" in page.html
    assert f"{path}/note/seen" not in site.browser("member").page(path).html


def changed_form(page: Page, **new: str) -> list[tuple[str, str]]:
    """Return the form's fields with these changes."""
    return [(name, new.get(name, value)) for name, value in page.form("hand-in")]


def test_a_department_changes_its_submission_and_sees_the_earlier_text(
    site: Site, submission: int
) -> None:
    member, path = site.browser("member"), f"/submissions/{submission}"
    form = member.page(f"{path}/change")
    response = member.post(
        f"{path}/change", changed_form(form, title="रविवारी पाणीपुरवठा बंद", event_place="पर्वती")
    )
    page = member.page(response.headers["Location"])
    assert "प्रस्तावात बदल केला." in page
    assert "रविवारी पाणीपुरवठा बंद" in page
    assert "शनिवारी पाणीपुरवठा बंद" in page
    assert "शीर्षक, कार्यक्रमाचे ठिकाण" in page
    assert "टाकी.jpg" in page
    untouched = member.page(f"{path}/change")
    response = member.post(f"{path}/change", untouched.form("hand-in"))
    assert "बदलण्यासारखे काही नव्हते." in member.page(response.headers["Location"])


def test_an_overtaken_form_keeps_its_text_and_shows_the_other_change(
    site: Site, submission: int
) -> None:
    path = f"/submissions/{submission}/change"
    member, head = site.browser("member"), site.browser("head")
    stale = member.page(path)
    head.post(path, changed_form(head.page(path), title="प्रमुखांनी बदललेले शीर्षक"))
    response = member.post(path, changed_form(stale, text_mr="सदस्याने बदललेला मजकूर"))
    page = Page(response.text)
    assert response.status_code == 409
    assert page.named("text_mr")[0].raw == "सदस्याने बदललेला मजकूर"
    assert page.named("title")[0].get("value") == "शनिवारी पाणीपुरवठा बंद"
    assert "प्रमुखांनी बदललेले शीर्षक" in page.by_id("theirs").text
    done = member.post(path, changed_form(page, title="प्रमुखांनी बदललेले शीर्षक"))
    assert done.status_code == 302
    with site.city.read() as session:
        saved = session.get_one(Submission, submission)
        assert saved.title == "प्रमुखांनी बदललेले शीर्षक"
        assert saved.text_mr == "सदस्याने बदललेला मजकूर"


def test_once_the_cell_has_begun_a_note_takes_the_place_of_a_change(
    site: Site, submission: int
) -> None:
    member, path = site.browser("member"), f"/submissions/{submission}"
    stale = member.page(f"{path}/change")
    site.city.start(submission)
    response = member.post(f"{path}/change", changed_form(stale, title="उशिरा केलेला बदल"))
    page = Page(response.text)
    assert response.status_code == 409
    assert "कक्षाने यावरून मसुदा तयार करण्यास सुरुवात केली आहे" in page
    assert page.named("title")[0].get("value") == "उशिरा केलेला बदल"
    change_response = member.get(f"{path}/change")
    assert (change_response.status_code, change_response.headers["Location"]) == (
        302,
        f"{path}/note",
    )
    refused = Page(member.post(f"{path}/note", {"note": ""}).text)
    assert refused.error_at("note") == "टीप लिहावी."
    noted = send_and_follow(member, f"{path}/note", {"note": "टँकरचा क्रमांक बदलला आहे."})
    assert "टँकरचा क्रमांक बदलला आहे." in noted
    assert "विभागाची टीप" in site.browser("clerk").page(path)


def test_a_merged_duplicate_and_its_original_link_to_each_other(
    site: Site, submission: int
) -> None:
    twin = site.city.hand_in("पुन्हा तेच")
    clerk, member = site.browser("clerk"), site.browser("member")
    page = clerk.page(f"/submissions/{twin}/merge")
    assert "PMC/2026/000001" in page
    refused = Page(
        clerk.post(f"/submissions/{twin}/merge", {"number": "९९", "reason": "एकच आशय"}).text
    )
    assert "PMC/2026/000099" in refused.error_at("number") or "९९" in refused.error_at("number")
    assert refused.named("reason")[0].raw == "एकच आशय"
    send_and_follow(clerk, f"/submissions/{twin}/merge", {"number": "1", "reason": "एकच आशय"})
    twin_page = member.page(f"/submissions/{twin}")
    assert "यापुढील कार्यवाही क्र. PMC/2026/000001 खाली होईल." in twin_page
    assert f"/submissions/{submission}" in [link.get("href") for link in twin_page.all]
    other = member.page(f"/submissions/{submission}")
    assert f"/submissions/{twin}" in [link.get("href") for link in other.all]
    assert clerk.post(f"/submissions/{twin}/draft").status_code in (302, 409)
    with site.city.read() as session:
        assert not session.get_one(Submission, twin).posts


def test_a_duplicate_of_a_declined_original_says_how_to_submit_it_again(
    site: Site, submission: int
) -> None:
    twin = site.city.hand_in("पुन्हा तेच")
    clerk, member = site.browser("clerk"), site.browser("member")
    send_and_follow(clerk, f"/submissions/{twin}/merge", {"number": "1", "reason": "एकच आशय"})
    send_and_follow(clerk, f"/submissions/{submission}/decline", {"reason": "निविदा रद्द झाली."})
    page = member.page(f"/submissions/{twin}")
    for text in (
        "यावरून काहीही प्रसिद्ध होणार नाही",
        "हा प्रस्ताव क्र.\u00a0PMC/2026/000001 मध्ये समाविष्ट होता; तो अस्वीकृत झाला आहे.",
        "निविदा रद्द झाली.",
        "ज्यात तो समाविष्ट होता तो प्रस्ताव संपुष्टात आला",
        "‘पुन्हा वापरा’ या बटणाने प्रस्ताव पुन्हा सादर करावा",
    ):
        assert text in page, text
    assert "यापुढील कार्यवाही क्र." not in page
    assert f"/submissions/new?again={twin}" in [link.get("href") for link in page.all]


def test_a_submission_withdrawn_from_a_joint_post_stands_on_the_posts_page(site: Site) -> None:
    post = site.city.draft(site.city.hand_in())
    other = site.city.hand_in(department="road")
    site.city.join(post, other)
    officer = site.browser("road_officer")
    send_and_follow(officer, f"/submissions/{other}/withdraw", {"reason": "काम पुढे ढकलले."})
    page = site.browser("clerk").page(f"/posts/{post}")
    assert "पोस्टमधील एक प्रस्ताव मागे घेतला" in page
    assert "PMC/2026/000002" in page
    assert site.city.notified("submission_withdrawn") == ["clerk", "first"]


def test_an_earlier_one_is_used_again_with_its_photo_and_without_its_dates(
    site: Site, submission: int
) -> None:
    member = site.browser("member")
    link = f"/submissions/new?again={submission}"
    assert link in [link.get("href") for link in member.page(f"/submissions/{submission}").all]
    page = member.page(link)
    values = dict(page.form("hand-in"))
    assert values["title"] == "शनिवारी पाणीपुरवठा बंद"
    assert values["alt_mr"] == "पाण्याची टाकी"
    assert not values["wished_at"]
    site.city.clock.move(timedelta(days=1))
    member = site.browser("member")
    response = member.post("/submissions/new", page.form("hand-in"))
    assert "PMC/2026/000002" in member.page(response.headers["Location"])
    assert site.browser("road_member").get(link).status_code == 404


def test_an_urgent_submission_is_marked_at_the_top_of_its_page(site: Site, submission: int) -> None:
    member, path = site.browser("member"), f"/submissions/{submission}/change"
    urgent = [
        (name, {"priority": "urgent", "urgent_reason": "जलवाहिनी फुटली"}.get(name, value))
        for name, value in member.page(path).form("hand-in")
    ]
    member.post(path, urgent)
    page = site.browser("clerk").page(f"/submissions/{submission}")
    assert "जलवाहिनी फुटली" in page
    chips = [tag.text for tag in page.all if "chip" in tag.get("class").split()]
    assert chips[0] == "प्राप्त", "that it is urgent is said once, with its reason"
    assert "तातडीचे" not in chips


def test_a_submission_with_more_files_than_a_form_takes_can_be_changed(
    site: Site, submission: int
) -> None:
    store = site.city.store
    digests = [store.save(bytes([number])) for number in range(9)]
    papers = [KeptFile(f"{d[:4]}.pdf", d, "application/pdf", 1) for d in digests]
    with site.city.write() as session:
        persistence.fill_files(session, session.get_one(Submission, submission), papers)
    member, path = site.browser("member"), f"/submissions/{submission}/change"
    page = member.page(path)
    assert len(page.named("kept")) == 9
    fields = [pair for pair in page.form("hand-in") if pair[0] != "title"]
    more = [("files", ("आणखी.pdf", b"%PDF-1.7"))]
    refused = member.post(path, [*fields, ("title", "नऊ फाइल")], files=more)
    assert refused.status_code == 422
    assert len(Page(refused.text).named("kept")) == 9
    response = member.post(path, [*fields, ("title", "नऊ फाइल")])
    assert response.status_code == 302, Page(response.text).errors()
    assert "नऊ फाइल" in member.page(response.headers["Location"])
