"""Mails of Outlook, Thunderbird and Apple Mail, and of K-9 on a phone."""

from __future__ import annotations

from tests.support.mail_samples.builder import (
    NOTICE,
    NOTICE_SUBJECT,
    Sample,
    b_word,
    base64_lines,
    headers,
    jpeg,
    lines,
    multipart,
    part,
    png,
    q_word,
    quoted_printable,
)

_BASE64 = "Content-Transfer-Encoding: base64"
_QP = "Content-Transfer-Encoding: quoted-printable"
_HTML = 'Content-Type: text/html; charset="utf-8"'
_8BIT = "Content-Transfer-Encoding: 8bit"


def outlook_table() -> Sample:
    """Word's HTML: a paragraph in each cell, a list, a wrapped link, a logo below."""
    html = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta '
        'http-equiv="Content-Type" '
        'content="text/html; charset=utf-8"><style><!-- p.MsoNormal '
        '{font-family:"Calibri";} --></style>'
        '</head><body lang="EN-IN"><div class="WordSection1"><p class="MsoNormal">'
        f"{NOTICE}<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><table "
        f"class=MsoNormalTable>"
        "<tr><td><p class=MsoNormal>भाग<o:p></o:p></p></td><td><p class=MsoNormal>वेळ<o:p>"
        "</o:p></p></td>"
        "</tr><tr><td><p class=MsoNormal>कोथरूड</p></td><td><p class=MsoNormal>६ ते ९</p>"
        "</td></tr></table>"
        "<ul><li class=MsoListParagraph>पाणी साठवा</li><li>उकळून प्या</li></ul><p class=MsoNormal>"
        "<a "
        'href="https://apc01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fpune.example%2Fa'
        '&amp;data=05%7C02&amp;reserved=0">येथे पहा</a></p><p><img width=600 '
        'src="cid:image001.png@01D'
        '.5E"></p></div></body></html>'
    )
    return Sample(
        headers(
            b_word(NOTICE_SUBJECT, "utf-8"),
            "Thread-Topic: x",
            "Content-Language: en-IN",
            'Content-Type: multipart/related;\r\n\tboundary="_004_MA1.prod_";',
            '\ttype="multipart/alternative"',
        )
        + b"\r\n"
        + multipart(
            "_004_MA1.prod_",
            part(
                multipart(
                    "_000_MA1.prod_",
                    part(
                        base64_lines(f"{NOTICE}\r\n".encode()),
                        'Content-Type: text/plain; charset="utf-8"',
                        _BASE64,
                    ),
                    part(
                        base64_lines(html.encode()),
                        'Content-Type: text/html; charset="utf-8"',
                        _BASE64,
                    ),
                ),
                'Content-Type: multipart/alternative;\r\n\tboundary="_000_MA1.prod_"',
            ),
            part(
                base64_lines(png(180, 60)),
                'Content-Type: image/png; name="image001.png"',
                "Content-Description: image001.png",
                'Content-Disposition: inline; filename="image001.png"; size=171;',
                '\tcreation-date="Mon, 12 Oct 2026 04:45:00 GMT"',
                "Content-ID: <image001.png@01D.5E>",
                _BASE64,
            ),
        ),
        subject=NOTICE_SUBJECT,
        text=(
            f"{NOTICE}\n\nभाग | वेळ\nकोथरूड | ६ ते ९\n\n- पाणी साठवा\n- उकळून प्या\n"
            "येथे पहा <https://pune.example/a>"
        ),
    )


def outlook_reply() -> Sample:
    """An answer above Outlook's block of headers."""
    html = (
        '<html><body><div class="elementToProof">सकाळी ६ वाजता.</div><div id="appendonsend"></div>'
        '<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" '
        'dir="ltr">'
        "<font><b>From:</b> Social Media Cell &lt;cell@pune.example&gt;<br><b>Sent:</b> "
        "Monday, October 12, "
        "2026 10:15 AM<br><b>To:</b> Ward &lt;ward@pune.example&gt;<br><b>Subject:</b> "
        "PMC/2026/000123"
        "</font><div>&nbsp;</div></div><div>वेळ कोणती?</div></body></html>"
    )
    return Sample(
        headers(
            "RE: PMC/2026/000123",
            "In-Reply-To: <ack@pune.example>",
            'Content-Type: text/html; charset="utf-8"',
            _QP,
        )
        + b"\r\n"
        + quoted_printable(html),
        text="सकाळी ६ वाजता.",
    )


def outlook_forward() -> Sample:
    """A forward by its subject, in plain text, with addresses as Outlook writes them there."""
    plain = lines(
        "PFA",
        "",
        "",
        "________________________________",
        "From: Water Works [mailto:water@pune.example] ",
        "Sent: Sunday, October 11, 2026 6:00 PM",
        "To: Ward Office <ward@pune.example <mailto:ward@pune.example> >",
        "Cc: Zone",
        f"Subject: {NOTICE_SUBJECT}",
        "",
        "",
        NOTICE,
    )
    return Sample(
        headers(
            f"FW: {b_word(NOTICE_SUBJECT)}",
            "X-Mailer: Microsoft Outlook 16.0",
            'Content-Type: text/plain;\r\n\tcharset="utf-8"',
            _8BIT,
        )
        + b"\r\n"
        + plain,
        text=NOTICE,
        forwarded_from="water@pune.example",
    )


def outlook_cp1252() -> Sample:
    """The quotation marks and dashes of Windows, declared as Latin-1."""
    return Sample(
        headers(
            q_word("Road – closed".encode("cp1252"), "iso-8859-1"),
            'Content-Type: text/plain; charset="iso-8859-1"',
            _QP,
        )
        + b"\r\n"
        + quoted_printable("“Karve Road” – closed", "cp1252"),
        subject="Road – closed",
        text="“Karve Road” – closed",
    )


def outlook_winmail() -> Sample:
    """Exchange's own container."""
    return Sample(
        headers(
            NOTICE_SUBJECT,
            'Content-Type: multipart/mixed; boundary="w"',
        )
        + b"\r\n"
        + multipart(
            "w",
            part(lines(NOTICE), "Content-Type: text/plain; charset=utf-8", _8BIT),
            part(
                base64_lines(b"\x78\x9f\x3e\x22" + bytes(60)),
                'Content-Type: application/ms-tnef; name="winmail.dat"',
                'Content-Disposition: attachment; filename="winmail.dat"',
                _BASE64,
            ),
        ),
        subject=NOTICE_SUBJECT,
        text=NOTICE,
        files=(("winmail.dat", "application/ms-tnef"),),
        notes=("winmail",),
    )


def outlook_attached_message() -> Sample:
    """A forward as an attached message, which has a photo."""
    inner = lines(
        "From: Water Works <water@pune.example>",
        "To: ward@pune.example",
        f"Subject: {b_word(NOTICE_SUBJECT)}",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="in"',
        "",
    ) + multipart(
        "in",
        part(lines(NOTICE), "Content-Type: text/plain; charset=utf-8", _8BIT),
        part(
            base64_lines(jpeg()),
            'Content-Type: image/jpeg; name="a.jpg"',
            _BASE64,
            "Content-Disposition: attachment",
        ),
    )
    return Sample(
        headers("Notice", 'Content-Type: multipart/mixed; boundary="out"')
        + b"\r\n"
        + multipart(
            "out",
            part(lines("Please publish."), "Content-Type: text/plain; charset=us-ascii"),
            part(inner, "Content-Type: message/rfc822", "Content-Disposition: attachment"),
        ),
        text=NOTICE,
        forwarded_from="water@pune.example",
        files=(("a.jpg", "image/jpeg"),),
    )


def outlook_invitation() -> Sample:
    """An invitation to a meeting: its text, and the calendar file."""
    calendar = lines("BEGIN:VCALENDAR", "METHOD:REQUEST", "END:VCALENDAR")
    return Sample(
        headers("Ward meeting", 'Content-Type: multipart/alternative; boundary="c"')
        + b"\r\n"
        + multipart(
            "c",
            part(lines("Ward meeting on Friday at 4."), "Content-Type: text/plain; charset=utf-8"),
            part(
                base64_lines(calendar),
                "Content-Type: text/calendar; charset=utf-8; method=REQUEST",
                _BASE64,
            ),
        ),
        text="Ward meeting on Friday at 4.",
        files=(("file-1.ics", "text/calendar"),),
    )


def apple_photos() -> Sample:
    """Apple Mail on a phone: text, photo, text, photo, footer."""
    photos = [
        part(
            base64_lines(jpeg(shade=shade)),
            f"Content-Type: image/jpeg;\r\n\tname=IMG_000{shade}.jpeg;\r\n\tx-apple-part-url=1",
            f"Content-Disposition: inline;\r\n\tfilename=IMG_000{shade}.jpeg",
            _BASE64,
        )
        for shade in (1, 2)
    ]
    text = "Content-Type: text/plain;\r\n\tcharset=utf-8"
    return Sample(
        headers(
            q_word(NOTICE_SUBJECT),
            "Mime-Version: 1.0 (1.0)",
            "X-Mailer: iPhone Mail (22F76)",
            "Content-Type: multipart/mixed; boundary=Apple-Mail-1",
        )
        + b"\r\n"
        + multipart(
            "Apple-Mail-1",
            part(quoted_printable(f"{NOTICE}\n\n"), text, _QP),
            photos[0],
            part(quoted_printable("\nदुसरे छायाचित्र:\n"), text, _QP),
            photos[1],
            part(quoted_printable("\n\nSent from my iPhone"), text, _QP),
        ),
        subject=NOTICE_SUBJECT,
        text=f"{NOTICE}\n\nदुसरे छायाचित्र:",
        files=(("IMG_0001.jpeg", "image/jpeg"), ("IMG_0002.jpeg", "image/jpeg")),
    )


def apple_forward() -> Sample:
    """A forward whose every line is quoted, in a text whose lines flow."""
    plain = lines(
        "",
        "",
        "Sent from my iPhone",
        "",
        "Begin forwarded message:",
        "",
        "> From: Water Works <water@pune.example>",
        "> Date: 11 October 2026 at 6:00:00 PM IST",
        "> To: ward@pune.example",
        f"> Subject: {NOTICE_SUBJECT}",
        "> ",
        f"> {NOTICE}",
        "> दुसरी ओळ",
    )
    return Sample(
        headers(
            f"Fwd: {q_word(NOTICE_SUBJECT)}",
            "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=no",
            _8BIT,
        )
        + b"\r\n"
        + plain,
        text=f"{NOTICE}\nदुसरी ओळ",
        forwarded_from="water@pune.example",
    )


def apple_heic() -> Sample:
    """A photo in the format of iPhones; its few bytes are no picture."""
    return Sample(
        headers("Photo", "Content-Type: multipart/mixed; boundary=h")
        + b"\r\n"
        + multipart(
            "h",
            part(lines(NOTICE), "Content-Type: text/plain; charset=utf-8", _8BIT),
            part(
                base64_lines(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
                "Content-Type: image/heic; name=IMG_1.HEIC",
                "Content-Disposition: attachment; filename=IMG_1.HEIC",
                _BASE64,
            ),
        ),
        text=NOTICE,
        files=(("IMG_1.HEIC", "image/heic"),),
    )


def thunderbird_flowed() -> Sample:
    """Paragraphs that the program has wrapped, a signature, an interleaved quotation."""
    plain = lines(
        "On 12/10/26 10:15 am, Social Media Cell wrote:",
        "> वेळ कोणती?",
        "सकाळी ६ ते ९ या वेळेत कोथरूड, वारजे आणि ",
        "कर्वेनगर भागात पाणी येणार नाही.",
        "> टँकर?",
        "होय.",
        "",
        "-- ",
        "Ward Office",
    )
    return Sample(
        headers(
            "Re: PMC/2026/000123",
            "User-Agent: Mozilla Thunderbird",
            "In-Reply-To: <ack@pune.example>",
            "Content-Type: text/plain; charset=UTF-8; format=flowed",
            _8BIT,
        )
        + b"\r\n"
        + plain,
        text="सकाळी ६ ते ९ या वेळेत कोथरूड, वारजे आणि कर्वेनगर भागात पाणी येणार नाही.\nहोय.",
    )


def thunderbird_html_reply() -> Sample:
    """An answer above and below the quotation, with a signature that is marked twice."""
    html = (
        '<p>हो</p><div class="moz-cite-prefix">On 12/10/26 10:15, Cell wrote:<br></div>'
        '<blockquote type="cite" cite="mid:a@pune.example"><p>कधी?</p></blockquote><p>सकाळी</p>'
        '<div class="moz-signature">-- <br>Ward</div>'
    )
    return Sample(
        headers("Re: x", "In-Reply-To: <a@pune.example>", _HTML, _8BIT) + b"\r\n" + html.encode(),
        text="हो\n\nसकाळी",
    )


def k9_plain() -> Sample:
    """A text in the Q encoding of a long subject, with a footer."""
    subject = "कोथरूड भागातील पाणीपुरवठा गुरुवारी बंद"
    return Sample(
        headers(
            f"{q_word(subject[:10])}\r\n {q_word(subject[10:24])}\r\n {q_word(subject[24:])}",
            "User-Agent: K-9 Mail for Android",
            "Content-Type: text/plain;\r\n charset=utf-8",
            _QP,
        )
        + b"\r\n"
        + quoted_printable(f"{NOTICE}\n-- \nSent from my Android device with K-9 Mail."),
        subject=subject,
        text=NOTICE,
    )


SAMPLES = {
    function.__name__: function()
    for function in (
        outlook_table,
        outlook_reply,
        outlook_forward,
        outlook_cp1252,
        outlook_winmail,
        outlook_attached_message,
        outlook_invitation,
        apple_photos,
        apple_forward,
        apple_heic,
        thunderbird_flowed,
        thunderbird_html_reply,
        k9_plain,
    )
}
