"""Put mails together byte by byte, without the library that takes them apart."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from PIL import Image

SENDER = "ward@pune.example"
CELL = "cell@pune.example"
NOTICE = "गुरुवारी कोथरूड भागात पाणी येणार नाही."
NOTICE_SUBJECT = "पाणीपुरवठा बंद"


@dataclass(frozen=True)
class Sample:
    """A mail, and what its reader finds: fields of the message that are not named are free.

    `files` are (name, type) in their order, `notes` the codes, `contains` and `lacks` texts that
    are and are not in the text.
    """

    raw: bytes
    subject: str | None = None
    text: str | None = None
    sender: str | None = SENDER
    sender_name: str | None = None
    forwarded_from: str | None = None
    files: tuple[tuple[str, str], ...] | None = ()
    notes: tuple[str, ...] | None = ()
    automatic: str | None = None
    message_id: str | None = None
    in_reply_to: tuple[str, ...] | None = None
    sent_at: datetime | None = None
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


def lines(*rows: str | bytes) -> bytes:
    """Return rows with the line ends of the wire; texts are UTF-8."""
    encoded = [row if isinstance(row, bytes) else row.encode() for row in rows]
    return b"".join(row + b"\r\n" for row in encoded)


def base64_lines(content: bytes, width: int = 76) -> bytes:
    """Return base64 in lines of this many letters."""
    letters = b64encode(content)
    rows = [letters[start : start + width] for start in range(0, len(letters), width)]
    return b"".join(row + b"\r\n" for row in rows)


def quoted_printable(text: str, charset: str = "utf-8", width: int = 72) -> bytes:
    """Return quoted-printable, in lines that are cut wherever they are full."""
    out = bytearray()
    for line in text.split("\n"):
        length = 0
        content = line.encode(charset)
        for index, letter in enumerate(content):
            is_last_blank = letter == 0x20 and index == len(content) - 1
            plain = 0x20 <= letter < 0x7F and letter != 0x3D and not is_last_blank
            unit = bytes([letter]) if plain else b"=%02X" % letter
            if length + len(unit) > width:
                out += b"=\r\n"
                length = 0
            out += unit
            length += len(unit)
        out += b"\r\n"
    return bytes(out)


def b_word(content: bytes | str, charset: str = "UTF-8") -> str:
    """Return an encoded word in base64, of bytes as they are."""
    raw = content.encode() if isinstance(content, str) else content
    return f"=?{charset}?B?{b64encode(raw).decode()}?="


def q_word(content: bytes | str, charset: str = "utf-8") -> str:
    """Return an encoded word in the Q encoding, of bytes as they are."""
    raw = content.encode() if isinstance(content, str) else content
    letters = "".join(
        "_" if b == 0x20 else chr(b) if chr(b).isalnum() and b < 128 else f"={b:02X}" for b in raw
    )
    return f"=?{charset}?Q?{letters}?="


def percent(text: str) -> str:
    """Return a text as RFC 2231 writes it."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def part(content: bytes, *headers: str | bytes) -> bytes:
    """Return a part: its headers, an empty line, its content."""
    return lines(*headers) + b"\r\n" + content


def multipart(boundary: str, *parts: bytes, closed: bool = True) -> bytes:
    """Return parts between boundaries."""
    mark = b"--" + boundary.encode()
    body = b"".join(mark + b"\r\n" + content + b"\r\n" for content in parts)
    return body + (mark + b"--\r\n" if closed else b"")


@cache
def jpeg(width: int = 1600, height: int = 1200, shade: int = 120) -> bytes:
    """Return a small JPEG of this many pixels, with some grain."""
    out = BytesIO()
    image = Image.effect_noise((width, height), 12).convert("RGB")
    image.paste((shade, 90, 60), (0, 0, width // 2, height // 2))
    image.save(out, "JPEG", quality=40)
    return out.getvalue()


@cache
def png(width: int, height: int) -> bytes:
    """Return a PNG of one colour."""
    out = BytesIO()
    Image.new("RGB", (width, height), (200, 60, 20)).save(out, "PNG")
    return out.getvalue()


def pdf(*texts: str) -> bytes:
    """Return a PDF with a page for each text, which is ASCII."""
    count = len(texts)
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(count))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
    ]
    for index, text in enumerate(texts):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {4 + 2 * index} 0 R"
        objects += [
            f"{page} /Resources << /Font << /F1 {font} >> >> >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    return pdf_file([content.encode("latin-1") for content in objects])


def pdf_file(objects: list[bytes]) -> bytes:
    """Return a PDF of these objects, which are numbered from 1; the first is the catalogue."""
    out, offsets = bytearray(b"%PDF-1.5\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)


DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"


def docx(*paragraphs: str, members: dict[str, bytes] | None = None) -> bytes:
    """Return a DOCX with these paragraphs, and further members of its archive."""
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    return zip_file(
        {
            "[Content_Types].xml": (
                f'<Types xmlns="{_TYPES}"><Default Extension="rels" ContentType='
                '"application/vnd.openxmlformats-package.relationships+xml"/><Override '
                f'PartName="/word/document.xml" ContentType="{DOCX_TYPE}.main+xml"/></Types>'
            ).encode(),
            "_rels/.rels": (
                f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" '
                f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
            ).encode(),
            "word/document.xml": (
                f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
            ).encode(),
            **(members or {}),
        }
    )


def zip_file(members: dict[str, bytes]) -> bytes:
    """Return a ZIP with these members."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def headers(subject: str, *further: str | bytes, sender: str = f"Kothrud Ward <{SENDER}>") -> bytes:
    """Return the headers that every mail has, in the order of most programs."""
    return lines(
        f"From: {sender}",
        f"To: Social Media Cell <{CELL}>",
        f"Subject: {subject}",
        "Date: Mon, 12 Oct 2026 10:15:00 +0530",
        "MIME-Version: 1.0",
        *further,
    )
