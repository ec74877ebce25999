"""One post for several submissions, with departments that approve or are only named."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from approvals.errors import WrongRole
from approvals.policy import Actor, ActorKind, Role
from approvals.states import PostState
from publisher.database.session import Database
from publisher.drafting import collaboration, drafts, prefill
from publisher.drafting import save as drafting_save
from publisher.intake import close, submit
from publisher.intake.persistence import store_form
from publisher.media.folder_store import FolderStore
from publisher.models.posts import Language, Post
from publisher.models.submissions import Submission
from publisher.review import decide, gate_adapter
from publisher.review.department_reviews import department_reviews
from publisher.states import SubmissionState
from publisher.validation import Invalid, NotFound
from tests.support.city import City
from tests.support.city_people import DAY, NOON, verbs_of
from tests.support.forms import draft, form, handed_in, prepared, started, variant


@pytest.fixture
def database(on_sqlite: Database) -> Database:
    return on_sqlite


def road_submission(session: Session, town: City, store: FolderStore) -> Submission:
    """Return a submission of the road department."""
    return submit.create_submission(
        session,
        actor=town.actor("clerk"),
        now=NOON,
        city_code="PMC",
        stored_form=store_form(
            store,
            form(
                town,
                department_id=town.departments["road"],
                title="वळण रस्ता",
                text_mr="वळण रस्त्याने जावे.",
                text_en="",
                brought_by="शिपाई",
            ),
        ),
    )


@pytest.fixture
def joint(database: Database, town: City, store: FolderStore) -> Post:
    """Return a post of the water department that joins a submission of the road department."""
    post = started(town)
    with database.transaction() as session:
        number = road_submission(session, town, store).number
        collaboration.join_submission(
            session, actor=town.actor("clerk"), now=NOON, post_id=post.id, number=number
        )
    return post


def save(database: Database, store: FolderStore, town: City, post: Post, **changed: object) -> None:
    ready = prepared(database, store, draft(variant(town.accounts["x"]), **changed))
    with database.transaction() as session:
        newest = session.get_one(Post, post.id).newest
        drafting_save.save(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            post_id=post.id,
            seen_revision=newest,
            prepared=ready,
        )


def join(database: Database, actor: Actor, post: Post, number: str) -> list[tuple[str, str]]:
    """Try to join a submission, and return the errors."""
    try:
        with database.transaction() as session:
            collaboration.join_submission(
                session, actor=actor, now=NOON, post_id=post.id, number=number
            )
    except Invalid as invalid:
        return invalid.codes
    return []


def test_a_joined_submission_is_drafted_and_both_histories_say_so(
    database: Database, joint: Post
) -> None:
    with database.reading() as session:
        post = session.get_one(Post, joint.id)
        own, roads = post.submissions
        assert roads.state is SubmissionState.DRAFTED
        assert verbs_of(session, roads) == ["hand_in", "draft"]
        assert verbs_of(session, post) == ["draft", "join"]
        assert post.department_id == own.department_id


def test_a_number_is_read_in_devanagari_digits_and_with_blanks_round_it(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    with database.transaction() as session:
        road_submission(session, town, store)
    assert (
        join(database, town.actor("clerk"), post, " pmc/२०२६/००००२ ".replace("००००२", "०००००२"))
        == []
    )


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "required"),
        ("PMC/2026/000999", "unknown_number"),
        ("PMC/2026/000001", "joined_already"),
    ],
)
def test_a_number_that_cannot_be_joined_says_why(
    database: Database, town: City, number: str, code: str
) -> None:
    post = started(town)
    assert join(database, town.actor("clerk"), post, number) == [("number", code)]


def test_a_declined_submission_is_not_joined(database: Database, town: City) -> None:
    post = started(town)
    with database.transaction() as session:
        other = handed_in(session, town)
        close.decline(
            session, actor=town.actor("clerk"), now=NOON, submission_id=other.id, reason="दुबार"
        )
        number = other.number
    assert join(database, town.actor("clerk"), post, number) == [("number", "not_open")]


def test_nobody_but_the_cell_joins(database: Database, town: City) -> None:
    post = started(town)
    with pytest.raises(WrongRole):
        join(database, town.actor("first"), post, "PMC/2026/000001")


def test_the_first_draft_joins_both_texts_and_proposes_asking_the_other(
    database: Database, town: City, joint: Post
) -> None:
    with database.reading() as session:
        post = drafts.get_post(session, actor=town.actor("clerk"), post_id=joint.id)
        begun = prefill.start_draft(post, drafts.usable_accounts(session))
    marathi, english = begun.variants[:2]
    assert marathi.text.endswith("बंद राहील.\n\nवळण रस्त्याने जावे.")
    assert (english.language, english.text) == (
        Language.ENGLISH,
        "There will be no water in the east on Saturday.",
    )
    assert (begun.asked_ids, begun.named_ids) == ((town.departments["road"],), ())
    assert begun.title == post.title


def test_a_source_s_department_is_named_even_where_nobody_asked_for_it(
    database: Database, town: City, store: FolderStore, joint: Post
) -> None:
    save(database, store, town, joint)
    with database.reading() as session:
        (revision,) = session.get_one(Post, joint.id).revisions
        rows = {row.department_id: row.asked for row in revision.departments}
        assert rows == {town.departments["water"]: True, town.departments["road"]: False}
        assert gate_adapter.department_ids_to_ask(revision) == [town.departments["water"]]
        again = prefill.revision_to_draft(revision)
        assert (again.asked_ids, again.named_ids) == ((), (town.departments["road"],))


def test_a_named_department_sees_the_post_and_a_stranger_does_not(
    database: Database, town: City, store: FolderStore, joint: Post
) -> None:
    stranger = Actor(
        kind=ActorKind.PERSON,
        person_id=1,
        role=Role.MEMBER,
        department_id=town.departments["information-technology"],
    )
    for saved in (False, True):
        if saved:
            save(database, store, town, joint)
        with database.reading() as session:
            drafts.get_post(session, actor=town.actor("road_officer"), post_id=joint.id)
            with pytest.raises(NotFound):
                drafts.get_post(session, actor=stranger, post_id=joint.id)


def test_who_has_approved_and_who_has_not_is_told_department_by_department(
    database: Database, town: City, store: FolderStore, joint: Post
) -> None:
    save(
        database,
        store,
        town,
        joint,
        asked_ids=(town.departments["road"],),
        named_ids=(town.departments["information-technology"],),
    )
    with database.transaction() as session:
        decide.send_for_review(
            session, actor=town.actor("clerk"), now=NOON, post_id=joint.id, seen_revision=1
        )
    with database.transaction() as session:
        decide.approve(
            session, actor=town.actor("road_officer"), now=NOON, post_id=joint.id, seen_revision=1
        )
    with database.reading() as session:
        post = session.get_one(Post, joint.id)
        reviews = department_reviews(post.revisions[-1], now=NOON)
        review_facts = [
            (
                department_review.department.id,
                department_review.is_owner,
                department_review.has_approved,
                department_review.is_pending,
            )
            for department_review in reviews
        ]
        assert review_facts == [
            (town.departments["water"], True, False, True),
            (town.departments["road"], False, True, False),
            (town.departments["information-technology"], False, False, False),
        ]
        assert post.state is PostState.IN_REVIEW


def test_a_return_by_one_department_is_told_and_takes_the_others_approval(
    database: Database, town: City, store: FolderStore, joint: Post
) -> None:
    save(database, store, town, joint, asked_ids=(town.departments["road"],))
    with database.transaction() as session:
        decide.send_for_review(
            session, actor=town.actor("clerk"), now=NOON, post_id=joint.id, seen_revision=1
        )
        decide.approve(
            session, actor=town.actor("first"), now=NOON, post_id=joint.id, seen_revision=1
        )
    with database.transaction() as session:
        decide.return_post(
            session,
            actor=town.actor("road_officer"),
            now=NOON,
            post_id=joint.id,
            seen_revision=1,
            reason="रस्त्याचे नाव चुकीचे आहे.",
        )
    with database.reading() as session:
        post = session.get_one(Post, joint.id)
        kinds = [
            department_review.decision.kind if department_review.decision else None
            for department_review in department_reviews(post.revisions[-1], now=NOON)
        ]
        assert (kinds, post.state) == ([None, "returned"], PostState.DRAFT)


def test_a_wrongly_joined_submission_leaves_once_it_has_its_own_post(
    database: Database, town: City, joint: Post
) -> None:
    with database.reading() as session:
        own, roads = (submission.id for submission in session.get_one(Post, joint.id).submissions)

    def part(submission_id: int) -> list[tuple[str, str]]:
        try:
            with database.transaction() as session:
                collaboration.remove_submission(
                    session,
                    actor=town.actor("clerk"),
                    now=NOON,
                    post_id=joint.id,
                    submission_id=submission_id,
                )
        except Invalid as invalid:
            return invalid.codes
        return []

    assert part(own) == [("number", "last_of_owner")]
    assert part(roads) == [("number", "only_here")]
    with database.transaction() as session:
        drafting_save.start(session, actor=town.actor("clerk"), now=NOON + DAY, submission_id=roads)
    assert part(roads) == []
    with database.reading() as session:
        post = session.get_one(Post, joint.id)
        assert [submission.id for submission in post.submissions] == [own]
        assert verbs_of(session, post) == ["draft", "join", "part"]
