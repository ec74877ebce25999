"""The mail to an approver: texts, small pictures and descriptions of exactly one revision."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import EmailMessage
from html import unescape
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from publisher.auth import one_time_links
from publisher.auth.one_time_links import LinkPurpose
from publisher.drafting.drafts import PictureDraft
from publisher.models.comments import Comment
from publisher.models.notifications import Channel, Notice
from publisher.models.people import Link, Person
from publisher.models.posts import Language, Post, Rendition
from publisher.notifications import bundle, links, retry
from publisher.notifications.dispatch import LEASE
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.notifications.review_mail import MOST_BYTES, PICTURE_SIDE
from publisher.states import NoticeState
from tests.people.test_shared_addresses import share
from tests.support import city_controls
from tests.support.away_store import AwayStore
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE
from tests.support.mail import Mail, MailServer
from tests.web.pictures import jpeg

MARATHI = 'पाणीपुरवठा उद्या बंद.\n\n“टाकी & <b>दुरुस्ती</b>” %s "०१"'
URDU = "کل پانی کی فراہمی بند رہے گی۔"


def tick(town: City, url: str, *, has_store: bool = True, reply_to: str = "") -> int:
    return tick_mail(
        town.database,
        MailOrigin(
            smtp_url=url,
            mail_from="सोशल मिडिया कक्ष <cell@pmc.example>",
            base_url="https://nagarvani.example",
            reply_to=reply_to,
        ),
        now=town.clock,
        store=town.store if has_store else None,
    )


def speak(town: City, language: str, name: str = "first") -> None:
    with town.write() as session:
        session.get_one(Person, town.people[name]).language = language


def sent(
    town: City,
    *photos: bytes,
    text: str = MARATHI,
    alt_text: str = "",
    on: tuple[str, ...] = ("x",),
) -> int:
    """Send a post with these photos for review, and return its id."""
    post_id = town.start(town.hand_in(wished_at=town.now + 5 * HOUR))
    pictures = tuple(
        PictureDraft(alt_text or f"वर्णन {number} <i>", content=photo, name=f"{number}.jpg")
        for number, photo in enumerate(photos, start=1)
    )
    town.save(post_id, on=on, text=text, pictures=pictures)
    town.send(post_id)
    return post_id


def noise() -> bytes:
    """Return a photo that stays heavy when it is made small."""
    layers = [Image.effect_noise((900, 900), 200) for _ in range(3)]
    file = BytesIO()
    Image.merge("RGB", layers).save(file, "JPEG")
    return file.getvalue()


def mail_to(mail_server: MailServer, name: str = "first") -> Mail:
    return mail_server.to(f"{name}@pmc.example")[-1]


def html_of(mail: Mail) -> str:
    part = mail.content.get_body(("html",))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def pictures_of(mail: Mail) -> dict[str, bytes]:
    """Return the pictures of a mail by the id that its HTML names."""
    return {
        str(part["Content-ID"]).strip("<>"): part.get_content()
        for part in mail.content.walk()
        if part.get_content_maintype() == "image"
    }


def notice_of(town: City, name: str = "first", kind: str = "review_asked") -> Notice:
    with town.read() as session:
        query = select(Notice).where(Notice.person_id == town.people[name], Notice.kind == kind)
        return session.scalars(query.order_by(Notice.id.desc())).all()[0]


def test_the_mail_has_text_pictures_and_descriptions_of_this_revision(
    town: City, mail_server: MailServer
) -> None:
    post_id = sent(town, jpeg(1600, 1200), jpeg(64, 48))
    assert tick(town, mail_server.url) == 3  # one to the department, two to its officers
    mail = mail_to(mail_server)
    assert mail.content.get_content_type() == "multipart/alternative"
    text = mail.text.replace("\r\n", "\n")
    assert MARATHI in text
    assert "फोटो १, वर्णन: वर्णन 1 <i>\nफोटो २, वर्णन: वर्णन 2 <i>\n" in text
    (address,) = re.findall(r"^https://nagarvani\.example/approve/([\w-]+)$", text, re.MULTILINE)
    html = html_of(mail)
    assert f'href="https://nagarvani.example/approve/{address}"' in html
    assert MARATHI in unescape(html)
    assert "<b>" not in html
    ids = re.findall(r'<img src="cid:([^"]+)" alt="वर्णन \d &lt;i&gt;"', html)
    pictures = pictures_of(mail)
    assert ids == list(pictures)
    sizes = [Image.open(BytesIO(content)).size for content in pictures.values()]
    assert sizes == [(PICTURE_SIDE, PICTURE_SIDE * 3 // 4), (64, 48)]
    with town.read() as session:
        link = one_time_links.find(
            session, token=address, purpose=LinkPurpose.APPROVE, now=town.now
        )
        assert link is not None
        revision = session.get_one(Post, post_id).revisions[-1]
        assert (link.subject_id, link.person_id) == (revision.id, town.people["first"])
        assert notice_of(town).path == links.review(post_id)
        assert notice_of(town).revision_id == revision.id


def test_text_and_html_say_alike_what_becomes_of_a_reply(
    town: City, mail_server: MailServer
) -> None:
    speak(town, "en")
    sent(town)
    tick(town, mail_server.url, reply_to="cell@pmc.example")
    mail = mail_to(mail_server)
    for whole in (mail.text, html_of(mail)):
        assert whole.count("reaches the Cell as a note; it is no approval.") == 1
        assert "Nobody reads" not in whole


def test_nothing_of_the_html_is_fetched_from_elsewhere_or_runs(
    town: City, mail_server: MailServer
) -> None:
    sent(town, jpeg(), text='<script>alert(1)</script><img src="https://evil.example/x.png">')
    tick(town, mail_server.url)
    html = html_of(mail_to(mail_server))
    assert set(re.findall(r'(?:src|href)="(\w+):', html)) == {"cid", "https"}
    assert re.findall(r'src="(?!cid:)', html) == []
    assert re.findall(r"<(?:script|link|iframe|form|style)\b", html) == []


@pytest.mark.parametrize(
    ("language", "heading", "button"),
    [
        ("mr", "हेच प्रसिद्ध होईल", "पाहून निर्णय द्या"),
        ("hi", "ठीक यही प्रकाशित होगा", "देखकर निर्णय दें"),
        ("en", "This is what will be published", "See it and decide"),
    ],
)
def test_the_mail_speaks_the_language_of_its_reader(
    town: City, mail_server: MailServer, language: str, heading: str, button: str
) -> None:
    speak(town, language)
    sent(town, jpeg(), text=URDU, alt_text="ٹینک")
    tick(town, mail_server.url)
    mail = mail_to(mail_server)
    assert f"\n{heading}\r\n" in mail.text
    html = html_of(mail)
    assert f'<html lang="{language}">' in html
    assert f">{button}</a>" in html
    assert f'dir="auto" lang="mr">{URDU}</div>' in html
    assert URDU in mail.text
    assert 'alt="ٹینک"' in html
    assert "ٹینک" in mail.text


def test_every_account_and_language_has_its_text_in_the_mail(
    town: City, mail_server: MailServer
) -> None:
    speak(town, "en")
    post_id = town.start(town.hand_in())
    texts = {"x": "लहान मजकूर", "facebook": "क" * 20_000}
    languages = (Language.MARATHI, Language.ENGLISH)
    town.save(post_id, on=("x", "facebook"), texts=texts, languages=languages)
    town.send(post_id)
    tick(town, mail_server.url)
    mail = mail_to(mail_server)
    headings = re.findall(r"^\d\. (\w+) · .+ · (\w+)\r$", mail.text, re.MULTILINE)
    assert headings == [
        (platform, language)
        for platform in ("X", "Facebook")
        for language in ("Marathi", "English")
    ]
    for whole in (mail.text, html_of(mail)):
        assert whole.count(texts["x"]) == whole.count(texts["facebook"]) == 2
    assert max(len(line) for line in mail.content.as_bytes().splitlines()) < 998


def test_pictures_are_bounded_in_all_and_the_rest_is_named(
    town: City, mail_server: MailServer
) -> None:
    post_id = sent(town, *(noise() for _ in range(4)), on=("facebook",))
    with town.write() as session:  # twice what a platform of today takes
        variant = session.get_one(Post, post_id).revisions[-1].variants[0]
        for position in range(4, 8):
            digest = town.store.save(noise())
            row = {"sha256": digest, "source_sha256": digest, "mime": "image/jpeg"}
            variant.renditions.append(Rendition(position=position, width=900, height=900, **row))
    tick(town, mail_server.url)
    mail = mail_to(mail_server)
    pictures = pictures_of(mail)
    assert 2 <= len(pictures) < 8
    assert sum(map(len, pictures.values())) <= MOST_BYTES
    missing = "ईमेलचा आकार फार वाढू नये म्हणून येथे दिलेले नाही: फोटो "
    assert missing in mail.text
    assert missing in html_of(mail)
    assert html_of(mail).count("<img") == len(pictures)
    assert len(re.findall(r"^फोटो [१-८][,:] ", mail.text, re.MULTILINE)) == 4
    assert len(re.findall(r">फोटो [१-८][,:] ", html_of(mail))) == 8


@pytest.mark.parametrize("trouble", ["missing", "changed", "no picture"])
def test_a_picture_that_cannot_be_read_never_stops_the_mail(
    town: City, mail_server: MailServer, trouble: str
) -> None:
    post_id = sent(town, jpeg(), jpeg(80, 60))
    with town.read() as session:
        rendition = session.get_one(Post, post_id).revisions[-1].variants[0].renditions[0]
    path = town.store.path(rendition.sha256)
    if trouble == "no picture":
        digest = town.store.save(b"no picture")
        with town.write() as session:
            session.merge(rendition).sha256 = digest
    elif trouble == "changed":
        path.write_bytes(b"changed")
    else:
        path.unlink()
    assert tick(town, mail_server.url) == 3  # one to the department, two to its officers
    mail = mail_to(mail_server)
    assert len(pictures_of(mail)) == 1
    assert "येथे दाखविता येत नाही: फोटो १\r\n" in mail.text
    assert "येथे दाखविता येत नाही: फोटो १<" in html_of(mail)


def test_a_mail_waits_for_photos_that_cannot_be_read_and_goes_with_them(
    town: City, mail_server: MailServer
) -> None:
    store = AwayStore(town.store.root)
    town = replace(town, store=store)
    sent(town, jpeg(), jpeg(80, 60))
    store.is_away = True
    assert tick(town, mail_server.url) == 1  # the department's has no photos
    assert notice_of(town).state is NoticeState.QUEUED
    assert notice_of(town).reason == "the photos cannot be read now"
    store.is_away = False
    town.clock.move(MINUTE)
    assert tick(town, mail_server.url) == 2
    assert len(pictures_of(mail_to(mail_server))) == 2


def test_a_mail_that_waited_long_for_its_photos_goes_without_and_says_so(
    town: City, mail_server: MailServer
) -> None:
    store = AwayStore(town.store.root)
    town = replace(town, store=store)
    sent(town, jpeg(), jpeg(80, 60))
    store.is_away = True
    for minutes in (0, 1, 2):
        town.clock.move(minutes * MINUTE)
        tick(town, mail_server.url)
        assert mail_server.to("first@pmc.example") == []
    store.asked.clear()
    town.clock.move(5 * MINUTE)
    assert tick(town, mail_server.url) == 2
    assert store.asked == ["open"] * 2  # once for each mail, whatever its photos
    mail = mail_to(mail_server)
    assert pictures_of(mail) == {}
    assert "पाहावे: फोटो १, फोटो २\r\n" in mail.text
    assert "पाहावे: फोटो १, फोटो २<" in html_of(mail)


def test_each_reader_has_a_link_of_their_own_which_is_masked_once_sent(
    town: City, mail_server: MailServer
) -> None:
    sent(town)
    bodies = {name: notice_of(town, name).body for name in ("first", "second")}
    tokens = {re.findall(r"/approve/([\w-]+)", body)[0] for body in bodies.values()}
    assert len(tokens) == 2
    with town.write() as session:  # they wait together, and stay apart
        notices = session.scalars(select(Notice).where(Notice.kind == "review_asked")).all()
        for notice in notices:
            bundle.gather(session, notice, now=town.now)
        assert len(notices) == session.query(Notice).filter_by(kind="review_asked").count()
    tick(town, mail_server.url)
    for name in ("first", "second"):
        stored = notice_of(town, name)
        assert stored.state is NoticeState.SENT
        assert links.REMOVED_APPROVAL in stored.body
        assert not [token for token in tokens if token in stored.body]


def test_a_mail_lost_on_the_way_goes_again_with_the_same_link_and_id(
    town: City, mail_server: MailServer
) -> None:
    sent(town, jpeg())
    mail_server.response = "451 later"
    tick(town, mail_server.url)
    mail_server.response = None
    with town.write() as session:  # as after a kill: claimed, and never settled
        notice = session.merge(notice_of(town))
        notice.state, notice.leased_until = NoticeState.SENDING, town.now
    before = re.findall(r"/approve/([\w-]+)", notice_of(town).body)
    town.clock.move(LEASE)
    tick(town, mail_server.url)
    town.clock.move(10 * MINUTE)
    tick(town, mail_server.url)
    mails = mail_server.to("first@pmc.example")
    assert [mail.content["Message-ID"] for mail in mails] == [
        f"<{notice_of(town).mail_id}@pmc.example>"
    ]
    assert re.findall(r"/approve/([\w-]+)", mails[0].text) == before


def test_a_failed_mail_goes_again_by_hand_with_the_link_of_the_review(
    town: City, mail_server: MailServer
) -> None:
    post_id = sent(town)
    failed = city_controls.fail_mail(town, kind="review_asked", address="first@pmc.example")
    with town.write() as session:
        notice = session.get_one(Notice, failed)
        notice.body = links.remove_secrets(notice.body)
        assert retry.can_go_again(notice)
        retry.send_again(session, actor=town.actor("lead"), now=town.now, notice=notice)
    tick(town, mail_server.url)
    mail = mail_to(mail_server)
    assert f'href="https://nagarvani.example/posts/{post_id}/review"' in html_of(mail)
    assert "…" not in mail.text.partition("हेच")[0]


def test_a_person_whose_mail_is_the_departments_gets_an_outline(
    town: City, mail_server: MailServer
) -> None:
    with town.write() as session:
        person = session.get_one(Person, town.people["first"])
        person.mail = None
    share(town, "first@pmc.example", confirmed=True)
    with town.write() as session:
        session.get_one(Person, town.people["first"]).mail = "first@pmc.example"
    sent(town, jpeg())
    tick(town, mail_server.url)
    (mail,) = mail_server.to("first@pmc.example")
    assert mail.content.get_content_type() == "text/plain"
    assert "शनिवारी पाणीपुरवठा बंद" in mail.text
    assert MARATHI not in mail.text
    assert "/approve/" not in mail.text


def test_who_has_no_mail_gets_the_link_by_sms(town: City) -> None:
    with town.write() as session:
        person = session.get_one(Person, town.people["first"])
        person.mail, person.mobile = None, "+919822012345"
    sent(town)
    notice = notice_of(town)
    assert notice.channel is Channel.SMS
    assert str(notice.variables["link"]).startswith(f"{links.BASE}/approve/")
    with town.read() as session:
        made = select(Link).where(Link.person_id == town.people["first"])
        assert session.scalars(made).one().sent_to == ""


def test_an_answer_that_waits_comes_whole_with_its_link(
    town: City, mail_server: MailServer
) -> None:
    comment_id = town.comment(under=town.live(on=["facebook"])[0], on="facebook")
    with town.write() as session:
        session.get_one(Comment, comment_id).department_id = town.departments["water"]
    answer = ("उद्या पाणी येईल. " * 80).strip()
    town.answer(comment_id, answer, by="clerk")
    tick(town, mail_server.url)
    mail = mail_to(mail_server)
    assert answer in mail.text
    assert answer in html_of(mail)
    assert "/approve/" in mail.text


def test_without_a_store_every_picture_is_named(town: City, mail_server: MailServer) -> None:
    sent(town, jpeg())
    tick(town, mail_server.url, has_store=False)
    mail = mail_to(mail_server)
    assert pictures_of(mail) == {}
    assert "येथे दाखविता येत नाही: फोटो १" in mail.text
