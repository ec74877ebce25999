"""Snippets have a history, are offered where they fit, and are filled in before review."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from approvals import placeholders
from approvals.errors import StaleRevision, WrongRole
from approvals.states import PostState
from publisher.database.session import Database
from publisher.drafting import snippets
from publisher.drafting.closings import Closings, append_closing, closings, prepend_text
from publisher.drafting.drafts import PictureDraft
from publisher.drafting.save import save
from publisher.drafting.snippets import SnippetDraft
from publisher.media.folder_store import FolderStore
from publisher.models.desk import Snippet, TextPart
from publisher.models.posts import Language, Post
from publisher.models.submissions import SubmissionKind
from publisher.review import decide
from publisher.validation import Invalid, NotFound
from tests.support.city import City
from tests.support.city_people import NOON
from tests.support.forms import draft, photo, prepared, started, variant


@pytest.fixture
def database(on_sqlite: Database) -> Database:
    return on_sqlite


def snippet_form(**changed: object) -> SnippetDraft:
    values: dict[str, object] = {
        "part": TextPart.WHOLE,
        "name": "पाणीपुरवठा बंद",
        "text_mr": "{date} रोजी पाणी नाही.",
    }
    return SnippetDraft(**{**values, **changed})  # type: ignore[arg-type]  # a test's own fields


def make(session: Session, town: City, **changed: object) -> Snippet:
    return snippets.make(session, actor=town.actor("clerk"), now=NOON, form=snippet_form(**changed))


def test_a_change_stays_in_the_history_with_what_was_and_what_came(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        text_id = make(session, town, name="  पाणी   बंद ").id
        snippets.change(
            session,
            actor=town.actor("other_clerk"),
            now=NOON,
            text_id=text_id,
            seen_version=1,
            form=snippet_form(
                name="पाणी बंद", text_mr="पाणी नाही.", department_id=town.departments["water"]
            ),
        )
        snippets.end(session, actor=town.actor("lead"), now=NOON, text_id=text_id)
    with database.reading() as session:
        events = session.scalars(snippets.history_query(text_id))
        ended, changed, created = map(snippets.event_to_change, events)
        assert (created.verb, changed.verb, ended.verb) == ("make", "change", "end")
        assert dict(changed.changed) == {
            "text_mr": ("{date} रोजी पाणी नाही.", "पाणी नाही."),
            "department_id": (None, town.departments["water"]),
        }
        assert changed.appointment is not None
        assert changed.appointment.person.name_mr == "इम्रान तांबोळी"
        snippet = snippets.get_snippet(session, text_id)
        assert (snippet.version, snippet.ended_at) == (2, NOON)
        assert snippets.every_text(session) == []
        assert [snippet.id for snippet in snippets.every_text(session, ended=True)] == [text_id]


def test_saving_the_same_once_more_is_no_change(database: Database, town: City) -> None:
    with database.transaction() as session:
        text_id = make(session, town).id
        snippets.change(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            text_id=text_id,
            seen_version=1,
            form=snippet_form(),
        )
        assert len(session.scalars(snippets.history_query(text_id)).all()) == 1


def test_the_second_to_change_it_is_told(database: Database, town: City) -> None:
    with database.transaction() as session:
        text_id = make(session, town).id
        again = {"actor": town.actor("clerk"), "now": NOON, "text_id": text_id, "seen_version": 1}
        snippets.change(session, form=snippet_form(name="एक"), **again)  # type: ignore[arg-type]  # as above
        with pytest.raises(StaleRevision):
            snippets.change(session, form=snippet_form(name="दोन"), **again)  # type: ignore[arg-type]  # as above


def test_what_has_ended_is_neither_changed_nor_ended_again(database: Database, town: City) -> None:
    with database.transaction() as session:
        text_id = make(session, town).id
        snippets.end(session, actor=town.actor("clerk"), now=NOON, text_id=text_id)
        with pytest.raises(NotFound):
            snippets.end(session, actor=town.actor("clerk"), now=NOON, text_id=text_id)
        with pytest.raises(NotFound):
            snippets.change(
                session,
                actor=town.actor("clerk"),
                now=NOON,
                text_id=text_id,
                seen_version=1,
                form=snippet_form(),
            )


@pytest.mark.parametrize("who", ["member", "first", "head", "auditor", "admin"])
def test_only_the_cell_keeps_texts(database: Database, town: City, who: str) -> None:
    with pytest.raises(WrongRole), database.transaction() as session:
        snippets.make(session, actor=town.actor(who), now=NOON, form=snippet_form())


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
    database: Database, town: City, changed: dict[str, object], codes: list[str]
) -> None:
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        make(session, town, **changed)
    assert [field for field, _code in caught.value.codes] == codes


def test_what_suits_a_post_stands_with_the_nearest_first(database: Database, town: City) -> None:
    notice, event = SubmissionKind.PUBLIC_NOTICE, SubmissionKind.EVENT
    with database.transaction() as session:
        make(session, town, name="सर्वांसाठी")
        make(session, town, name="सर्व सूचना", kind=notice)
        make(session, town, name="पाणी", department_id=town.departments["water"])
        make(session, town, name="पाणी सूचना", department_id=town.departments["water"], kind=notice)
        make(session, town, name="रस्ते", department_id=town.departments["road"])
        make(session, town, name="कार्यक्रम", kind=event)
        over = make(session, town, name="जुना")
        snippets.end(session, actor=town.actor("clerk"), now=NOON, text_id=over.id)
        suited = snippets.list_suitable(
            session, kinds={notice}, department_id=town.departments["water"]
        )
    names = [snippet.name for snippet in suited]
    assert names == ["पाणी सूचना", "पाणी", "सर्व सूचना", "सर्वांसाठी"]


def test_blanks_are_found_once_each_and_filled_in_one_line() -> None:
    text = "{ date } रोजी {प्रभाग} मध्ये; {date} नंतर {helpline}. {}  {दोन\nओळी} {" + "अ" * 41 + "}"
    assert placeholders.blank_names(text) == ["date", "प्रभाग", "helpline"]
    filled = placeholders.fill(
        text, {"date": "शनिवार,\n२८ नोव्हेंबर", "प्रभाग": " १२ ", "helpline": " "}
    )
    assert filled.startswith("शनिवार, २८ नोव्हेंबर रोजी १२ मध्ये; शनिवार, २८ नोव्हेंबर नंतर {helpline}.")


def test_a_starting_text_stands_above_what_is_written_and_only_once() -> None:
    assert prepend_text("नमुना", "") == "नमुना"
    once = prepend_text("नमुना", "विभागाचा मजकूर")
    assert once == "नमुना\n\nविभागाचा मजकूर"
    assert prepend_text("नमुना", once) == once
    assert prepend_text("", "मजकूर") == "मजकूर"


def test_signature_and_hashtags_close_a_text_once_and_an_empty_one_never() -> None:
    closing = Closings("– पाणीपुरवठा विभाग", "#पुणे #पाणी")
    once = append_closing("पाणी बंद. #पुणे\n", closing)
    assert once == "पाणी बंद. #पुणे\n– पाणीपुरवठा विभाग\n#पाणी"
    assert append_closing(once, closing) == once
    assert append_closing(" ", closing) == " "


def test_a_closing_is_the_department_s_own_in_the_language_of_the_text(
    database: Database, town: City
) -> None:
    signature = TextPart.SIGNATURE
    with database.transaction() as session:
        make(session, town, part=signature, text_mr="– पुणे मनपा", text_en="– PMC")
        make(
            session, town, part=signature, text_mr="– पाणी", department_id=town.departments["water"]
        )
        make(session, town, part=TextPart.HASHTAGS, text_mr="", text_hi="#पुणे")
        suited = snippets.list_suitable(session, kinds=(), department_id=town.departments["water"])
    assert closings(suited, Language.MARATHI) == Closings("– पाणी")
    assert closings(suited, Language.ENGLISH) == Closings("– PMC")
    assert closings(suited, Language.HINDI) == Closings("", "#पुणे")
    assert closings(suited, Language.MIXED) == Closings("– पाणी")


def test_a_blank_left_in_a_text_or_a_description_is_not_sent_for_review(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    picture = PictureDraft("{place} येथील टाकी", content=photo(), name="a.jpg")
    ready = prepared(
        database,
        store,
        draft(
            variant(town.accounts["x"], text="पाणी बंद."),
            variant(town.accounts["facebook"], text="{date} {ward} {date}", pictures=(picture,)),
        ),
    )
    with database.transaction() as session:
        save(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            post_id=post.id,
            seen_revision=0,
            prepared=ready,
        )
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        decide.send_for_review(
            session, actor=town.actor("clerk"), now=NOON, post_id=post.id, seen_revision=1
        )
    assert [(problem.field, problem.values["blanks"]) for problem in caught.value.problems] == [
        ("variants-1-text", "{date}, {ward}"),
        ("variants-1-pictures-0-alt_text", "{place}"),
    ]
    with database.reading() as session:
        assert session.get_one(Post, post.id).state is PostState.DRAFT
