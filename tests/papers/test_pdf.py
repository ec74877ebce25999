"""Papers hold exactly the text that they were given, and refuse what they cannot draw."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from publisher.coverage.annex import Annex, AnnexRow
from publisher.i18n import TRANSLATIONS
from publisher.papers.annex import annex_paper
from publisher.papers.characters import CannotShape, printable
from publisher.papers.pdf import (
    Heading,
    NoImage,
    Paper,
    PaperPicture,
    Paragraph,
    Part,
    Sender,
    Table,
    make_sender,
    read_letterhead,
    write,
)
from publisher.people import register_data
from publisher.settings.environment import load
from tests.papers import reading
from tests.support.tables import each

NOW = datetime(2026, 11, 29, 9, 0, 0, 123456, tzinfo=UTC)
SENDER = Sender("पुणे महानगरपालिका")


def written(*parts: Part, title: str = "शीर्षक", sender: Sender = SENDER) -> bytes:
    return write([Paper(title, parts)], sender=sender, language="mr", now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "क्षेत्रीय कार्यालय, त्र्यंबक, पर्‍यंत, श्रीमती, द्ध्य, रस्त्यावर, हृदय, ज्ञान",
        "नावे न कळविलेले विभाग, मिळून सर्व बुद्रुक, म्हाळुंगे, विद्युत् विभाग",
        "उद्धृत मजकूर, सद्गुरू, उद्ध्वस्त, लड्डू, चिठ्ठू, संसद्, उद्गृहीत, अङ्कुर, सद्गुरूंचे",
        "क्रमांक PMC/2026/000123, दि. १४ जुलै २०२१, ₹ १,२०,०००, “शब्द” – ‘शब्द’ … é",
    ],
)
def test_copied_text_is_what_went_in(text: str) -> None:
    pdf = written(Paragraph(text), Paragraph(text, strong=True), Table((1, 1), [(text, "२")]))
    assert reading.whole(pdf).count(text) == 3


def test_the_name_of_every_department_is_copied_as_it_is() -> None:
    names = [row.name_mr for row in register_data.load()]
    assert len(names) > 60
    copied = reading.whole(written(Table((1,), [(name,) for name in names])))
    assert [name for name in names if name not in copied] == []


@pytest.mark.proof
def test_every_word_of_the_catalogues_is_copied_as_it_is() -> None:
    catalogues = TRANSLATIONS.rglob("*.po")
    text = " ".join(path.read_text("utf-8") for path in catalogues)
    words = sorted(set(re.findall(r"[\u0900-\u097f\u200c\u200d]+", text)))
    assert len(words) > 3000
    copied = reading.whole(written(Paragraph(" ".join(words)))).split()
    assert [word for word in words if word not in copied] == []


@pytest.mark.proof
def test_every_pair_of_letters_with_every_sign_is_copied_as_it_is() -> None:
    letters, signs = "कखगघङचछजझञटठडढणतथदधनपफबभमयरलळवशषसह", " ािीुूृेैोौंःॅॉँ्".replace(" ", "")
    syllables = [*letters, *(f"{one}\u094d{two}" for one in letters for two in letters)]
    words = [f"क{syllable}{sign}क" for syllable in syllables for sign in ("", *signs)]
    copied = set(reading.whole(written(Paragraph(" ".join(words)))).split())
    assert [word for word in words if word not in copied] == []


@pytest.mark.parametrize(
    "text",
    [
        '#eval("1") #panic("x") #read("/etc/passwd") #sys.inputs',
        "*x* _y_ `c` $x^2$ @ref <label> -- --- [a] {b} ~ // c /* d */",
        "a backslash \\ and \\n, \"quotes\" and 'quotes'",
        "= x",
        "- x",
        "https://pmc.example/?a=1&b=2#c",
    ],
)
def test_no_text_is_read_as_markup(text: str) -> None:
    pdf = written(
        Heading(text),
        Paragraph(text),
        Table((1,), [(text,)], headings=(text,)),
        title=text,
        sender=Sender(text, signatory=(text,)),
    )
    assert reading.whole(pdf).count(text) == 7


def test_line_breaks_stay_and_other_white_space_becomes_a_space() -> None:
    assert printable("अ\r\nब\rक\tड\u2009इ\u202fई") == "अ\nब\nक ड इ\u00a0ई"
    (text,) = reading.texts(written(Paragraph("पहिली ओळ\nदुसरी ओळ")))
    assert "पहिली ओळ दुसरी ओळ" in text


@pytest.mark.parametrize("text", ["محمد علی", "Иванов", "漢字", "ગુજરાતી"])
def test_another_script_is_refused_with_its_characters(text: str) -> None:
    with pytest.raises(CannotShape) as refused:
        written(Table((1, 1), [("पाणीपुरवठा", f"श्री. {text}")]))
    assert set(refused.value.characters) == set(text) - {" "}
    assert refused.value.text == f"श्री. {text}"


def test_a_symbol_is_printed_by_its_name_and_the_paper_says_so() -> None:
    pdf = written(Paragraph("📢 सूचना 👷🏽‍♀️ ☎️ ★"))
    text = reading.whole(pdf)
    assert "[loudspeaker] सूचना [woman construction worker medium skin tone]" in text
    assert "[telephone] [black star]" in text
    assert "कंसात" in text
    assert "कंसात" not in reading.whole(written(Paragraph("सूचना")))


def test_a_joiner_stays_and_marks_of_direction_go() -> None:
    assert printable("र्\u200dय क्\u200cष \u200eA\u202aB\ufeff") == "र्\u200dय क्\u200cष AB"


def test_a_word_wider_than_its_cell_is_broken_between_syllables() -> None:
    word = "क्षत्रद्ध्यश्रीर्\u200dय" * 12
    pdf = written(Table((1, 3), [(word, "शेजारचा मजकूर")]))
    assert word in reading.whole(written(Table((1,), [(word,)]))).replace(" ", "")
    page = reading.drawn(pdf, scale=1)
    # The margin of 18 mm is 51 points wide.
    assert page.crop((page.width - 48, 0, page.width, page.height)).getextrema() == (255, 255)
    assert "शेजारचा मजकूर" in reading.whole(pdf)


def test_each_paper_counts_its_own_pages_in_the_digits_of_its_language() -> None:
    long = Paper("पहिले पत्र", [Table((1,), [(f"ओळ {number}",) for number in range(60)])])
    short = Paper("दुसरे पत्र", [Paragraph("मजकूर")])
    pages = reading.texts(write([long, short], sender=SENDER, language="mr", now=NOW))
    assert [page.split(" ")[-3:] for page in pages] == [
        ["१", "/", "२"],
        ["२", "/", "२"],
        ["१", "/", "१"],
    ]
    in_english = reading.texts(write([short], sender=SENDER, language="en", now=NOW))
    assert in_english[0].endswith("1 / 1")


def test_headings_of_a_table_are_repeated_on_each_page() -> None:
    rows = [(f"{number}", "विभाग " * 20) for number in range(80)]
    pages = reading.texts(written(Table((1, 6), rows, headings=("अ.क्र.", "विभागाचे नाव"))))
    assert len(pages) > 3
    assert all("विभागाचे नाव" in page for page in pages)


def test_a_hundred_pages_hold_every_row_once() -> None:
    rows = [(f"क-{number}", "क्षेत्रीय कार्यालय " * 8) for number in range(2600)]
    pages = reading.texts(written(Table((1, 6), rows)))
    assert len(pages) >= 100
    assert re.findall(r"क-\d+", " ".join(pages)) == [f"क-{number}" for number in range(2600)]


def test_only_our_fonts_are_embedded_and_only_in_part() -> None:
    pdf = written(Paragraph("सूचना"))
    assert {name.partition("+")[2] for name in reading.fonts(pdf)} == {
        "NotoSansDevanagari-Regular",
        "NotoSansDevanagari-Bold",
    }
    assert len(pdf) < 60_000


def test_the_letterhead_has_number_date_and_signatory(tmp_path: Path) -> None:
    Image.new("RGB", (3000, 900), "navy").save(tmp_path / "crest.png")
    settings = load(
        {
            "NAGARVANI_LETTERHEAD": "crest.png",
            "NAGARVANI_OUTWARD_NUMBER": "मनपा/सोमीक/",
            "NAGARVANI_SIGNATORY": "(अ. ब. सावंत) | उप आयुक्त",
        },
        folder=tmp_path,
    )
    sender = make_sender(settings, "mr")
    paper = Paper("स्मरणपत्र", [Paragraph("मजकूर")], date="२९ नोव्हेंबर २०२६", number="१७")
    text = reading.whole(write([paper], sender=sender, language="mr", now=NOW))
    for part in ("मनपा/सोमीक/१७", "२९ नोव्हेंबर २०२६", *sender.signatory, "पुणे महानगरपालिका"):
        assert part in text
    by_hand = Paper("स्मरणपत्र", [], number="", letterhead=False, signatory=())
    text = reading.whole(write([by_hand], sender=sender, language="mr", now=NOW))
    assert "मनपा/सोमीक/____" in text
    assert "सावंत" not in text
    assert "पुणे" not in text


@pytest.mark.parametrize("content", [b"no picture", b"", b"\x89PNG\r\n\x1a\n broken", None])
def test_a_letterhead_that_is_no_picture_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "crest.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NoImage) as refused:
        read_letterhead(path)
    assert refused.value.path == path


SIGNED = Sender("पुणे महानगरपालिका", signatory=("(अ. ब. सावंत)", "उप आयुक्त"))


@each("rows", range(32, 42))
def test_the_signature_stands_on_no_page_alone(rows: int) -> None:
    table = Table((1, 6), [(f"क-{number}", "पथ विभाग") for number in range(rows)], ("अ.क्र.", "नाव"))
    *_others, last = reading.texts(written(table, sender=SIGNED))
    assert f"क-{rows - 1} पथ विभाग (अ. ब. सावंत) उप आयुक्त" in last
    assert "अ.क्र. नाव" in last


def test_the_annex_of_all_departments_is_one_signed_page(tmp_path: Path) -> None:
    Image.new("RGB", (300, 300), "navy").save(tmp_path / "crest.png")
    names = enumerate((row.name_mr for row in register_data.load()), start=1)
    rows = tuple(AnnexRow(number, "", name) for number, name in names)
    paper = replace(
        annex_paper(Annex(NOW.date(), is_from_circular=False, rows=rows)),
        number="",
        date="२९ नोव्हेंबर २०२६",
    )
    sender = replace(SIGNED, image=read_letterhead(tmp_path / "crest.png"))
    (page,) = reading.texts(write([paper], sender=sender, language="mr", now=NOW))
    assert "उप आयुक्त" in page


def test_a_signature_follows_a_row_that_is_longer_than_a_page() -> None:
    long = "क्षेत्रीय कार्यालय " * 600
    pages = reading.texts(written(Table((1, 6), [("१", long)]), sender=SIGNED))
    assert " ".join(pages).count("क्षेत्रीय") == 600
    assert "सावंत" in pages[-1]


def test_a_picture_stands_in_a_letter(tmp_path: Path) -> None:
    Image.new("L", (50, 50), 0).save(tmp_path / "code.png")
    code = PaperPicture((tmp_path / "code.png").read_bytes(), 30, "क्यूआर कोड")
    with_code, without = (
        reading.drawn(written(*parts), scale=1).histogram()[0] for parts in ([code], [])
    )
    # 30 mm are 85 points.
    assert with_code - without == pytest.approx(85 * 85, rel=0.05)
