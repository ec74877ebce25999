"""Mails whose charsets, names and structure are not as they should be."""

from __future__ import annotations

from tests.support.mail_samples.builder import (
    NOTICE,
    NOTICE_SUBJECT,
    SENDER,
    Sample,
    b_word,
    base64_lines,
    headers,
    jpeg,
    lines,
    multipart,
    part,
    q_word,
    quoted_printable,
)

_BASE64 = "Content-Transfer-Encoding: base64"
_UTF8 = "Content-Type: text/plain; charset=utf-8"


def _text(content: bytes, content_type: str, subject: str = "x") -> bytes:
    return headers(subject, content_type, "Content-Transfer-Encoding: 8bit") + b"\r\n" + content


def utf8_as_ascii() -> Sample:
    """UTF-8 that is declared as ASCII."""
    raw = _text(NOTICE.encode(), "Content-Type: text/plain; charset=us-ascii")
    return Sample(raw, text=NOTICE, notes=("charset_uncertain",))


def utf8_as_latin1() -> Sample:
    """UTF-8 that is declared as Latin-1, subject and text."""
    subject = b_word(NOTICE_SUBJECT.encode(), "iso-8859-1")
    raw = _text(NOTICE.encode(), 'Content-Type: text/plain; charset="ISO-8859-1"', subject)
    return Sample(raw, subject=NOTICE_SUBJECT, text=NOTICE, notes=("charset_uncertain",))


def utf8_as_windows() -> Sample:
    """UTF-8 that is declared as that of Windows, in HTML whose own declaration is right."""
    html = f'<html><head><meta charset="utf-8"></head><body>{NOTICE}</body></html>'
    raw = _text(html.encode(), "Content-Type: text/html; charset=windows-1252")
    return Sample(raw, text=NOTICE, notes=("charset_uncertain",))


def windows_as_utf8() -> Sample:
    """Text of Windows that is declared as UTF-8."""
    raw = _text("“Café” – closed".encode("cp1252"), _UTF8)
    return Sample(raw, text="“Café” – closed", notes=("charset_uncertain",))


def utf16() -> Sample:
    """UTF-16 with its mark, as an editor's file."""
    return Sample(
        headers("x", "Content-Type: text/plain; charset=utf-16", _BASE64)
        + b"\r\n"
        + base64_lines(NOTICE.encode("utf-16")),
        text=NOTICE,
    )


def utf16_undeclared() -> Sample:
    """UTF-16 without a mark, that is declared as UTF-8."""
    return Sample(
        headers("x", _UTF8, _BASE64) + b"\r\n" + base64_lines(NOTICE.encode("utf-16-le")),
        text=NOTICE,
        notes=("charset_uncertain",),
    )


def shivaji_font() -> Sample:
    """Marathi in a font of its own, which HTML names."""
    html = '<p><font face="Shivaji01">puNao mahanagarpailaka</font></p><p>Ward Office</p>'
    return Sample(
        _text(html.encode(), "Content-Type: text/html; charset=utf-8"),
        text="puNao mahanagarpailaka\n\nWard Office",
        notes=("legacy_font",),
    )


def kruti_dev_plain() -> Sample:
    """Kruti Dev in plain text, known by its words."""
    return Sample(
        _text(b"iq.ks egkuxjikfydk vkf.k ukxfjd", _UTF8),
        text="iq.ks egkuxjikfydk vkf.k ukxfjd",
        notes=("legacy_font",),
    )


def dvb_plain() -> Sample:
    """DVB-TT in plain text, known by its letters; its charset is that of Windows."""
    text = "{ÉÖhÉä ¨É½þÉxÉMÉ®ú{ÉÉÊ±ÉEòÉ +ÉÊhÉ xÉÉMÉÊ®úEò"
    raw = _text(text.encode("cp1252"), "Content-Type: text/plain; charset=windows-1252")
    return Sample(raw, text=text, notes=("legacy_font",))


def unicode_in_a_legacy_font() -> Sample:
    """Unicode that only carries the name of such a font."""
    html = f"<p style=\"font-family:'Kruti Dev 010'\">{NOTICE}</p>"
    return Sample(_text(html.encode(), "Content-Type: text/html; charset=utf-8"), text=NOTICE)


def subject_split_in_a_letter() -> Sample:
    """A subject that was cut every 20 bytes and then encoded."""
    content = NOTICE.encode()
    words = [b_word(content[start : start + 20]) for start in range(0, len(content), 20)]
    return Sample(_text(b"x", _UTF8, "\r\n ".join(words)), subject=NOTICE, text="x")


def subject_of_two_charsets() -> Sample:
    """Encoded words side by side, of two charsets and both encodings, and plain text after them."""
    words = f"{q_word('Café'.encode('latin-1'), 'iso-8859-1')} {b_word(NOTICE_SUBJECT)} (Ward)"
    return Sample(_text(b"x", _UTF8, words), subject=f"Café{NOTICE_SUBJECT} (Ward)")


def subject_raw_and_folded() -> Sample:
    """A raw subject that is folded, and folded once more without its blank."""
    half = len(NOTICE) // 2
    subject = NOTICE[:half].encode() + b"\r\n " + NOTICE[half:].encode() + b"\r\nand more"
    raw = headers("PLACE").replace(b"PLACE", subject) + b"\r\n" + lines("x")
    return Sample(raw, subject=f"{NOTICE[:half]} {NOTICE[half:]}and more", text="x")


def no_subject_no_text() -> Sample:
    """Only a photo."""
    return Sample(
        headers("", "Content-Type: multipart/mixed; boundary=e")
        + b"\r\n"
        + multipart(
            "e", part(base64_lines(jpeg()), "Content-Type: image/jpeg; name=a.jpg", _BASE64)
        ),
        subject="",
        text="",
        files=(("a.jpg", "image/jpeg"),),
    )


def headers_alone() -> Sample:
    """A mail that ends before its empty line."""
    return Sample(headers(b_word(NOTICE_SUBJECT)).rstrip(), subject=NOTICE_SUBJECT, text="")


def no_from() -> Sample:
    """A mail without a sender."""
    return Sample(lines("Subject: x", "", NOTICE), subject="x", sender="", text=NOTICE)


def two_senders() -> Sample:
    """A From with two addresses, the name of the first of which is a third."""
    sender = f'"head@pune.example" <{SENDER}>, other@example.org'
    return Sample(
        headers("x", _UTF8, sender=sender) + b"\r\n" + lines(NOTICE),
        sender_name="head@pune.example",
        text=NOTICE,
        notes=("several_senders",),
    )


def boundary_never_closes() -> Sample:
    """The connection ended in the middle of a photo."""
    photo = part(base64_lines(jpeg())[:200], "Content-Type: image/jpeg; name=a.jpg", _BASE64)
    return Sample(
        headers("x", "Content-Type: multipart/mixed; boundary=b")
        + b"\r\n"
        + multipart("b", part(lines(NOTICE), _UTF8), photo, closed=False),
        text=NOTICE,
        files=(("a.jpg", "image/jpeg"),),
        notes=("broken_structure",),
    )


def ten_deep() -> Sample:
    """Ten multiparts in one another."""
    content, content_type = lines(NOTICE), _UTF8
    for depth in range(10):
        content = multipart(f"b{depth}", part(content, content_type))
        content_type = f"Content-Type: multipart/mixed; boundary=b{depth}"
    return Sample(headers("x", content_type) + b"\r\n" + content, text=NOTICE)


def nuls() -> Sample:
    """NULs and other controls in subject and text."""
    raw = _text(f"{NOTICE[:5]}\0{NOTICE[5:]}\x07\u202e".encode(), _UTF8, "a\0b")
    return Sample(raw, subject="ab", text=NOTICE)


def signed() -> Sample:
    """A signed mail: its signature is no file."""
    return Sample(
        headers(
            "x",
            'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=s',
        )
        + b"\r\n"
        + multipart(
            "s",
            part(quoted_printable(NOTICE), _UTF8, "Content-Transfer-Encoding: quoted-printable"),
            part(
                base64_lines(bytes(40)),
                'Content-Type: application/pkcs7-signature; name="smime.p7s"',
                'Content-Disposition: attachment; filename="smime.p7s"',
                _BASE64,
            ),
        ),
        text=NOTICE,
    )


def base64_with_a_footer() -> Sample:
    """A list has added its footer below a text in base64."""
    return Sample(
        headers("x", _UTF8, _BASE64)
        + b"\r\n"
        + base64_lines(NOTICE.encode())
        + lines("--", "You receive this mail because you are a ward."),
        text=NOTICE,
    )


def digest() -> Sample:
    """Two messages that are attached without any text."""
    first = lines("", "From: water@pune.example", "Subject: a", "", "No water.")
    second = lines("", "From: zone@pune.example", "Subject: b", "", "No light.")
    return Sample(
        headers("Two notices", "Content-Type: multipart/digest; boundary=d")
        + b"\r\n"
        + multipart("d", first, second),
        text="No water.\n\nNo light.",
        forwarded_from="water@pune.example",
    )


def photo_without_a_name() -> Sample:
    """A photo that is only bytes to the program that sends it."""
    photo = part(base64_lines(jpeg()), "Content-Type: application/octet-stream", _BASE64)
    return Sample(
        headers("x", "Content-Type: multipart/mixed; boundary=b")
        + b"\r\n"
        + multipart("b", part(lines(NOTICE), _UTF8), photo),
        text=NOTICE,
        files=(("file-1.jpg", "application/octet-stream"),),
    )


def unreadable_date() -> Sample:
    """A date that is none."""
    raw = _text(NOTICE.encode(), _UTF8).replace(b"Mon, 12 Oct 2026 10:15:00 +0530", b"yesterday")
    return Sample(raw, text=NOTICE, notes=("date_uncertain",))


def date_of_2099() -> Sample:
    """A date that lies years after the server received the mail."""
    raw = _text(NOTICE.encode(), _UTF8).replace(b"12 Oct 2026", b"12 Oct 2099")
    received = "Received: from x by mx.pune.example; Mon, 12 Oct 2026 10:15:02 +0530"
    return Sample(lines(received) + raw, text=NOTICE, notes=("date_uncertain",))


SAMPLES = {
    function.__name__: function()
    for function in (
        utf8_as_ascii,
        utf8_as_latin1,
        utf8_as_windows,
        windows_as_utf8,
        utf16,
        utf16_undeclared,
        shivaji_font,
        kruti_dev_plain,
        dvb_plain,
        unicode_in_a_legacy_font,
        subject_split_in_a_letter,
        subject_of_two_charsets,
        subject_raw_and_folded,
        no_subject_no_text,
        headers_alone,
        no_from,
        two_senders,
        boundary_never_closes,
        ten_deep,
        nuls,
        signed,
        base64_with_a_footer,
        digest,
        photo_without_a_name,
        unreadable_date,
        date_of_2099,
    )
}
