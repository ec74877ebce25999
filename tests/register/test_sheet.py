"""A file is read as a table of texts, whatever program has written it, or refused in words."""

from __future__ import annotations

import io
import resource
import time
from datetime import date

import pytest
from openpyxl import Workbook

from publisher.register import sheet as register_sheet
from publisher.register.sheet import MOST_ROWS, BadSheet, SheetRow, read_sheet
from tests.support.spreadsheets import ALL_CELLS, merged_workbook, workbook_of_one_text
from tests.support.tables import each

TEXT = "विभाग,नाव\r\nपथ,मेधा\r\n,\r\nउद्यान,नितीन\r\n"


def xlsx(workbook: Workbook) -> bytes:
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.replace(",", "\t").encode("utf-16"),
        TEXT.replace(",", ";").encode(),
    ],
)
def test_a_csv_file_is_read_in_every_usual_encoding(content: bytes) -> None:
    sheet = read_sheet(content)
    assert sheet.headings == ("विभाग", "नाव")
    assert sheet.rows == (SheetRow(2, ("पथ", "मेधा")), SheetRow(4, ("उद्यान", "नितीन")))


def test_a_workbook_has_texts_numbers_days_and_merged_cells() -> None:
    workbook = Workbook()
    page = workbook.worksheets[0]
    page["A1"] = "समन्वयकांची यादी"
    page.merge_cells("A1:D1")
    page.append(["विभाग", "नाव", "मोबाईल", "दिनांक"])
    page.append(["पथ", "मेधा", 9822012345.0, date(2026, 6, 15)])
    page.append([None, "नितीन", "९८२२० १२३४६", None])
    page.merge_cells("A3:A4")
    sheet = read_sheet(xlsx(workbook))
    assert sheet.headings == ("विभाग", "नाव", "मोबाईल", "दिनांक")
    assert sheet.rows == (
        SheetRow(3, ("पथ", "मेधा", "9822012345", "2026-06-15")),
        SheetRow(4, ("पथ", "नितीन", "९८२२० १२३४६", "")),
    )


def test_a_formula_is_never_evaluated() -> None:
    workbook = Workbook()
    workbook.worksheets[0].append(["विभाग", "नाव"])
    workbook.worksheets[0].append(["पथ", '=HYPERLINK("http://evil.example", "मेधा")'])
    (row,) = read_sheet(xlsx(workbook)).rows
    assert row.cells[1].startswith("=HYPERLINK"), "no value was stored beside it"


def empty_far_below() -> bytes:
    workbook = Workbook()
    workbook.worksheets[0].append(["विभाग", "नाव"])
    workbook.worksheets[0]["B1048576"] = "दूर"
    return xlsx(workbook)


@each(
    "content, code",
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (TEXT.partition("\r\n")[0].encode(), "no_rows"),
        ("क\nख\n".encode(), "no_rows"),
        (b"\xd0\xcf\x11\xe0 old", "old_excel"),
        (b"PK\x03\x04 no archive", "unreadable"),
        ("é,नाव".encode()[:3] + b"\xff\xfa", "encoding"),
        (b"a,b\n" + b"x" * 11 * 2**20, "too_large"),
        (b",".join([b"h"] * 61), "too_many_columns"),
        (b"a,b\n" + b"1,2\n" * (MOST_ROWS + 1), "too_many_rows"),
        (b'a,b\n"' + b"x" * 200_000 + b'",1', "unreadable"),
        (empty_far_below(), "too_many_rows"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(content: bytes, code: str) -> None:
    with pytest.raises(BadSheet) as refused:
        read_sheet(content)
    assert refused.value.code == code


@pytest.mark.ci
@pytest.mark.parametrize(
    ("merged", "code"),
    [
        (ALL_CELLS, "too_much"),
        (ALL_CELLS.replace(b":", b"&#58;"), "too_much"),
        (b'<mergeCell ref="A1:BH6000"/>' * 1_000, "too_much"),
        (b'<mergeCell ref="A1:XFD1"/>', "too_many_columns"),
    ],
    ids=["all cells", "disguised", "many times", "a whole row"],
)
def test_merged_cells_far_beyond_a_table_are_refused_at_no_cost_of_ours(
    merged: bytes, code: str
) -> None:
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.process_time()
    with pytest.raises(BadSheet) as refused:
        read_sheet(merged_workbook(merged))
    used = resource.getrusage(resource.RUSAGE_SELF)
    assert refused.value.code == code
    assert used.ru_maxrss - before.ru_maxrss < 20_000  # kilobytes
    assert time.process_time() - began < 2


def test_few_letters_that_are_the_text_of_all_cells_are_refused() -> None:
    with pytest.raises(BadSheet) as refused:
        read_sheet(workbook_of_one_text("x" * 2_000, rows=1_000, columns=60))
    assert refused.value.code == "too_much"
    assert len(read_sheet(workbook_of_one_text("x" * 20, rows=1_000, columns=60)).rows) == 999


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workbook = Workbook()
    workbook.worksheets[0].append(["विभाग", "क" * 1_000])
    for _number in range(3_000):
        workbook.worksheets[0].append(["विभाग" * 400, "क" * 2_000])
    content = xlsx(workbook)
    assert len(content) < register_sheet.MOST_BYTES
    with pytest.raises(BadSheet) as refused:
        read_sheet(content)
    assert refused.value.code in ("too_large",)


def test_a_workbook_of_five_thousand_rows_is_read_in_seconds() -> None:
    workbook = Workbook()
    workbook.worksheets[0].append([f"स्तंभ {number}" for number in range(12)])
    for number in range(MOST_ROWS):
        workbook.worksheets[0].append([f"मजकूर {number} {column}" for column in range(12)])
    content = xlsx(workbook)
    began = time.process_time()
    assert len(read_sheet(content).rows) == MOST_ROWS
    assert time.process_time() - began < 20, "it took 38 s when every row asked for the last one"
