"""What a sender wrote is told from quotations and signatures; in doubt it is kept."""

from __future__ import annotations

from publisher.mail.messages.quotations import is_courtesy, own_text
from tests.support.tables import each


@each(
    "text, own",
    [
        ("yes\n\nOn Mon, 12 Oct 2026 at 10:15 Cell <c@p.example> wrote:\n> when?\n> where?", "yes"),
        (
            "yes\n\nOn Mon, 12 Oct 2026 at 10:15, Cell\n<c@p.example> wrote:\n\n> x",
            "yes",
        ),
        ("On 12/10/26, Cell wrote:\n> when?\n\nat six\n> where?\nhere", "at six\nhere"),
        (
            "yes\n-----Original Message-----\nFrom: Cell\nSent: 12 Oct 2026\nTo: W\n\nq",
            "yes",
        ),
        (
            "yes\n\nFrom: Cell <c@p.example>\nDate: Monday, 12 Oct 2026\nSubject: x\nTo: w\n\nq",
            "yes",
        ),
        ("होय\n१२ ऑक्टो २०२६ रोजी Cell <c@p.example> यांनी लिहिले:\nकधी?", "होय"),
        ("हाँ\n12 अक्तू॰ 2026 को 10:15 पर Cell <c@p.example> ने लिखा:\n> कब?", "हाँ"),
        (
            "हाँ\nप्रेषक: Cell <c@p.example>\nभेजा गया: 12 अक्टूबर 2026\nप्रति: W\nविषय: x\n\nकब?",
            "हाँ",
        ),
        ("yes\n-- \nWard Officer\n020 1234", "yes"),
        ("yes\n--\nWard Officer", "yes"),
        ("yes\n\n-- \n-- \nWard Officer", "yes"),
        ("yes\n\nGet Outlook for Android<https://aka.example/x>", "yes"),
        ("yes\n\nमाझ्या iPhone वरून पाठवले", "yes"),
        ("yes\n\nSent from my Galaxy\n", "yes"),
        ("yes\n-- \nWard\n\nSent from Yahoo Mail on Android", "yes"),
    ],
)
def test_quotations_signatures_and_footers_of_a_reply_are_left_out(text: str, own: str) -> None:
    assert own_text(text, is_reply=True, is_forward=False).text == own


@each(
    "text",
    [
        "प्रेषक: सहायक आयुक्त\nदिनांक: १२ ऑक्टोबर २०२६\nप्रति: नागरिक\nविषय: पाणी\n\nपाणी येणार नाही.",
        "पत्रात त्यांनी दि. १२ रोजी पुढीलप्रमाणे लिहिले:\nपाणी येणार नाही.",
        "He wrote:\nno water in 2026",
        "From: 6 am\nTo: 9 am\nno water",
        "From: Swargate\nTo: Katraj\nDate: daily\nSubject to change",
        "> क्लिक करा\nपाणी",
        "one\n--\n" + "two\n" * 12 + "end",
        "Sent from the ward office: 40 tankers to Kothrud",
        "---\nheading\n---\ntext",
        "__________\nname",
        "धन्यवाद\nसहायक आयुक्त\nकोथरूड क्षेत्रीय कार्यालय",
        "----- Forwarded -----\nnothing follows",
    ],
)
def test_a_text_that_only_looks_so_is_kept_whole(text: str) -> None:
    own = own_text(text, is_reply=False, is_forward=False)
    assert own.text == text
    assert own.forwarded_from is None


def test_a_long_remark_above_a_forward_is_kept() -> None:
    remark = "पाणी येणार नाही. " * 20
    text = f"{remark}\n\n---------- Forwarded message ---------\nFrom: a@b.example\n\nसूचना"
    own = own_text(text, is_reply=False, is_forward=True)
    assert own.text == f"{remark}\n\nसूचना"


def test_a_forward_of_nothing_leaves_the_remark() -> None:
    text = (
        "सोबतचे छायाचित्र\n\nBegin forwarded message:\n\n> From: A <a@b.example>\n> Subject: x\n>\n"
    )
    own = own_text(text, is_reply=False, is_forward=True)
    assert own.text == "सोबतचे छायाचित्र"
    assert own.forwarded_from is not None
    assert own.forwarded_from.address == "a@b.example"


def test_a_forwarded_answer_is_without_what_it_quotes() -> None:
    text = (
        "---------- Forwarded message ---------\nFrom: A <a@b.example>\nSubject: Re: x\n\n"
        "at six\n\nOn 12 Oct 2026 Cell <c@p.example> wrote:\n> when?"
    )
    assert own_text(text, is_reply=False, is_forward=True).text == "at six"


def test_below_a_forwarded_approval_is_what_was_approved() -> None:
    text = (
        "---------- Forwarded message ---------\nFrom: Zone <z@b.example>\nSubject: Re: x\n\n"
        "Approved. Publish.\n\nOn 12 Oct 2026 Water <w@p.example> wrote:\n\n> No water on "
        "Thursday.\n"
        "> Tankers come."
    )
    own = own_text(text, is_reply=False, is_forward=True)
    assert own.text == "No water on Thursday.\nTankers come."
    assert own.forwarded_from is not None
    assert own.forwarded_from.address == "w@p.example"


@each(
    "text, courtesy",
    [
        ("", True),
        ("\u200b \n", True),
        ("Respected Sir,\nPFA", True),
        ("महोदय, सोबत जोडले आहे.", True),
        ("गुरुवारी पाणी येणार नाही.", False),
        ("महोदय,\nसोबतची सूचना प्रसिद्ध करावी.\nसहायक आयुक्त", True),
        ("महोदय, कृपया गुरुवारी पाणी जपून वापरावे.", False),
        ("Dear citizens, the bridge is closed on Thursday. Regards", False),
        ("Dear all, " + "no water on Thursday. " * 20, False),
    ],
)
def test_a_greeting_is_told_from_a_notice(text: str, courtesy: bool) -> None:
    assert is_courtesy(text) is courtesy
