"""The whole way from a department's notice to a citizen's answer, over HTTP."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from demo import notices
from publisher.models.posts import Rendition
from publisher.now import now
from publisher.working_time import local
from tests.journey.flow import (
    FACEBOOK,
    X,
    acknowledgement_number,
    approve,
    hand_in,
    in_review,
    publish_now,
    text_ids,
    texts,
    time_fields,
)
from tests.journey.http_browser import Visitor
from tests.journey.installation import Installation, Row, wait_for, wait_for_page

CIRCULAR = notices.load()[notices.CIRCULAR]

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param("postgres", marks=pytest.mark.ci),
        pytest.param("sqlite", marks=pytest.mark.proof),
    ],
    indirect=True,
)
def test_the_main_job_from_notices_to_answers_on_real_material(installation: Installation) -> None:
    """While the circular waits for its time, the water notice is published and commented on."""
    submission, post, due_at = _circular_until_scheduled(installation)
    _water_notice(installation)
    _circular_goes_out(installation, submission, post, due_at)


def _circular_until_scheduled(installation: Installation) -> tuple[str, str, datetime]:
    submission = hand_in(installation, "meenal-gole", CIRCULAR)
    installation.wait_for_mail("meenal-gole", acknowledgement_number(submission))
    post = _draft(installation, submission.path)
    _return_and_revise(installation, post)
    due_at = _schedule(installation, post)
    publish_now(installation, post)
    return submission.path, post, due_at


def _circular_goes_out(
    installation: Installation, submission: str, post: str, due_at: datetime
) -> None:
    """Exactly the approved texts are live, once; X has the link in the text, Facebook beside it."""
    link = CIRCULAR.link
    on_x = sorted(
        f"{text}\n{link}" for text in (CIRCULAR.mr.text_on("x"), f"{CIRCULAR.en.text_on('x')} #PMC")
    )
    on_facebook = sorted([CIRCULAR.mr.body, CIRCULAR.en.body])
    posts = wait_for(
        lambda: _published(installation, on_x, on_facebook),
        within=75,
        what="the circular on both platforms",
    )
    assert {post["link"] for post in posts[FACEBOOK]} == {link}
    (first,) = [post for post in posts[X] if post["text"] == f"{CIRCULAR.mr.text_on('x')}\n{link}"]
    assert datetime.fromisoformat(first["created_at"]) >= due_at
    _check_links(installation, submission, post)


def _published(
    installation: Installation, on_x: list[str], on_facebook: list[str]
) -> dict[str, list[Row]]:
    """Return the live posts with these texts once all are live; none may be live twice."""
    expected = {X: on_x, FACEBOOK: on_facebook}
    posts = {
        name: [
            line
            for line in installation.city_posts(name)
            if line["published"] and line["text"] in texts
        ]
        for name, texts in expected.items()
    }
    texts = {name: sorted(row["text"] for row in rows) for name, rows in posts.items()}
    return posts if texts == {name: sorted(texts) for name, texts in expected.items()} else {}


def _draft(installation: Installation, submission: str) -> str:
    """The text is too long for X, so it is refused, shortened, saved and sent for review."""
    clerk, notice = installation.visitor("swati-ranpise"), CIRCULAR
    page = clerk.send(clerk.get(submission), "/draft")
    whole = {
        name: notice.mr.body if name.endswith("_mr") else notice.en.body
        for name in texts(page, notice)
    }
    refused = clerk.send(page, "#draft", {**whole, "then": "save"}, code=422)
    assert refused.text.count("२८०") > 2
    saved = clerk.send(refused, "#draft", {**texts(page, notice), "then": "save"})
    assert re.fullmatch(r"/posts/\d+/draft", saved.path)
    sent = clerk.send(saved, "#draft", {"then": "send"})
    installation.wait_for_mail("ashok-walimbe", "/approve/")
    return sent.path


def _return_and_revise(installation: Installation, post: str) -> None:
    """The officer returns it and the cell revises it; approving the old revision is refused."""
    officer, clerk = installation.visitor("ashok-walimbe"), installation.visitor("swati-ranpise")
    today = officer.get("/")
    assert today.links(rf"^{post}/review$")
    first = officer.get(f"{post}/review")
    reason = officer.get(officer.get(f"{post}/review").links(r"/return\?")[0])
    officer.send(reason, "#return", {"reason": "परिपत्रकाचा दिनांक शेवटी असावा."})
    draft = clerk.get(f"{post}/draft")
    assert "परिपत्रकाचा दिनांक शेवटी असावा." in draft.text
    changed = texts(draft, CIRCULAR)
    english = next(name for name in changed if name.endswith("_en"))
    changed[english] += " #PMC"
    clerk.send(draft, "#draft", {**changed, "note": "हॅशटॅग जोडला.", "then": "send"})
    stale = officer.send(first, "/approve", code=409)
    assert "#PMC" in stale.text
    assert f"{post}/review" in stale.links(r"/review$")
    approve(installation, post, officer="ashok-walimbe")


def _schedule(installation: Installation, post: str) -> datetime:
    """Schedule the first text for the next full minute; a time in the past is refused."""
    clerk = installation.visitor("swati-ranpise")
    page = clerk.get(f"{post}/schedule")
    first = text_ids(page)[0]
    past = local(now() - timedelta(hours=2))
    refused = clerk.send(page, "#schedule", time_fields(first, past), code=422)
    due_at = (now() + timedelta(minutes=1)).replace(second=0, microsecond=0)
    clerk.send(refused, "#schedule", time_fields(first, local(due_at)))
    assert post in "".join(clerk.get("/calendar").links(r"^/(posts|deliveries)/"))
    return due_at


def _check_links(installation: Installation, submission: str, post: str) -> None:
    """The links are on the post's page and on the department's page of the submission."""
    for name, path in (("swati-ranpise", post), ("meenal-gole", submission)):
        visitor = installation.visitor(name)
        wait_for(partial(_has_four_links, visitor, path), what=f"links to four posts on {path}")


def _has_four_links(visitor: Visitor, path: str) -> bool:
    return len(visitor.get(path).links(r"^https?://\S+/(status|posts)/")) >= 4


def _water_notice(installation: Installation) -> None:
    """Photos are published as approved, and comments reach the officer."""
    notice = notices.notices_by_key(now())["water-cut"]
    submission, post = in_review(installation, notice, member="kiran-wabale")
    approve(installation, post, officer="medha-satpute")
    publish_now(installation, post)
    on_x, on_facebook = (
        [notice.mr.text_on("x"), notice.en.text_on("x")],
        [notice.mr.text_on("facebook"), notice.en.text_on("facebook")],
    )
    posts = wait_for(lambda: _published(installation, on_x, on_facebook), what="all four posts")
    _check_pictures(installation, posts)
    under = _comments(installation, posts)
    _reply(installation, under["answered"])
    _pass_on(installation, under["passed_on"])
    _close_and_reopen(installation, under["closed"])
    _assign(installation)
    assert "kadhi yenar pani" in installation.visitor("kiran-wabale").get(submission).text


def _check_pictures(installation: Installation, posts: dict[str, list[Row]]) -> None:
    """The photos have the approved bytes and descriptions, are upright, and have no metadata."""
    notice = notices.notices_by_key(now())["water-cut"]
    with installation.database.reading() as session:
        stored = {
            rendition.sha256: rendition.alt_text for rendition in session.scalars(select(Rendition))
        }
    for platform in (X, FACEBOOK):
        for post in posts[platform]:
            digests = [picture["digest"] for picture in post["media"]]
            assert len(digests) == len(notice.photos)
            assert set(digests) <= set(stored)
            lang = (
                "mr"
                if notice.mr.text_on("x") in post["text"]
                or notice.mr.text_on("facebook") in post["text"]
                else "en"
            )
            expected = [spec.alt_mr if lang == "mr" else spec.alt_en for spec in notice.photos]
            assert [picture["alt"] for picture in post["media"]] == expected
    for digest in stored:
        with Image.open(BytesIO(installation.store.open(digest))) as picture:
            assert not picture.getexif()
            assert "exif" not in picture.info
    sizes = {Image.open(BytesIO(installation.store.open(digest))).size for digest in stored}
    assert {width < height for width, height in sizes} == {True, False}


def _comments(installation: Installation, posts: dict[str, list[Row]]) -> dict[str, str]:
    """Let citizens comment, also on comments; return the paths of the comments' pages."""
    on_x = next(post["id"] for post in posts[X] if "पाणी" in post["text"])
    on_facebook = next(post["id"] for post in posts[FACEBOOK] if "पाणी" in post["text"])
    first = installation.add_comment(
        X, "kadhi yenar pani parat? tanker pathva", under=on_x, author="@udaharan_rk"
    )
    installation.add_comment(X, "ho na, amhala pan hava", under=first, author="@namuna_sk")
    outer = installation.add_comment(
        FACEBOOK, "टँकरसाठी कुणाला फोन करायचा?", under=on_facebook, author="नमुना कदम"
    )
    installation.add_comment(
        FACEBOOK, "आमच्याकडे पण कोणी सांगत नाही", under=outer, author="उदाहरण जाधव"
    )
    installation.add_comment(X, "@sarav_nagar पाषाण तलावाचं काय झालं?", author="@udaharan_lake")
    installation.read_comments_soon()
    officer = installation.visitor("medha-satpute")
    wait_for(
        lambda: len(officer.get("/comments").links(r"^/comments/\d+$")) == 4,
        what="four comments in the officer's inbox",
    )
    installation.wait_for_mail("medha-satpute", "/comments/")
    heads = {
        officer.get(path).heading: path
        for path in officer.get("/comments").links(r"^/comments/\d+$")
    }
    authors = {"answered": "udaharan_rk", "passed_on": "नमुना कदम", "closed": "उदाहरण जाधव"}
    paths = {
        name: next(path for head, path in heads.items() if author in head)
        for name, author in authors.items()
    }
    page = officer.get(paths["answered"])
    assert "पाणीपुरवठा विभाग" in page.text
    assert "उत्तराची मुदत" in page.text
    assert officer.get("/").links(rf"^{paths['answered']}$")
    return paths


def _reply(installation: Installation, path: str) -> None:
    """The officer's answer is published as a reply, and the comment becomes answered."""
    officer = installation.visitor("medha-satpute")
    answer_text = "टँकरसाठी ०२०-५५५०-०१२३ वर सकाळी ७ ते रात्री ९ या वेळेत संपर्क साधावा. – पाणीपुरवठा विभाग"
    officer.send(officer.get(path), "/answer", {"text": answer_text})
    wait_for_page(officer, path, "उत्तर दिले")
    (reply,) = [post for post in installation.ledger(X) if answer_text in post["text"]]
    comment = next(post for post in installation.ledger(X) if "kadhi yenar pani" in post["text"])
    assert reply["parent_id"] == comment["id"]


def _pass_on(installation: Installation, path: str) -> None:
    """A comment is transferred to another department with a reason, and back."""
    officer = installation.visitor("medha-satpute")
    page = officer.get(f"{path}/transfer")
    value = re.search(r'<option [^>]*value="(\d+)"[^>]*>पथ विभाग<', page.html)
    assert value is not None
    form = {"department": value.group(1), "reason": "रस्त्यावरील टँकर पथ विभागाचा."}
    officer.send(page, "#transfer", form)
    officer.get(path, code=404)
    other = installation.visitor("shailaja-kudale")
    assert "रस्त्यावरील टँकर पथ विभागाचा." in wait_for_page(other, path, "रस्त्यावरील").text
    back = re.search(
        r'<option [^>]*value="(\d+)"[^>]*>पाणीपुरवठा विभाग<', other.get(f"{path}/transfer").html
    )
    assert back is not None
    form = {"department": back.group(1), "reason": "टँकर पाणीपुरवठ्याचेच."}
    other.send(other.get(f"{path}/transfer"), "#transfer", form)
    assert officer.get(path).code == 200


def _close_and_reopen(installation: Installation, path: str) -> None:
    officer = installation.visitor("medha-satpute")
    officer.send(officer.get(f"{path}/close"), "#close", {"reason": "उत्तराची आवश्यकता नाही."})
    assert "उत्तराची आवश्यकता नाही." in officer.get(path).text
    officer.send(officer.get(f"{path}/reopen"), "#reopen", {"reason": "नागरिकाने पुन्हा विचारले."})
    officer.get(path).form("/answer")


def _assign(installation: Installation) -> None:
    """A mention belongs to no post; the cell assigns it to a department."""
    clerk = installation.visitor("swati-ranpise")
    (path,) = wait_for(lambda: clerk.get("/comments").links(r"^/comments/\d+$"), what="the mention")
    page = clerk.get(path)
    assert "पाषाण" in page.text
    value = re.search(r'<option [^>]*value="(\d+)"[^>]*>पाणीपुरवठा विभाग<', page.html)
    assert value is not None
    clerk.send(page, "/assign", {"department": value.group(1)})
    assert "पाषाण" in installation.visitor("medha-satpute").get(path).text
