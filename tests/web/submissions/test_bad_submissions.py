"""Bad input in submissions gets an error in Marathi at its field, and no input is lost."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from publisher.models.submission_details import Upload
from tests.support.mail_samples.builder import DOCX_TYPE, docx
from tests.web import pictures
from tests.web.html_page import Page
from tests.web.site import Browser, File, Site

TYPED: dict[str, list[str]] = {
    "kind": ["public_notice"],
    "title": ["शनिवारी पाणीपुरवठा बंद"],
    "text_mr": ["शनिवारी पूर्व भागाचा पाणीपुरवठा बंद राहील.\r\nचौकशी: १८०० २००"],
    "text_en": ["No water on Saturday in the eastern part."],
    "text_hi": ["शनिवार को पूर्वी भाग में पानी नहीं आएगा।"],
    "link": ["https://pmc.example/water"],
    "wished_at": ["27/11/2026 9:00"],
    "useful_until": ["२९/११/२०२६"],
    "outward_number": ["पापु/४१२"],
    "event_on": ["28/11/2026"],
    "event_until_on": ["29/11/2026"],
    "event_place": ["पर्वती जलशुद्धीकरण केंद्र"],
    "priority": ["urgent"],
    "urgent_reason": ["जलवाहिनी आज रात्री बदलायची आहे."],
}
"""A valid form; the city's time is noon of 25 November 2026."""

Typed = dict[str, list[str]]


@pytest.fixture
def member(site: Site) -> Browser:
    """The browser of the water department's member."""
    return site.browser("member")


def send(browser: Browser, changed: Typed, files: Iterable[tuple[str, File]] = ()) -> Page:
    """Send a bad form; check that nothing is stored and no input is lost, and return the page."""
    token = Page(browser.get("/submissions/new").text).named("form_token")[0].get("value")
    fields = TYPED | changed | {"form_token": [token]}
    pairs = [(name, value) for name, values in fields.items() for value in values]
    response = browser.post("/submissions/new", pairs, files=files)
    assert response.status_code == 422
    page = Page(response.text)
    by_name: Typed = {}
    for name, value in page.form("hand-in"):
        by_name.setdefault(name, []).append(value)
    for name, values in fields.items():
        lines = ["\n".join(text.splitlines()) for text in by_name.get(name, [])]
        assert lines == ["\n".join(text.splitlines()) for text in values], name
    assert page.named("title")[0].get("aria-invalid") == ("true" if "title" in changed else "")
    assert not browser.get("/submissions").text.count("PMC/2026/")
    return page


def test_an_empty_form_has_an_error_at_each_required_field(member: Browser) -> None:
    page = send(
        member, {"kind": [], "title": [""], "text_mr": [""], "text_en": [""], "text_hi": [""]}
    )
    assert page.error_at("title") == "शीर्षक लिहावे."
    assert page.error_at("kind") == "माहितीचा प्रकार निवडावा."
    assert page.error_at("text_mr") == "किमान एका भाषेत मजकूर लिहावा."


def test_a_text_of_spaces_counts_as_empty(member: Browser) -> None:
    page = send(member, {"title": [" \u00a0\u2003 "]})
    assert page.error_at("title") == "शीर्षक लिहावे."


def test_the_error_for_an_overlong_title_shows_its_length_and_the_limit(member: Browser) -> None:
    page = send(member, {"title": ["पाणी " * 200]})
    assert page.error_at("title") == "मजकूर मोठा आहे: ९९९ अक्षरे; जास्तीत जास्त २०० चालतात."


def test_the_error_for_an_overlong_text_shows_its_length_and_the_limit(member: Browser) -> None:
    page = send(member, {"text_mr": ["पा" * 10_001]})
    assert page.error_at("text_mr") == "मजकूर मोठा आहे: २०,००२ अक्षरे; जास्तीत जास्त २०,००० चालतात."


def test_the_error_for_a_nul_character_names_its_line(member: Browser) -> None:
    page = send(member, {"text_mr": ["पहिली ओळ\r\nदुसरी\x00ओळ"]})
    error = page.error_at("text_mr")
    assert error == "ओळ क्र. २ मध्ये न दिसणारे नियंत्रण चिन्ह (U+0000) आहे. ते काढून टाकावे."


def test_the_error_for_a_bidirectional_override_names_its_line(member: Browser) -> None:
    page = send(member, {"title": ["पाणी \u202eबंद"]})
    assert page.error_at("title") == (
        "ओळ क्र. १ मध्ये लेखनाची दिशा बदलणारे न दिसणारे चिन्ह (U+202E) आहे. ते काढून टाकावे."
    )


def test_the_error_for_an_invalid_link_says_how_a_link_begins(member: Browser) -> None:
    page = send(member, {"link": ["javascript:alert(1)"]})
    assert page.error_at("link") == "https:// ने सुरू होणारी पूर्ण लिंक लिहावी."


def test_a_ward_office_that_is_none_is_told_in_the_language_of_the_page(
    site: Site, member: Browser
) -> None:
    site.city.add_department("aundh", kind="ward-office")
    page = member.post("/submissions/new", [("wards", "9" * 25)]).text
    assert "यादीतून निवडावे." in Page(page).errors()
    assert "coerced" not in page


@pytest.mark.parametrize("link", ["pmc.gov.in/water", "www.pmc.gov.in", "PMC.gov.in:8080/a?b=c@d"])
def test_a_link_without_its_beginning_is_completed(site: Site, member: Browser, link: str) -> None:
    form = [("kind", "press_note"), ("title", "शीर्षक"), ("text_mr", "मजकूर"), ("link", link)]
    assert member.post("/submissions/new", form).status_code == 302
    assert f'href="https://{link}"' in member.get("/submissions/1").text


@pytest.mark.parametrize("link", ["pmc", "10.30", "पाणी बंद", "a@pmc.gov.in", "ftp://pmc.gov.in"])
def test_what_is_no_address_is_not_made_one(member: Browser, link: str) -> None:
    assert "https://" in send(member, {"link": [link]}).error_at("link")


def test_an_event_long_past_is_asked_once_and_then_taken(member: Browser) -> None:
    form = [("kind", "press_note"), ("title", "शीर्षक"), ("text_mr", "मजकूर")]
    event = [("event_on", "20/12/2020")]
    response = member.post("/submissions/new", form + event)
    assert response.status_code == 422
    page = Page(response.text)
    assert "हा दिवस होऊन गेला आहे" in page.error_at("event_on")
    (mark,) = page.named("event_on-understood")
    event.append(("event_on-understood", mark.get("value")))
    assert member.post("/submissions/new", form + event).status_code == 302


def test_a_wished_time_in_the_past_asks_for_a_later_one(member: Browser) -> None:
    page = send(member, {"wished_at": ["24/11/2026 9:00"]})
    error = "ही वेळ उलटून गेली आहे. यापुढील तारीख व वेळ लिहावी."
    assert page.error_at("wished_at") == error


def test_a_wished_time_on_30_february_is_an_error_at_the_day(member: Browser) -> None:
    page = send(member, {"wished_at": ["30/2/2027 9:00"], "useful_until": ["1/3/2027"]})
    error = "दिनदर्शिकेत असा दिवस नाही. दिवस व महिना तपासावा."
    assert page.error_at("wished_at") == error


def test_an_invalid_day_is_shown_together_with_all_other_errors(member: Browser) -> None:
    page = send(member, {"wished_at": ["३०/२/२०२७ ९"], "title": [""]})
    assert page.error_at("wished_at") == "दिनदर्शिकेत असा दिवस नाही. दिवस व महिना तपासावा."
    assert page.error_at("title") == "शीर्षक लिहावे."


def test_an_invalid_time_of_day_is_an_error_at_the_time(member: Browser) -> None:
    page = send(member, {"wished_at": ["उद्या 25:70"]})
    assert page.error_at("wished_at") == "अशी वेळ नसते. तास व मिनिटे तपासावीत."


def test_useful_until_before_the_wished_time_is_an_error_at_its_date(member: Browser) -> None:
    page = send(member, {"useful_until": ["26/11/2026"]})
    assert page.error_at("useful_until") == (
        "माहिती उपयुक्त राहण्याची अंतिम तारीख प्रसिद्धीच्या अपेक्षित वेळेनंतरची असावी."
    )


BAD_FILES = {
    "a renamed executable": (
        ("फोटो.jpg", pictures.executable()),
        "“फोटो.jpg” या प्रकारची फाइल स्वीकारता येत नाही. फोटो JPEG किंवा PNG म्हणून जतन करावा.",
    ),
    "an svg": (
        ("चित्र.svg", pictures.drawing()),
        "“चित्र.svg” या प्रकारची फाइल स्वीकारता येत नाही. फोटो JPEG किंवा PNG म्हणून जतन करावा.",
    ),
    "an svg that says it is a photo": (
        ("चित्र.png", pictures.drawing()),
        "“चित्र.png” या प्रकारची फाइल स्वीकारता येत नाही. फोटो JPEG किंवा PNG म्हणून जतन करावा.",
    ),
    "a photo under another name": (
        ("फोटो.pdf", pictures.jpeg()),
        (
            "“फोटो.pdf” ही फाइल तिच्या नावातील प्रकाराशी जुळत नाही. "
            "फोटो JPEG किंवा PNG म्हणून पुन्हा जतन करावा."
        ),
    ),
    "a truncated jpeg": (
        ("टाकी.jpg", pictures.truncated_jpeg()),
        "“टाकी.jpg” ही फाइल खराब किंवा अपूर्ण आहे. ती कॅमेऱ्यातून पुन्हा घ्यावी.",
    ),
    "a decompression bomb": (
        ("नकाशा.png", pictures.bomb()),
        "“नकाशा.png” या फोटोचा आकार (पिक्सेल) फार मोठा आहे. आधी तो लहान करावा.",
    ),
    "an empty file": (
        ("रिकामी.jpg", b""),
        "“रिकामी.jpg” ही फाइल रिकामी आहे. ती पुन्हा निवडावी.",
    ),
    "a photo of more than 20 MB": (
        ("मोठा.jpg", pictures.jpeg() + bytes(20_000_000)),
        "“मोठा.jpg” ही फाइल मर्यादेपेक्षा मोठी आहे. लहान फाइल निवडावी.",
    ),
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_the_error_for_a_bad_file_names_it_and_the_file_is_not_stored(
    member: Browser, what: str
) -> None:
    file, error = BAD_FILES[what]
    page = send(member, {}, files=[("files", file)])
    assert page.error_at("files") == error
    assert not page.named("kept")


def test_good_photos_next_to_a_bad_one_are_kept_for_the_corrected_form(
    member: Browser,
) -> None:
    good, bad = ("टाकी.jpg", pictures.jpeg()), ("फोटो.jpg", pictures.executable())
    page = send(member, {}, files=[("files", good), ("files", bad)])
    assert "टाकी.jpg" in page
    response = member.post("/submissions/new", page.form("hand-in"))
    assert response.status_code == 302
    assert "टाकी.jpg" in member.page(response.headers["Location"])


def test_a_kept_photo_cannot_be_forged(member: Browser) -> None:
    """The form's reference to the photo is signed, so that nobody reads the store by a digest."""
    fields = {**{name: values[0] for name, values in TYPED.items()}, "kept": "WyJhYiIsIngiXQ.abc"}
    pairs = [
        field for field in fields.items() if not field[0].startswith(("wished", "useful", "event_"))
    ]
    response = member.post("/submissions/new", pairs)
    assert response.status_code == 302
    assert "abc" not in member.get(response.headers["Location"]).text


def test_the_summary_counts_the_corrections_and_leads_to_each(member: Browser) -> None:
    page = send(member, {"title": [""], "wished_at": ["30/2/2027 9"]})
    summary = next(tag for tag in page.all if "error-summary" in tag.get("class"))
    assert summary.text.startswith("२ दुरुस्त्या कराव्यात")
    links = [link.get("href") for link in page.all if link.within("ul") and link.tag == "a"]
    for target in ("#title", "#wished_at"):
        assert target in links
        page.by_id(target.removeprefix("#"))


def attach_photos(member: Browser, *names: str) -> Page:
    """Attach photos to the form without JavaScript, and return the page."""
    files = [("files", (name, pictures.jpeg(64 + at, 48))) for at, name in enumerate(names)]
    pairs = [(name, value) for name, values in TYPED.items() for value in values]
    response = member.post("/submissions/new", [*pairs, ("act", "add")], files=files)
    assert response.status_code == 200
    return Page(response.text)


def file_names(page: Page) -> list[str]:
    """Return the names of the form's files, in order."""
    return [tag.text.split(" · ")[0] for tag in page.all if "file-name" in tag.get("class").split()]


def press_row_button(member: Browser, page: Page, verb: str, number: int) -> Page:
    """Press a button of a file's row, which sends the whole form."""
    row = [tag for tag in page.all if "data-row" in tag.attributes][number]
    act = f"{verb}-{row.get('id').removeprefix('file-')}"
    response = member.post("/submissions/new", [*page.form("hand-in"), ("act", act)])
    assert response.status_code == 200
    return Page(response.text)


def test_photos_are_attached_moved_and_removed_without_javascript(member: Browser) -> None:
    page = attach_photos(member, "एक.jpg", "दोन.jpg", "तीन.jpg")
    assert file_names(page) == ["एक.jpg", "दोन.jpg", "तीन.jpg"]
    page = press_row_button(member, page, "down", 0)
    assert file_names(page) == ["दोन.jpg", "एक.jpg", "तीन.jpg"]
    page = press_row_button(member, press_row_button(member, page, "up", 2), "up", 0)
    assert file_names(page) == ["दोन.jpg", "तीन.jpg", "एक.jpg"]
    page = press_row_button(member, page, "out", 1)
    assert file_names(page) == ["दोन.jpg", "एक.jpg"]
    assert page.named("title")[0].get("value") == TYPED["title"][0]
    described = [
        (name, f"वर्णन {at}" if name == "alt_mr" else value)
        for at, (name, value) in enumerate(page.form("hand-in"))
    ]
    response = member.post("/submissions/new", [*described, ("act", "send")])
    submission_page = member.page(response.headers["Location"])
    pictures_shown = [image.get("alt") for image in submission_page.all if image.tag == "img"]
    alts = [value for name, value in described if name == "alt_mr"]
    assert pictures_shown == alts


def test_an_overlong_description_is_an_error_at_its_photo(member: Browser) -> None:
    page = attach_photos(member, "एक.jpg", "दोन.jpg")
    problems = 0
    pairs = []
    for name, value in page.form("hand-in"):
        problems += name == "alt_mr"
        pairs.append((name, "क" * 1001 if name == "alt_mr" and problems == 2 else value))
    refused = Page(member.post("/submissions/new", [*pairs, ("act", "send")]).text)
    wrong = [field for field in refused.named("alt_mr") if field.get("aria-invalid") == "true"]
    assert len(wrong) == 1
    assert wrong[0].raw == "क" * 1001
    assert refused.by_id(wrong[0].get("aria-describedby").split()[0]).text == (
        "मजकूर मोठा आहे: १,००१ अक्षरे; जास्तीत जास्त १,००० चालतात."
    )
    assert f"#{wrong[0].get('id')}" in [link.get("href") for link in refused.all]


def test_five_hundred_photos_at_once_are_refused_and_no_input_is_lost(
    member: Browser,
) -> None:
    files = [("files", (f"IMG_{at}.jpg", pictures.jpeg())) for at in range(500)]
    page = send(member, {}, files=files)
    assert page.error_at("files") == (
        "५०० फाइल निवडल्या; एका प्रस्तावासोबत जास्तीत जास्त ८ फाइल, त्यांपैकी चार फोटो चालतात. "
        "निवडलेल्यांपैकी एकही घेतली नाही; मोजक्या चांगल्या निवडाव्यात."
    )
    assert not page.named("kept")


def test_a_fifth_photo_is_refused_until_one_is_removed(member: Browser) -> None:
    page = attach_photos(member, *(f"{at}.jpg" for at in range(5)))
    refused = member.post("/submissions/new", [*page.form("hand-in"), ("act", "send")])
    refusal_page = Page(refused.text)
    assert refused.status_code == 422
    assert refusal_page.error_at("files") == (
        "एका पोस्टमध्ये जास्तीत जास्त ४ फोटो असतात. काही फोटो वगळावेत."
    )
    response = press_row_button(member, refusal_page, "out", 4)
    assert member.post("/submissions/new", response.form("hand-in")).status_code == 302


def test_a_tiff_of_twelve_bits_says_what_to_do_instead(member: Browser) -> None:
    page = send(member, {}, files=[("files", ("नकाशा.tif", pictures.tiff()))])
    assert page.error_at("files") == (
        "“नकाशा.tif” ही स्कॅनर किंवा कॅमेऱ्याची TIFF फाइल आहे; ती पोस्टमध्ये दाखविता येत "
        "नाही. ती उघडून JPEG म्हणून जतन करावी व ती निवडावी."
    )


def test_the_same_photo_twice_is_kept_once(member: Browser) -> None:
    page = send(
        member, {}, files=[("files", (name, pictures.jpeg())) for name in ("अ.jpg", "ब.jpg")]
    )
    assert page.error_at("files") == "“ब.jpg” येथे आधीच आहे. ती पुन्हा घेतली नाही."
    assert file_names(page) == ["अ.jpg"]


def test_a_video_is_kept_with_its_size_and_length_and_shown_as_attached(member: Browser) -> None:
    pairs = [(name, value) for name, values in TYPED.items() for value in values]
    files = [("files", ("भेट.mp4", pictures.video(75)))]
    response = member.post("/submissions/new", pairs, files=files)
    assert response.status_code == 302
    page = member.page(response.headers["Location"])
    assert "सोबत जोडलेले, प्रसिद्ध न होणारे" in page
    assert "भेट.mp4 · १ kB · १ मि. १५ सेकंद" in page
    link = next(link.get("href") for link in page.all if "/files/" in link.get("href"))
    got = member.get(link)
    assert (got.mimetype, got.data) == ("video/mp4", pictures.video(75))
    assert got.headers["Content-Disposition"].startswith("attachment")


def test_a_word_document_is_only_downloaded_and_a_broken_one_is_told(member: Browser) -> None:
    content = docx("सूचना")
    page = send(member, {}, files=[("files", ("सूचना.docx", content[:-300]))])
    assert page.error_at("files").startswith("“सूचना.docx” ही फाइल बिघडलेली आहे")
    pairs = [(name, value) for name, values in TYPED.items() for value in values]
    response = member.post("/submissions/new", pairs, files=[("files", ("सूचना.docx", content))])
    page = member.page(response.headers["Location"])
    assert "सूचना.docx · १ kB" in page
    assert not [image for image in page.all if "/files/" in image.get("src")]
    link = next(link.get("href") for link in page.all if "/files/" in link.get("href"))
    got = member.get(f"{link}?size=small")
    assert (got.mimetype, got.data) == (DOCX_TYPE, content)
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_a_heic_from_a_phone_is_shown_and_handed_in(member: Browser) -> None:
    pairs = [(name, value) for name, values in TYPED.items() for value in values]
    files = [("files", ("IMG_2214.HEIC", pictures.heic()))]
    response = member.post("/submissions/new", pairs, files=files)
    page = member.page(response.headers["Location"])
    source = next(image.get("src") for image in page.all if "/files/" in image.get("src"))
    assert member.get(source).mimetype == "image/webp"


def test_a_file_is_uploaded_before_the_form_is_sent(member: Browser) -> None:
    photo = ("टाकी.jpg", pictures.jpeg())
    response = member.post("/submissions/files", {"only": "new"}, files=[("files", photo)])
    assert response.status_code == 200
    row = Page(f"<body>{response.text}</body>")
    assert file_names(row) == ["टाकी.jpg"]
    token = row.named("kept")[0].get("value")
    again = member.post(
        "/submissions/files", {"kept": token, "only": "new"}, files=[("files", photo)]
    )
    assert (again.status_code, again.text) == (
        422,
        "“टाकी.jpg” येथे आधीच आहे. ती पुन्हा घेतली नाही.",
    )
    back = member.post("/submissions/files", {"kept": token})
    assert file_names(Page(f"<body>{back.text}</body>")) == ["टाकी.jpg"]
    assert member.post("/submissions/files").status_code == 422


def test_an_upload_cannot_be_used_by_another_person(site: Site, member: Browser) -> None:
    response = member.post("/submissions/files", files=[("files", ("अ.jpg", pictures.jpeg()))])
    token = Page(f"<body>{response.text}</body>").named("kept")[0].get("value")
    assert site.browser("head").post("/submissions/files", {"kept": token}).status_code == 422


def test_beyond_the_daily_quota_the_error_says_when_to_continue(
    site: Site, member: Browser
) -> None:
    with site.city.write() as session:
        session.add(
            Upload(
                person_id=site.city.people["member"],
                at=site.city.now,
                sha256="0" * 64,
                size=999_999_900,
            )
        )
    page = send(member, {}, files=[("files", ("अ.jpg", pictures.jpeg()))])
    assert page.error_at("files") == (
        "“अ.jpg” घेतली नाही: एका दिवशी एका व्यक्तीस एकूण १,००० MB पर्यंत २०० फाइल पाठविता येतात. "
        "उद्या पुढे पाठवावे, किंवा कक्षास नोंदविण्यास सांगावे."
    )


@pytest.mark.parametrize("title", ["\u200b\u200d\u2060", "\u200f\u202e\u2066", "\u3164\u2800"])
def test_a_title_of_invisible_characters_counts_as_empty(member: Browser, title: str) -> None:
    page = send(member, {"title": [title]})
    assert page.error_at("title") == "शीर्षक लिहावे."


def test_the_error_for_a_lone_surrogate_names_its_line(member: Browser) -> None:
    """No browser sends a lone surrogate; its bytes arrive as replacement characters."""
    fields = TYPED | {"text_mr": ["@@"], "csrf_token": [member.token]}
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, values in fields.items()
        for value in values
    ]
    body = "".join([*parts, "--edge--\r\n"]).encode()
    response = member.client.post(
        "/submissions/new",
        base_url=member.base,
        data=body.replace(b"@@", "पहिली\n".encode() + b"\xed\xa0\x80"),
        content_type="multipart/form-data; boundary=edge",
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("text_mr") == "ओळ क्र. २ मध्ये एक अक्षर अपूर्ण आहे. ते पुन्हा लिहावे."


def test_the_error_for_too_many_letters_has_the_limit_and_keeps_the_text(
    member: Browser,
) -> None:
    page = send(member, {"text_mr": ["पाणी " * 40_000]})
    assert page.error_at("text_mr") == ("मजकूर मोठा आहे: १,९९,९९९ अक्षरे; जास्तीत जास्त २०,००० चालतात.")


def test_an_urgent_submission_needs_a_reason(member: Browser) -> None:
    page = send(member, {"urgent_reason": [" "]})
    assert page.error_at("urgent_reason") == "तातडीचे का आहे ते लिहावे."


def test_an_event_that_ends_before_it_begins_is_an_error_at_its_last_day(member: Browser) -> None:
    page = send(member, {"event_until_on": ["२७/११/२०२६"]})
    assert page.error_at("event_until_on") == "शेवटचा दिवस पहिल्या दिवसानंतरचा असावा."
