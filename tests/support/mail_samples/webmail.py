"""Mails of Gmail on the web and on Android, of Yahoo, and of Zimbra, the NIC's eMail."""

from __future__ import annotations

from datetime import UTC, datetime

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
    percent,
    png,
    q_word,
    quoted_printable,
)

_PLAIN = 'Content-Type: text/plain; charset="UTF-8"'
_HTML = 'Content-Type: text/html; charset="UTF-8"'
_BASE64 = "Content-Transfer-Encoding: base64"
_QP = "Content-Transfer-Encoding: quoted-printable"


def _alternative(boundary: str, plain: str, html: str, encoding: str = _BASE64) -> bytes:
    encode = (lambda text: base64_lines(text.encode())) if encoding == _BASE64 else quoted_printable
    return multipart(
        boundary, part(encode(plain), _PLAIN, encoding), part(encode(html), _HTML, encoding)
    )


def gmail_web() -> Sample:
    """A notice with a photo whose name is in Marathi."""
    plain = (
        f"{NOTICE}\r\nटँकर *सोमवारी* येतील: https://pune.example/tankers\r\n\r\n-- \r\nसहायक आयुक्त\r\n"
    )
    html = (
        f'<div dir="ltr"><div>{NOTICE}</div><div>टँकर <b>सोमवारी</b> येतील: '
        '<a href="https://pune.example/tankers">https://pune.example/tankers</a></div><br '
        'clear="all">'
        '<div><br></div><span class="gmail_signature_prefix">-- </span><br>'
        '<div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">सहायक '
        "आयुक्त</div></div>"
    )
    alternative = part(
        _alternative("00000000000027", plain, html),
        'Content-Type: multipart/alternative; boundary="00000000000027"',
    )
    photo = part(
        base64_lines(jpeg()),
        f'Content-Type: image/jpeg; name="{b_word("पाणी टँकर.jpg")}"',
        f'Content-Disposition: attachment; filename="{b_word("पाणी टँकर.jpg")}"',
        _BASE64,
        "Content-ID: <f_kx1>",
        "X-Attachment-Id: f_kx1",
    )
    return Sample(
        headers(
            b_word(NOTICE_SUBJECT),
            "Message-ID: <CAJ=x1+y@mail.gmail.com>",
            'Content-Type: multipart/mixed; boundary="00000000000028"',
        )
        + b"\r\n"
        + multipart("00000000000028", alternative, photo),
        subject=NOTICE_SUBJECT,
        text=f"{NOTICE}\nटँकर सोमवारी येतील: https://pune.example/tankers",
        files=(("पाणी टँकर.jpg", "image/jpeg"),),
        message_id="CAJ=x1+y@mail.gmail.com",
        sent_at=datetime(2026, 10, 12, 4, 45, tzinfo=UTC),
        sender_name="Kothrud Ward",
    )


def gmail_android() -> Sample:
    """A notice without HTML markup of note, with the name in sections of RFC 2231."""
    html = (
        f'<div dir="auto">{NOTICE}<div dir="auto"><br></div><div dir="auto">दुसरा परिच्छेद</div></div>'
    )
    name = percent("कोथरूड प्रभाग पाणीपुरवठा सूचना.jpg")
    photo = part(
        base64_lines(jpeg()),
        "Content-Type: image/jpeg",
        "Content-Disposition: attachment;",
        f" filename*0*=UTF-8''{name[:40]};",
        f" filename*1*={name[40:95]};",
        f" filename*2*={name[95:]}",
        _BASE64,
    )
    alternative = part(
        _alternative("a1", f"{NOTICE}\r\n\r\nदुसरा परिच्छेद\r\n", html, _QP),
        'Content-Type: multipart/alternative; boundary="a1"',
    )
    return Sample(
        headers(b_word(NOTICE_SUBJECT), 'Content-Type: multipart/mixed; boundary="a2"')
        + b"\r\n"
        + multipart("a2", alternative, photo),
        subject=NOTICE_SUBJECT,
        text=f"{NOTICE}\n\nदुसरा परिच्छेद",
        files=(("कोथरूड प्रभाग पाणीपुरवठा सूचना.jpg", "image/jpeg"),),
    )


def gmail_reply() -> Sample:
    """An answer above the quotation of our mail, whose attribution is in Marathi."""
    plain = (
        "होय, सकाळी ६ ते ९.\r\n\r\nसोम, १२ ऑक्टो, २०२६ रोजी १०:१५ AM वाजता Social Media Cell <\r\n"
        "cell@pune.example> ने लिहिले:\r\n\r\n> वेळ कोणती?\r\n> कळवावे.\r\n"
    )
    html = (
        '<div dir="ltr">होय, सकाळी ६ ते ९.</div><br><div class="gmail_quote gmail_quote_container">'
        '<div dir="ltr" class="gmail_attr">सोम, १२ ऑक्टो, २०२६ रोजी १०:१५ AM वाजता Social '
        "Media Cell "
        '&lt;<a href="mailto:cell@pune.example">cell@pune.example</a>&gt; ने लिहिले:<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">वेळ कोणती?<br>कळवावे.'
        "</blockquote></div>"
    )
    return Sample(
        headers(
            f"Re: {b_word(NOTICE_SUBJECT)}",
            "In-Reply-To: <ack-1@pune.example>",
            "References: <first@pune.example>\r\n <ack-1@pune.example>",
            'Content-Type: multipart/alternative; boundary="r1"',
        )
        + b"\r\n"
        + _alternative("r1", plain, html),
        subject=f"Re: {NOTICE_SUBJECT}",
        text="होय, सकाळी ६ ते ९.",
        in_reply_to=("ack-1@pune.example",),
    )


def gmail_forward() -> Sample:
    """A forward with a remark, of a notice that has a signature."""
    html = (
        '<div dir="ltr">कृपया प्रसिद्ध करावे.<br><br><div class="gmail_quote"><div dir="ltr" '
        'class="gmail_attr">---------- Forwarded message ---------<br>From: <strong '
        'class="gmail_sendername" dir="auto">Water Works</strong> <span dir="auto">&lt;<a '
        'href="mailto:water@pune.example">water@pune.example</a>&gt;</span><br>Date: Sun, '
        "11 Oct 2026 "
        f'at 18:00<br>Subject: {NOTICE_SUBJECT}<br>To:  &lt;<a href="mailto:ward@pune.example">'
        f'ward@pune.example</a>&gt;<br></div><br><br><div dir="ltr">{NOTICE}<br>-- <br>'
        "अधीक्षक अभियंता</div></div></div>"
    )
    plain = (
        "कृपया प्रसिद्ध करावे.\r\n\r\n---------- Forwarded message ---------\r\nFrom: Water Works "
        f"<water@pune.example>\r\nDate: Sun, 11 Oct 2026 at 18:00\r\nSubject: {NOTICE_SUBJECT}\r\n"
        f"To: <ward@pune.example>\r\n\r\n\r\n{NOTICE}\r\n-- \r\nअधीक्षक अभियंता\r\n"
    )
    return Sample(
        headers(
            f"Fwd: {b_word(NOTICE_SUBJECT)}",
            "References: <0@pune.example>",
            "In-Reply-To: <0@pune.example>",
            'Content-Type: multipart/alternative; boundary="f1"',
        )
        + b"\r\n"
        + _alternative("f1", plain, html),
        subject=f"Fwd: {NOTICE_SUBJECT}",
        text=NOTICE,
        forwarded_from="water@pune.example",
    )


def gmail_forward_of_forward() -> Sample:
    """A chain of two forwards: the first sender's text counts."""
    plain = lines(
        "FYI",
        "",
        "---------- Forwarded message ---------",
        "From: Zone Office <zone@pune.example>",
        "Date: Mon, 12 Oct 2026 at 09:00",
        "Subject: Fwd: Notice",
        "To: <ward@pune.example>",
        "",
        "Pl. do the needful",
        "",
        "---------- Forwarded message ---------",
        "From: Water Works <water@pune.example>",
        "Date: Sun, 11 Oct 2026 at 18:00",
        "Subject: Notice",
        "To: <zone@pune.example>, <a-very-long-address-of-another-office@pune.example>,",
        " <third@pune.example>",
        "",
        NOTICE,
    )
    return Sample(
        headers("Fwd: Notice", _PLAIN, "Content-Transfer-Encoding: 8bit") + b"\r\n" + plain,
        text=NOTICE,
        forwarded_from="water@pune.example",
    )


def gmail_inline_photo_and_logo() -> Sample:
    """A photo in the text stays, a logo in the signature goes."""
    html = (
        f'<div dir="ltr">{NOTICE}<div><img src="cid:ii_photo" alt="IMG_1.jpg" width="540"></div>'
        '<span class="gmail_signature_prefix">-- </span><br><div class="gmail_signature">कार्यालय'
        '<img src="cid:ii_logo" width="96" height="96"></div></div>'
    )
    related = multipart(
        "rel",
        part(base64_lines(html.encode()), _HTML, _BASE64),
        part(
            base64_lines(jpeg()),
            'Content-Type: image/jpeg; name="IMG_1.jpg"',
            'Content-Disposition: inline; filename="IMG_1.jpg"',
            _BASE64,
            "Content-ID: <ii_photo>",
        ),
        part(
            base64_lines(png(400, 400)),
            'Content-Type: image/png; name="logo.png"',
            'Content-Disposition: inline; filename="logo.png"',
            _BASE64,
            "Content-ID: <ii_logo>",
        ),
    )
    return Sample(
        headers(q_word(NOTICE_SUBJECT), 'Content-Type: multipart/related; boundary="rel"')
        + b"\r\n"
        + related,
        subject=NOTICE_SUBJECT,
        text=NOTICE,
        files=(("IMG_1.jpg", "image/jpeg"),),
    )


def gmail_drive_link() -> Sample:
    """Videos that lie in a cloud drive."""
    html = (
        f"<div>{NOTICE}</div><div class='gmail_chip'><a href='https://drive.google.com/file/d/1Ab/"
        "view?usp=drive_web'><img src='https://ssl.gstatic.com/icon.png'>&nbsp;<span>Repair.mp4"
        "</span></a></div>"
    )
    return Sample(
        headers(b_word(NOTICE_SUBJECT), _HTML, _QP) + b"\r\n" + quoted_printable(html),
        text=f"{NOTICE}\nRepair.mp4 <https://drive.google.com/file/d/1Ab/view?usp=drive_web>",
        notes=("cloud_link",),
    )


def yahoo_reply() -> Sample:
    """An answer whose quotation no sign marks."""
    html = (
        '<html><head></head><body><div class="ydp1yahoo-style-wrap"><div dir="ltr">ठीक '
        "आहे</div><br>"
        '</div><div id="ydp2yahoo_quoted" class="ydp2yahoo_quoted"><div>On Monday, 12 '
        "October, 2026 at "
        "10:15:00 am IST, Social Media Cell &lt;cell@pune.example&gt; wrote: </div><div><br></div>"
        "<div><br></div><div>वेळ कोणती?</div></div></body></html>"
    )
    return Sample(
        headers(
            "Re: PMC/2026/000123",
            "In-Reply-To: <ack@pune.example>",
            'Content-Type: multipart/alternative; boundary="----=_Part_1_2.3"',
        )
        + b"\r\n"
        + multipart(
            "----=_Part_1_2.3",
            part(
                base64_lines(
                    " ठीक आहे\n    On Monday, 12 October, 2026 at 10:15:00 am IST, Social "
                    "Media Cell "
                    "<cell@pune.example> wrote:  \n \n \nवेळ कोणती?\n  ".encode()
                ),
                "Content-Type: text/plain; charset=UTF-8",
                _BASE64,
            ),
            part(base64_lines(html.encode()), "Content-Type: text/html; charset=UTF-8", _BASE64),
        ),
        text="ठीक आहे",
        in_reply_to=("ack@pune.example",),
    )


def zimbra_forward() -> Sample:
    """A forward by the NIC's eMail with its disclaimer-free signature above."""
    plain = lines(
        "महोदय, सोबतची सूचना प्रसिद्ध करावी.",
        "",
        "----- Forwarded Message -----",
        "From: Water Works <water@pune.example>",
        "To: ward <ward@pune.example>",
        "Sent: Sun, 11 Oct 2026 18:00:00 +0530 (IST)",
        f"Subject: {NOTICE_SUBJECT}",
        "",
        NOTICE,
    )
    return Sample(
        headers(
            f"Fwd: {b_word(NOTICE_SUBJECT)}",
            "Message-ID: <1188370223.1.1791780000000.JavaMail.zimbra@pune.example>",
            "Content-Type: multipart/alternative; ",
            '\tboundary="=_a0b1"',
            "X-Mailer: Zimbra 8.8.15_GA_4180 (ZimbraWebClient - GC118 (Win)/8.8.15_GA_4177)",
        )
        + b"\r\n"
        + multipart(
            "=_a0b1",
            part(
                plain, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"
            ),
        ),
        text=NOTICE,
        forwarded_from="water@pune.example",
    )


SAMPLES = {
    function.__name__: function()
    for function in (
        gmail_web,
        gmail_android,
        gmail_reply,
        gmail_forward,
        gmail_forward_of_forward,
        gmail_inline_photo_and_logo,
        gmail_drive_link,
        yahoo_reply,
        zimbra_forward,
    )
}
