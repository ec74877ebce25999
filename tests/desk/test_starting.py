"""Starting texts: kept with their history, offered where they suit, blanks filled before review."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from approvals.errors import StaleRevision, WrongRole
from approvals.states import PostState
from publisher.database.session import Database
from publisher.desk import reviewing
from publisher.desk.checking import Invalid, Missing
from publisher.desk.drafting import saving
from publisher.desk.drafting.drafts import PictureDraft
from publisher.desk.starting import blanks, composing, keeping, looking
from publisher.desk.starting.composing import Closings
from publisher.desk.starting.keeping import TextForm
from publisher.media.store import Store
from publisher.models.content.posts import Language, Post
from publisher.models.content.submissions import SubmissionKind
from publisher.models.drafting import StartingText, TextPart
from tests.desk.small_house import NOW, House, draft, photo, prepared, started, variant


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    opened.dispose()


def typed(**changed: object) -> TextForm:
    values: dict[str, object] = {
        "part": TextPart.WHOLE,
        "name": "पाणीपुरवठा बंद",
        "text_mr": "{date} रोजी पाणी नाही.",
    }
    return TextForm(**{**values, **changed})  # type: ignore[arg-type]  # a test's own fields


def make(session: Session, house: House, **changed: object) -> StartingText:
    return keeping.make(session, actor=house.clerk, now=NOW, form=typed(**changed))


def test_a_change_stays_in_the_history_with_what_was_and_what_came(
    database: Database, house: House
) -> None:
    with database.transaction() as session:
        text_id = make(session, house, name="  पाणी   बंद ").id
        keeping.change(
            session,
            actor=house.other_clerk,
            now=NOW,
            text_id=text_id,
            seen=1,
            form=typed(name="पाणी बंद", text_mr="पाणी नाही.", department_id=house.water),
        )
        keeping.end(session, actor=house.lead, now=NOW, text_id=text_id)
    with database.reading() as session:
        ended, changed, made = looking.history_of(session, text_id)
        assert (made.verb, changed.verb, ended.verb) == ("make", "change", "end")
        assert dict(changed.changed) == {
            "text_mr": ("{date} रोजी पाणी नाही.", "पाणी नाही."),
            "department_id": (None, house.water),
        }
        assert changed.appointment is not None
        assert changed.appointment.person.name_mr == "किरण"
        found = looking.text_of(session, text_id)
        assert (found.version, found.ended_at) == (2, NOW)
        assert looking.every_text(session) == []
        assert [one.id for one in looking.every_text(session, ended=True)] == [text_id]


def test_saving_the_same_once_more_is_no_change(database: Database, house: House) -> None:
    with database.transaction() as session:
        text_id = make(session, house).id
        keeping.change(session, actor=house.clerk, now=NOW, text_id=text_id, seen=1, form=typed())
        assert len(looking.history_of(session, text_id)) == 1


def test_the_second_to_change_it_is_told(database: Database, house: House) -> None:
    with database.transaction() as session:
        text_id = make(session, house).id
        again = {"actor": house.clerk, "now": NOW, "text_id": text_id, "seen": 1}
        keeping.change(session, form=typed(name="एक"), **again)  # type: ignore[arg-type]  # as above
        with pytest.raises(StaleRevision):
            keeping.change(session, form=typed(name="दोन"), **again)  # type: ignore[arg-type]  # as above


def test_what_has_ended_is_neither_changed_nor_ended_again(
    database: Database, house: House
) -> None:
    with database.transaction() as session:
        text_id = make(session, house).id
        keeping.end(session, actor=house.clerk, now=NOW, text_id=text_id)
        with pytest.raises(Missing):
            keeping.end(session, actor=house.clerk, now=NOW, text_id=text_id)
        with pytest.raises(Missing):
            keeping.change(
                session, actor=house.clerk, now=NOW, text_id=text_id, seen=1, form=typed()
            )


@pytest.mark.parametrize("who", ["member", "first_officer", "head", "auditor", "admin"])
def test_only_the_cell_keeps_texts(database: Database, house: House, who: str) -> None:
    with pytest.raises(WrongRole), database.transaction() as session:
        keeping.make(session, actor=getattr(house, who), now=NOW, form=typed())


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"part": None, "name": " ", "text_mr": ""}, ["part", "name", "text_mr"]),
        ({"name": "न" * 121}, ["name"]),
        ({"text_mr": "अ" * 5_001}, ["text_mr"]),
        ({"part": TextPart.HASHTAGS, "text_mr": "#" * 301}, ["text_mr"]),
        ({"text_en": "a\u202eb"}, ["text_en"]),
        ({"department_id": 999}, ["department_id"]),
    ],
)
def test_everything_wrong_is_told_at_once(
    database: Database, house: House, changed: dict[str, object], codes: list[str]
) -> None:
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        make(session, house, **changed)
    assert [field for field, _code in caught.value.codes] == codes


def test_what_suits_a_post_stands_with_the_nearest_first(database: Database, house: House) -> None:
    notice, event = SubmissionKind.PUBLIC_NOTICE, SubmissionKind.EVENT
    with database.transaction() as session:
        make(session, house, name="सर्वांसाठी")
        make(session, house, name="सर्व सूचना", kind=notice)
        make(session, house, name="पाणी", department_id=house.water)
        make(session, house, name="पाणी सूचना", department_id=house.water, kind=notice)
        make(session, house, name="रस्ते", department_id=house.roads)
        make(session, house, name="कार्यक्रम", kind=event)
        over = make(session, house, name="जुना")
        keeping.end(session, actor=house.clerk, now=NOW, text_id=over.id)
        found = looking.suited(session, kinds={notice}, department_id=house.water)
    names = [one.name for one in found]
    assert names == ["पाणी सूचना", "पाणी", "सर्व सूचना", "सर्वांसाठी"]


def test_blanks_are_found_once_each_and_filled_in_one_line() -> None:
    text = "{ date } रोजी {प्रभाग} मध्ये; {date} नंतर {helpline}. {}  {दोन\nओळी} {" + "अ" * 41 + "}"
    assert [one.name for one in blanks.blanks_in(text)] == ["date", "प्रभाग", "helpline"]
    filled = blanks.fill(text, {"date": "शनिवार,\n२८ नोव्हेंबर", "प्रभाग": " १२ ", "helpline": " "})
    assert filled.startswith("शनिवार, २८ नोव्हेंबर रोजी १२ मध्ये; शनिवार, २८ नोव्हेंबर नंतर {helpline}.")


def test_a_starting_text_stands_above_what_is_written_and_only_once() -> None:
    assert composing.begun_with("नमुना", "") == "नमुना"
    once = composing.begun_with("नमुना", "विभागाचा मजकूर")
    assert once == "नमुना\n\nविभागाचा मजकूर"
    assert composing.begun_with("नमुना", once) == once
    assert composing.begun_with("", "मजकूर") == "मजकूर"


def test_signature_and_hashtags_close_a_text_once_and_an_empty_one_never() -> None:
    closing = Closings("– पाणीपुरवठा विभाग", "#पुणे #पाणी")
    once = composing.closed_with("पाणी बंद. #पुणे\n", closing)
    assert once == "पाणी बंद. #पुणे\n– पाणीपुरवठा विभाग\n#पाणी"
    assert composing.closed_with(once, closing) == once
    assert composing.closed_with(" ", closing) == " "


def test_a_closing_is_the_department_s_own_in_the_language_of_the_text(
    database: Database, house: House
) -> None:
    signature = TextPart.SIGNATURE
    with database.transaction() as session:
        make(session, house, part=signature, text_mr="– पुणे मनपा", text_en="– PMC")
        make(session, house, part=signature, text_mr="– पाणी", department_id=house.water)
        make(session, house, part=TextPart.HASHTAGS, text_mr="", text_hi="#पुणे")
        found = looking.suited(session, kinds=(), department_id=house.water)
    assert composing.closings(found, Language.MARATHI) == Closings("– पाणी")
    assert composing.closings(found, Language.ENGLISH) == Closings("– PMC")
    assert composing.closings(found, Language.HINDI) == Closings("", "#पुणे")
    assert composing.closings(found, Language.MIXED) == Closings("– पाणी")


def test_a_blank_left_in_a_text_or_a_description_is_not_sent_for_review(
    database: Database, house: House, store: Store
) -> None:
    post = started(database, house, store)
    picture = PictureDraft("{place} येथील टाकी", content=photo(), name="a.jpg")
    ready = prepared(
        database,
        store,
        draft(
            variant(house.x, text="पाणी बंद."),
            variant(house.facebook, text="{date} {ward} {date}", pictures=(picture,)),
        ),
    )
    with database.transaction() as session:
        saving.save(session, actor=house.clerk, now=NOW, post_id=post.id, seen=0, prepared=ready)
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        reviewing.send_for_review(session, actor=house.clerk, now=NOW, post_id=post.id, seen=1)
    assert [(one.field, one.values["blanks"]) for one in caught.value.problems] == [
        ("variants-1-text", "{date}, {ward}"),
        ("variants-1-pictures-0-alt_text", "{place}"),
    ]
    with database.reading() as session:
        assert session.get_one(Post, post.id).state is PostState.DRAFT
