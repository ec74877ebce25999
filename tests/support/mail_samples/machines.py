"""Mails that no person typed: of scanners and web forms, auto-replies, bounces, lists."""

from __future__ import annotations

from tests.support.mail_samples.builder import (
    CELL,
    DOCX_TYPE,
    NOTICE,
    NOTICE_SUBJECT,
    Sample,
    b_word,
    base64_lines,
    docx,
    headers,
    lines,
    multipart,
    part,
    pdf,
    percent,
    png,
    zip_file,
)
from tests.support.spreadsheets import merged_workbook

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BASE64 = "Content-Transfer-Encoding: base64"
_UTF8 = "Content-Type: text/plain; charset=utf-8"


def scanner_pdf() -> Sample:
    """A printer that mails what it scans, without a word; this one recognises letters."""
    return Sample(
        lines(
            "Date: Mon, 12 Oct 2026 10:15:00 +0530",
            "From: KM_C258@pune.example",
            f"To: {CELL}",
            "Subject: Message from KM_C258",
            "MIME-Version: 1.0",
            'Content-Type: Multipart/Mixed; boundary="KM_BOUNDARY"',
            "",
        )
        + multipart(
            "KM_BOUNDARY",
            part(b"\r\n", "Content-Type: text/plain; charset=UTF-8"),
            part(
                base64_lines(pdf("Notice: no water on Thursday.", "Second page.")),
                'Content-Type: application/pdf; name="SKM_C25826101210150.pdf"',
                'Content-Disposition: attachment; filename="SKM_C25826101210150.pdf"',
                _BASE64,
            ),
        ),
        sender="km_c258@pune.example",
        text="Notice: no water on Thursday.\n\nSecond page.",
        files=(("SKM_C25826101210150.pdf", "application/pdf"),),
        notes=("text_from_file",),
    )


def scanner_only_a_file() -> Sample:
    """The whole mail is a picture, without any part."""
    return Sample(
        headers(
            "Scan",
            'Content-Type: image/png; name="scan.png"',
            _BASE64,
            'Content-Disposition: attachment; filename="scan.png"',
        )
        + b"\r\n"
        + base64_lines(png(1200, 1600)),
        text="",
        files=(("scan.png", "image/png"),),
    )


def php_raw() -> Sample:
    """A web form by PHP's mail(): raw UTF-8 in subject, name and text, and nothing is declared."""
    return Sample(
        b"To: cell@pune.example\nSubject: "
        + NOTICE_SUBJECT.encode()
        + "\nFrom: कोथरूड, प्रभाग <ward@pune.example>\n".encode()
        + b"X-PHP-Originating-Script: 0:mail.php\n\n"
        + f"{NOTICE}\n".encode(),
        subject=NOTICE_SUBJECT,
        text=NOTICE,
        sender_name="कोथरूड, प्रभाग",
    )


def docx_with_a_greeting() -> Sample:
    """A notice as DOCX, and a mail that only points to it; its name is percent-encoded."""
    name = percent("सूचना.docx")
    return Sample(
        headers(b_word(NOTICE_SUBJECT), "Content-Type: multipart/mixed; boundary=d")
        + b"\r\n"
        + multipart(
            "d",
            part(lines("Respected Sir, PFA.", "Regards"), _UTF8),
            part(
                base64_lines(docx(NOTICE, "टँकर सोमवारी येतील.")),
                f"Content-Type: {DOCX_TYPE}",
                f"Content-Disposition: attachment; filename*=UTF-8''{name}",
                _BASE64,
            ),
        ),
        text=f"{NOTICE}\nटँकर सोमवारी येतील.",
        files=(("सूचना.docx", DOCX_TYPE),),
        notes=("text_from_file",),
    )


def pdf_beside_a_text() -> Sample:
    """A mail that says what is to be said; its PDF is only attached."""
    return Sample(
        headers(b_word(NOTICE_SUBJECT), "Content-Type: multipart/mixed; boundary=d")
        + b"\r\n"
        + multipart(
            "d",
            part(lines(NOTICE), _UTF8),
            part(
                base64_lines(pdf("Notice")),
                "Content-Type: application/pdf; name=n.pdf",
                "Content-Disposition: attachment; filename=n.pdf",
                _BASE64,
            ),
        ),
        text=NOTICE,
        files=(("n.pdf", "application/pdf"),),
    )


def spreadsheet() -> Sample:
    """Timings of tankers in a workbook beside the text, with cells merged without end."""
    return Sample(
        headers(b_word(NOTICE_SUBJECT), "Content-Type: multipart/mixed; boundary=d")
        + b"\r\n"
        + multipart(
            "d",
            part(lines(NOTICE), _UTF8),
            part(
                base64_lines(merged_workbook()),
                f"Content-Type: {XLSX_TYPE}; name=tankers.xlsx",
                "Content-Disposition: attachment; filename=tankers.xlsx",
                _BASE64,
            ),
        ),
        text=NOTICE,
        files=(("tankers.xlsx", XLSX_TYPE),),
    )


def archive() -> Sample:
    """Photos in a ZIP, which is left unopened."""
    return Sample(
        headers("Photos", "Content-Type: multipart/mixed; boundary=z")
        + b"\r\n"
        + multipart(
            "z",
            part(lines(NOTICE), _UTF8),
            part(
                base64_lines(zip_file({"a.jpg": b"x"})),
                "Content-Type: application/x-zip-compressed",
                'Content-Disposition: attachment; filename="photos.zip"',
                _BASE64,
            ),
        ),
        text=NOTICE,
        files=(("photos.zip", "application/x-zip-compressed"),),
        notes=("archive",),
    )


def out_of_office() -> Sample:
    """Exchange's automatic reply."""
    return Sample(
        headers(
            "Automatic reply: PMC/2026/000123",
            "In-Reply-To: <ack@pune.example>",
            "X-Auto-Response-Suppress: All",
            "auto-submitted: auto-generated",
            _UTF8,
        )
        + b"\r\n"
        + lines("I am on leave."),
        automatic="auto_reply",
        text="I am on leave.",
    )


def vacation() -> Sample:
    """Sieve's vacation, from the empty address."""
    return Sample(
        lines("Return-Path: <>")
        + headers("Auto: Notice", "Auto-Submitted: auto-replied (vacation)", _UTF8)
        + b"\r\n"
        + lines("Away."),
        automatic="auto_reply",
    )


def bounce() -> Sample:
    """A report that our mail could not be delivered, with our mail in it."""
    return Sample(
        lines("Return-Path: <>")
        + headers(
            "Undelivered Mail Returned to Sender",
            "Auto-Submitted: auto-replied",
            "Content-Type: multipart/report; report-type=delivery-status;",
            '\tboundary="4Z.1/mx.pune.example"',
            sender="MAILER-DAEMON@mx.pune.example (Mail Delivery System)",
        )
        + b"\r\n"
        + multipart(
            "4Z.1/mx.pune.example",
            part(lines("This is the mail system."), "Content-Type: text/plain; charset=us-ascii"),
            part(
                lines("Reporting-MTA: dns; mx.pune.example"),
                "Content-Type: message/delivery-status",
            ),
            part(headers("Ack") + b"\r\nours\r\n", "Content-Type: message/rfc822"),
        ),
        sender="mailer-daemon@mx.pune.example",
        sender_name="Mail Delivery System",
        automatic="bounce",
        text="This is the mail system.",
    )


def qmail_bounce() -> Sample:
    """A bounce in plain text, known by its empty Return-Path."""
    return Sample(
        lines("Return-Path: <>") + headers("failure notice", _UTF8) + b"\r\n" + lines("Hi."),
        automatic="bounce",
    )


def read_receipt() -> Sample:
    """A receipt that a mail was read."""
    return Sample(
        headers(
            "Read: Ack",
            "Content-Type: multipart/report; boundary=r; report-type=disposition-notification",
        )
        + b"\r\n"
        + multipart(
            "r",
            part(lines("Your message was read."), _UTF8),
            part(lines("Disposition: x"), "Content-Type: message/disposition-notification"),
        ),
        automatic="auto_reply",
    )


def mailing_list() -> Sample:
    """A mail of a list, with the list's footer as a part of its own."""
    return Sample(
        headers(
            "[ward] Meeting",
            "List-Id: Wards <ward.lists.pune.example>",
            "Precedence: list",
            "Content-Type: multipart/mixed; boundary=l",
        )
        + b"\r\n"
        + multipart(
            "l",
            part(lines("Meeting at 4."), _UTF8),
            part(
                lines("_______________", "ward mailing list"),
                "Content-Type: text/plain; charset=us-ascii",
                "Content-Disposition: inline",
            ),
        ),
        automatic="list",
    )


def newsletter() -> Sample:
    """An advertisement."""
    return Sample(
        headers("Offers", "List-Unsubscribe: <https://shop.example/u>", _UTF8)
        + b"\r\n"
        + lines("Buy."),
        automatic="list",
    )


SAMPLES = {
    function.__name__: function()
    for function in (
        scanner_pdf,
        scanner_only_a_file,
        php_raw,
        docx_with_a_greeting,
        pdf_beside_a_text,
        spreadsheet,
        archive,
        out_of_office,
        vacation,
        bounce,
        qmail_bounce,
        read_receipt,
        mailing_list,
        newsletter,
    )
}
