"""Spreadsheets made to harm whoever reads them."""

from __future__ import annotations

import io
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from tests.support.mail_samples.builder import zip_file

ALL_CELLS = b'<mergeCell ref="A1:XFD1048576"/>'


def merged_workbook(merged: bytes = ALL_CELLS) -> bytes:
    """Return a workbook of some kilobytes with these merged cells, by default all there are."""
    workbook, saved, content = Workbook(), io.BytesIO(), io.BytesIO()
    workbook.worksheets[0].append(["विभाग", "नाव"])
    workbook.worksheets[0].append(["पथ", "मेधा"])
    workbook.worksheets[0].merge_cells("A2:A3")
    workbook.save(saved)
    with ZipFile(saved) as archive, ZipFile(content, "w", ZIP_DEFLATED) as changed:
        for name in archive.namelist():
            member = archive.read(name)
            changed.writestr(name, member.replace(b'<mergeCell ref="A2:A3"/>', merged))
    return content.getvalue()


_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def workbook_of_one_text(text: str, *, rows: int, columns: int) -> bytes:
    """Return a workbook in which the text is stored once, and is that of all these cells."""
    letters = [get_column_letter(column) for column in range(1, columns + 1)]
    cells = "".join(
        f'<row r="{row}">'
        + "".join(f'<c r="{letter}{row}" t="s"><v>0</v></c>' for letter in letters)
        + "</row>"
        for row in range(1, rows + 1)
    )
    names = {"sheet": "worksheet", "sharedStrings": "sharedStrings"}
    links = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{name}.xml"/>'
        for name, kind in names.items()
    )
    kinds = {"workbook": "sheet.main", "sheet": "worksheet", "sharedStrings": "sharedStrings"}
    types = "".join(
        f'<Override PartName="/xl/{name}.xml" ContentType="{_TYPE}.{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    whole = f'<Relationship Id="a" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    members = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{whole}</Relationships>',
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="a" sheetId="1" r:id="sheet"/></sheets></workbook>'
        ),
        "xl/sheet.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}"><si><t>{text}</t></si></sst>',
    }
    return zip_file({name: member.encode() for name, member in members.items()})
