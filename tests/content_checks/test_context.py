"""The context of a draft: similar posts, links, the event, the reply, the record."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.states import PostState
from publisher.content_checks import checks, record
from publisher.content_checks.rules import may_reply
from publisher.content_checks.types import Text, WarningCode
from publisher.database.session import Database
from publisher.models.comments import Comment, Thread
from publisher.models.content_checks import CheckedLink, LinkFinding, TextMark
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptOrigin, ReceiptRow
from publisher.models.desk import Snippet, TextPart
from publisher.models.posts import Language, Post, Revision
from publisher.states import CommentState
from tests.support import post_steps
from tests.support.city import statements
from tests.support.city_people import DAY, NOON, CityPeople, city_people

NOTICE = (
    "गुरुवारी पर्वती जलकेंद्र येथे दुरुस्ती असल्याने शहराच्या पूर्व भागाचा पाणीपुरवठा दिवसभर बंद राहील. "
    "शुक्रवारी सकाळी उशिरा व कमी दाबाने पाणी येईल. नागरिकांनी आवश्यक तेवढा साठा करून ठेवावा."
)


def warning_codes(
    session: Session, revision: Revision, *, now: datetime = NOON
) -> set[WarningCode]:
    """Return the codes of the warnings."""
    return {warning.code for warning in checks.check_revision(session, revision, now=now)}


def add_two_posts(database: Database, first: str, second: str) -> tuple[CityPeople, int, int]:
    """Add two posts with these texts, and return their ids."""
    city = city_people(database)
    with database.transaction() as session:
        posts = [post_steps.started(session, city) for _text in range(2)]
        for post_id, text in zip(posts, (first, second), strict=True):
            post_steps.save(session, city, post_id, text=text)
    return city, posts[0], posts[1]


def newest_revision(session: Session, post_id: int) -> Revision:
    """Return the newest revision of a post."""
    query = select(Revision).where(Revision.post_id == post_id).order_by(Revision.number.desc())
    return session.scalars(query.limit(1)).one()


@pytest.mark.twin
def test_the_same_text_as_another_posts_is_found_with_that_post(database: Database) -> None:
    _city, earlier, later = add_two_posts(
        database, NOTICE, f"{NOTICE}\n#पाणी".replace(". ", ".\n\n")
    )
    with database.reading() as session:
        warnings = checks.check_revision(session, newest_revision(session, later), now=NOON)
    alike = [warning for warning in warnings if warning.code is WarningCode.ALIKE_TEXT]
    assert {warning.values["post_id"] for warning in alike} == {earlier}
    assert [warning.location.variant for warning in alike] == [0, 1]


def test_an_equal_text_is_called_the_same(database: Database) -> None:
    _city, _earlier, later = add_two_posts(database, NOTICE, NOTICE)
    with database.reading() as session:
        assert WarningCode.SAME_TEXT in warning_codes(session, newest_revision(session, later))


def test_another_text_is_neither(database: Database) -> None:
    _city, _earlier, later = add_two_posts(database, NOTICE, "उद्यानांच्या वेळेत बदल करण्यात आला आहे.")
    with database.reading() as session:
        assert not warning_codes(session, newest_revision(session, later)) & {
            WarningCode.SAME_TEXT,
            WarningCode.ALIKE_TEXT,
        }


@pytest.mark.twin
def test_texts_over_thirty_days_old_count_only_if_published_since(
    database: Database,
) -> None:
    city, earlier, later = add_two_posts(database, NOTICE, NOTICE)
    after = NOON + 31 * DAY
    with database.transaction() as session:
        assert WarningCode.SAME_TEXT not in warning_codes(
            session, newest_revision(session, later), now=after
        )
        variant = newest_revision(session, earlier).variants[0]
        delivery = Delivery(
            action=DeliveryAction.PUBLISH,
            variant_id=variant.id,
            post_id=earlier,
            account_id=city.accounts["x"],
            state_at=NOON,
            due_at=NOON,
        )
        session.add(delivery)
        session.flush()
        session.add(
            ReceiptRow(
                delivery_id=delivery.id,
                account_id=city.accounts["x"],
                platform_id="9",
                published_at=after - 5 * DAY,
                stored_at=after,
                origin=ReceiptOrigin.ANSWER,
            )
        )
        session.flush()
        assert WarningCode.SAME_TEXT in warning_codes(
            session, newest_revision(session, later), now=after
        )


def test_a_text_that_was_given_up_or_changed_since_does_not_count(database: Database) -> None:
    city, earlier, later = add_two_posts(database, NOTICE, NOTICE)
    with database.transaction() as session:
        post_steps.save(session, city, earlier, text="उद्यानांच्या वेळेत बदल करण्यात आला आहे.")
        assert WarningCode.SAME_TEXT not in warning_codes(session, newest_revision(session, later))
        post_steps.save(session, city, earlier, text=NOTICE)
        assert WarningCode.SAME_TEXT in warning_codes(session, newest_revision(session, later))
        session.get_one(Post, earlier).state = PostState.WITHDRAWN
        session.flush()
        assert WarningCode.SAME_TEXT not in warning_codes(session, newest_revision(session, later))


def test_a_post_is_never_like_itself(database: Database) -> None:
    city = city_people(database)
    with database.transaction() as session:
        post_id = post_steps.started(session, city)
        for _save in range(2):
            post_steps.save(session, city, post_id, text=NOTICE)
        assert not warning_codes(session, newest_revision(session, post_id)) & {
            WarningCode.SAME_TEXT
        }
        assert len(session.scalars(select(TextMark)).all()) == 4 * 8


def test_saving_asks_for_the_links_once(database: Database) -> None:
    city = city_people(database)
    with database.transaction() as session:
        post_id = post_steps.started(session, city)
        for _save in range(2):
            post_steps.save(session, city, post_id, text="पाहा https://pmc.example/a व pib.gov.in")
    with database.reading() as session:
        rows = session.scalars(select(CheckedLink).order_by(CheckedLink.url)).all()
        assert [row.url for row in rows] == ["http://pib.gov.in", "https://pmc.example/a"]
        assert {row.next_at for row in rows} == {NOON}


def test_a_recently_checked_link_is_not_checked_again_an_older_one_is(
    database: Database,
) -> None:
    with database.transaction() as session:
        record.ask_for_links(session, ["https://pmc.example/a"], now=NOON)
        row = session.scalars(select(CheckedLink)).one()
        row.checked_at, row.next_at, row.finding = NOON, None, LinkFinding.FINE
        session.flush()
        record.ask_for_links(session, ["https://pmc.example/a"], now=NOON + timedelta(hours=5))
        session.refresh(row)
        assert row.next_at is None
        later = NOON + timedelta(hours=7)
        record.ask_for_links(session, ["https://pmc.example/a"], now=later)
        session.refresh(row)
        assert row.next_at == later


def test_the_events_days_come_from_the_submission(database: Database) -> None:
    city = city_people(database)
    with database.transaction() as session:
        post_id = post_steps.started(session, city)
        post_steps.save(session, city, post_id, text="शिबीर दि. २८ नोव्हेंबर रोजी")
        post = session.get_one(Post, post_id)
        assert WarningCode.DATE_DIFFERS not in warning_codes(
            session, newest_revision(session, post_id)
        )
        post.submissions[0].event_on = date(2026, 11, 29)
        assert WarningCode.DATE_DIFFERS in warning_codes(session, newest_revision(session, post_id))
        post.submissions[0].event_on = date(2026, 11, 27)
        post.submissions[0].event_until_on = date(2026, 11, 29)
        assert WarningCode.DATE_DIFFERS not in warning_codes(
            session, newest_revision(session, post_id)
        )


def test_a_mobile_number_in_a_text_of_the_cells_own_is_the_citys(database: Database) -> None:
    city = city_people(database)
    with database.transaction() as session:
        post_id = post_steps.started(session, city)
        post_steps.save(session, city, post_id, text="व्हॉट्सॲप 98220 12345")
        assert WarningCode.MOBILE_NUMBER in warning_codes(
            session, newest_revision(session, post_id)
        )
        line = Snippet(part=TextPart.SIGNATURE, name="मदत", text_mr="मदत: ९८२२०१२३४५", made_at=NOON)
        session.add(line)
        session.flush()
        assert WarningCode.MOBILE_NUMBER not in warning_codes(
            session, newest_revision(session, post_id)
        )
        line.ended_at = NOON
        session.flush()
        assert WarningCode.MOBILE_NUMBER in warning_codes(
            session, newest_revision(session, post_id)
        )


@pytest.mark.parametrize(
    ("platform", "comment_text", "ours", "may"),
    [
        ("x", "खड्डा बुजवा", False, False),
        ("x", "@pmc_x खड्डा बुजवा", False, True),
        ("x", "@PMC_X, खड्डा", False, True),
        ("x", "@pmc_xyz खड्डा", False, False),
        ("x", "खड्डा बुजवा", True, True),
        ("facebook", "खड्डा बुजवा", False, True),
    ],
)
def test_x_takes_a_reply_where_we_are_mentioned_or_under_a_post_of_ours(
    platform: str, comment_text: str, ours: bool, may: bool
) -> None:
    account = Account(platform=platform, handle="@pmc_x")
    thread = Thread(account=account, root_id="1", receipt_id=7 if ours else None)
    comment = Comment(
        account=account, thread=thread, text=comment_text, state=CommentState.RECEIVED
    )
    assert may_reply(comment) is may


def test_the_sending_event_records_warnings_without_any_of_the_text(
    database: Database,
) -> None:
    city = city_people(database)
    with database.transaction() as session:
        post_id = post_steps.started(session, city)
        post_steps.save(session, city, post_id, text="रविवार दि. २८ नोव्हेंबर, 98220 12345")
        post_steps.send(session, city, post_id)
        (details,) = post_steps.details(session, post_id, "send_for_review")
    known_warnings: Any = details["warnings"]
    assert {
        "code": "wrong_weekday",
        "account": city.accounts["x"],
        "language": "mr",
        "field": "text",
    } in known_warnings
    assert {warning["code"] for warning in known_warnings} == {
        "wrong_weekday",
        "mobile_number",
    }
    assert "98220" not in str(details)


@pytest.mark.twin
def test_a_draft_of_many_texts_asks_the_database_a_fixed_number_of_times(
    database: Database,
) -> None:
    city = city_people(database)
    with database.transaction() as session:
        for _post in range(3):
            post_steps.save(session, city, post_steps.started(session, city), text=NOTICE)
        post = session.get_one(Post, post_steps.started(session, city))
        counts = []
        for many in (1, 1, 8):
            texts = [
                Text(
                    city.accounts["x"] + at,
                    "x",
                    Language.MARATHI,
                    NOTICE,
                    f"https://pmc.example/{at}",
                )
                for at in range(many)
            ]
            with statements(database) as executed:
                checks.warnings_of_draft(session, post, texts, now=NOON)
            counts.append(len(executed))
        assert counts[1] == counts[2] == 2
