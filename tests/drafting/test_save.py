from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from approvals.errors import StaleRevision, WrongRole, WrongState
from approvals.policy import Actor
from approvals.states import PostState
from publisher.database.session import Database
from publisher.drafting import drafts, revisions
from publisher.drafting import save as drafting_save
from publisher.drafting.drafts import Draft, PreparedDraft
from publisher.media.folder_store import FolderStore
from publisher.models.deliveries import Account, Delivery
from publisher.models.posts import Language, Post, PostKind, Revision
from publisher.review import decide, withdraw
from publisher.states import AccountState, DeliveryState, SubmissionState
from publisher.validation import Invalid, NotFound
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, NOON, add_account, verbs_of
from tests.support.forms import draft, prepared, saved, started, variant


def save(
    database: Database,
    store: FolderStore,
    post: Post,
    new_draft: Draft,
    *,
    actor: Actor,
    seen_revision: int,
) -> Revision:
    ready = prepared(database, store, new_draft)
    with database.transaction() as session:
        return drafting_save.save(
            session,
            actor=actor,
            now=NOON,
            post_id=post.id,
            seen_revision=seen_revision,
            prepared=ready,
        )


def test_a_post_begins_as_a_draft_without_a_revision(database: Database, town: City) -> None:
    begun = started(town)
    with database.reading() as session:
        post = session.get_one(Post, begun.id)
        assert (post.state, post.newest, post.revisions) == (PostState.DRAFT, 0, [])
        assert (post.title, post.department_id) == (
            "शनिवारी पाणीपुरवठा बंद",
            town.departments["water"],
        )
        assert post.submissions[0].state is SubmissionState.DRAFTED
        assert verbs_of(session, post) == ["draft"]
        assert verbs_of(session, post.submissions[0]) == ["hand_in", "draft"]


def test_a_post_is_started_once_until_it_has_a_text(database: Database, town: City) -> None:
    """The answer to the first press may have been lost with its web."""
    first = started(town)

    def start() -> Post:
        with database.transaction() as session:
            submission_id = session.get_one(Post, first.id).submissions[0].id
            return drafting_save.start(
                session, actor=town.actor("clerk"), now=NOON, submission_id=submission_id
            )

    assert start().id == first.id
    with database.reading() as session:
        assert verbs_of(session, session.get_one(Post, first.id)) == ["draft"]
    saved(town, first, seen_revision=0)
    assert start().id != first.id


@pytest.mark.parametrize("who", ["member", "first", "head", "auditor"])
def test_nobody_but_the_cell_drafts(
    database: Database, town: City, store: FolderStore, who: str
) -> None:
    actor = town.actor(who)
    post = started(town)
    with pytest.raises(WrongRole), database.transaction() as session:
        drafting_save.start(session, actor=actor, now=NOON, submission_id=post.submissions[0].id)
    with pytest.raises(WrongRole):
        save(
            database, store, post, draft(variant(town.accounts["x"])), actor=actor, seen_revision=0
        )


def test_each_save_is_a_revision_with_author_note_and_window(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    new_draft = draft(
        variant(town.accounts["x"], link="https://pmc.gov.in/water"),
        variant(town.accounts["x"], language=Language.ENGLISH, text=" No water\r\non Saturday "),
        title="  पाणी  ",
        not_before=NOON - HOUR,
        not_after=NOON + DAY,
    )
    save(database, store, post, new_draft, actor=town.actor("clerk"), seen_revision=0)
    save(
        database,
        store,
        post,
        draft(variant(town.accounts["x"])),
        actor=town.actor("other_clerk"),
        seen_revision=1,
    )
    with database.reading() as session:
        post_row = session.get_one(Post, post.id)
        first, second = post_row.revisions
        assert (first.number, second.number, post_row.newest) == (1, 2, 2)
        assert (first.author_id, first.author_under_id) == (
            town.actor("clerk").person_id,
            town.actor("clerk").appointment_id,
        )
        assert second.author_id == town.actor("other_clerk").person_id
        assert (first.note, first.saved_at) == ("पहिला मसुदा", NOON)
        assert (first.not_before, first.not_after) == (NOON - HOUR, NOON + DAY)
        assert [variant.text for variant in first.variants] == [
            "शनिवारी पाणीपुरवठा बंद.",
            "No water\non Saturday",
        ]
        assert first.variants[0].link == "https://pmc.gov.in/water"
        assert [(row.department_id, row.asked) for row in first.departments] == [
            (town.departments["water"], True)
        ]
        assert post_row.title == "पाणीपुरवठा बंद"
        assert verbs_of(session, post_row) == ["draft", "save", "save"]


def test_the_owning_department_is_always_asked_beside_the_others(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    new_draft = draft(variant(town.accounts["x"]), asked_ids=(town.departments["road"],))
    revision = save(database, store, post, new_draft, actor=town.actor("clerk"), seen_revision=0)
    assert sorted(row.department_id for row in revision.departments) == [
        town.departments["water"],
        town.departments["road"],
    ]
    with pytest.raises(Invalid) as caught:
        save(
            database,
            store,
            post,
            draft(variant(town.accounts["x"]), asked_ids=(999,)),
            actor=town.actor("clerk"),
            seen_revision=1,
        )
    assert caught.value.codes == [("asked", "unknown_department")]


def test_who_began_from_an_older_revision_is_told_and_nothing_is_written(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    saved(town, post, seen_revision=0)
    with pytest.raises(StaleRevision) as caught:
        save(database, store, post, draft(), actor=town.actor("other_clerk"), seen_revision=0)
    assert caught.value.values == {"seen": 0, "newest": 1}
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Revision)) == 1


@pytest.mark.both
def test_of_two_clerks_who_save_at_once_one_is_told(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    ready = prepared(database, store, draft(variant(town.accounts["x"])))
    together = Barrier(2)

    def press(actor: Actor) -> str:
        together.wait(10)
        try:
            with database.transaction() as session:
                drafting_save.save(
                    session, actor=actor, now=NOON, post_id=post.id, seen_revision=0, prepared=ready
                )
        except StaleRevision as told:
            return told.code
        return "saved"

    with ThreadPoolExecutor(2) as clerks:
        outcomes = sorted(clerks.map(press, (town.actor("clerk"), town.actor("other_clerk"))))
    assert outcomes == ["saved", "stale_revision"]
    with database.reading() as session:
        assert session.get_one(Post, post.id).newest == 1


def _approved(database: Database, town: City, store: FolderStore) -> Post:
    post = started(town)
    saved(town, post, seen_revision=0)
    with database.transaction() as session:
        decide.send_for_review(
            session, actor=town.actor("clerk"), now=NOON, post_id=post.id, seen_revision=1
        )
    with database.transaction() as session:
        decide.approve(
            session, actor=town.actor("first"), now=NOON, post_id=post.id, seen_revision=1
        )
    return post


def _add_deliveries(database: Database, post: Post, *states: DeliveryState) -> list[int]:
    """Add deliveries in these states for the newest revision's variants."""
    with database.transaction() as session:
        post_row = session.get_one(Post, post.id)
        deliveries = [
            Delivery(
                variant_id=variant_row.id,
                post_id=post.id,
                account_id=variant_row.account_id,
                state=state,
                state_at=NOON,
                due_at=NOON + HOUR,
            )
            for variant_row, state in zip(post_row.revisions[-1].variants, states, strict=True)
        ]
        session.add_all(deliveries)
        session.flush()
        return [delivery.id for delivery in deliveries]


def _states(database: Database, ids: list[int]) -> list[DeliveryState]:
    with database.reading() as session:
        return [session.get_one(Delivery, key).state for key in ids]


def test_a_new_revision_of_an_approved_post_cancels_what_is_unsent(
    database: Database, town: City, store: FolderStore
) -> None:
    post = _approved(database, town, store)
    ids = _add_deliveries(database, post, DeliveryState.SCHEDULED, DeliveryState.CLAIMED)
    saved(town, post, seen_revision=1)
    assert _states(database, ids) == [DeliveryState.CANCELLED, DeliveryState.CANCELLED]
    with database.reading() as session:
        post_row = session.get_one(Post, post.id)
        assert (post_row.state, post_row.newest) == (PostState.DRAFT, 2)
        (decision,) = post_row.revisions[0].decisions
        assert decision.withdrawn_at is None
        assert post_row.revisions[1].digest == ""
        assert verbs_of(session, post_row)[-1] == "save"


def test_what_is_leaving_or_live_is_left_alone(
    database: Database, town: City, store: FolderStore
) -> None:
    post = _approved(database, town, store)
    ids = _add_deliveries(database, post, DeliveryState.SENDING, DeliveryState.PUBLISHED)
    saved(town, post, seen_revision=1)
    assert _states(database, ids) == [DeliveryState.SENDING, DeliveryState.PUBLISHED]


@pytest.mark.parametrize("to", [PostState.IN_REVIEW, PostState.REJECTED])
def test_a_post_in_review_or_rejected_is_a_draft_again(
    database: Database, town: City, to: PostState
) -> None:
    post = started(town)
    saved(town, post, seen_revision=0)
    with database.transaction() as session:
        decide.send_for_review(
            session, actor=town.actor("clerk"), now=NOON, post_id=post.id, seen_revision=1
        )
        if to is PostState.REJECTED:
            decide.reject(
                session,
                actor=town.actor("first"),
                now=NOON,
                post_id=post.id,
                seen_revision=1,
                reason="चुकीचे",
            )
    saved(town, post, seen_revision=1)
    with database.reading() as session:
        assert session.get_one(Post, post.id).state is PostState.DRAFT


def test_a_withdrawn_post_takes_no_revision(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    saved(town, post, seen_revision=0)
    with database.transaction() as session:
        withdraw.withdraw_post(
            session, actor=town.actor("head"), now=NOON, post_id=post.id, reason="रद्द"
        )
    with pytest.raises(WrongState):
        save(database, store, post, draft(), actor=town.actor("clerk"), seen_revision=1)


def test_an_answer_to_a_comment_is_not_saved_here(database: Database, town: City) -> None:
    post = started(town)
    with database.transaction() as session:
        session.get_one(Post, post.id).kind = PostKind.REPLY
    for key in (post.id, 999):
        with pytest.raises(NotFound), database.transaction() as session:
            drafting_save.save(
                session,
                actor=town.actor("clerk"),
                now=NOON,
                post_id=key,
                seen_revision=0,
                prepared=PreparedDraft(draft(), (), ()),
            )


def problems(
    database: Database, town: City, store: FolderStore, new_draft: Draft
) -> list[tuple[str, str]]:
    post = started(town)
    with pytest.raises(Invalid) as caught:
        save(database, store, post, new_draft, actor=town.actor("clerk"), seen_revision=0)
    with database.reading() as session:
        assert session.get_one(Post, post.id).newest == 0
    return caught.value.codes


def lengths(database: Database, post: Post) -> list[int]:
    """Return the lengths of the texts of the post's first revision."""
    with database.reading() as session:
        (revision,) = session.get_one(Post, post.id).revisions
        return [len(variant.text) for variant in revision.variants]


def disconnected(town: City) -> int:
    """Add an account that is disconnected, and return its id."""
    with town.write() as session:
        cell_id = town.departments["information-technology"]
        state = AccountState.DISCONNECTED
        return add_account(session, cell_id, "facebook", code="former-page", state=state).id


def test_every_problem_is_told_at_once(database: Database, town: City, store: FolderStore) -> None:
    new_draft = draft(
        variant(town.accounts["x"], text=" "),
        variant(town.accounts["x"], link="ftp://pmc.gov.in"),
        variant(town.accounts["facebook"], text="a\u202eb"),
        variant(town.accounts["facebook"], language=Language.ENGLISH, text="क" * 63_207),
        variant(disconnected(town)),
        variant(999),
        title="",
        note="न" * 2_001,
        not_before=NOON + 2 * DAY,
        not_after=NOON - DAY,
    )
    assert sorted(problems(database, town, store, new_draft)) == sorted(
        [
            ("title", "required"),
            ("note", "too_long"),
            ("variants-0-text", "required"),
            ("variants-1-language", "twice"),
            ("variants-1-link", "not_a_link"),
            ("variants-2-text", "bidirectional_override"),
            ("variants-3-text", "too_long"),
            ("variants-4-account_id", "unknown_account"),
            ("variants-4-account_id", "disconnected"),
            ("variants-5-account_id", "unknown_account"),
            ("not_after", "past"),
            ("not_after", "before_not_before"),
        ]
    )


@pytest.mark.parametrize(
    "text", [" \u00a0\u2003\n", "\u200b\u2060", "\u180b\ufe0f\U000e0100"], ids=ascii
)
def test_a_text_that_nobody_can_see_is_refused(
    database: Database, town: City, store: FolderStore, text: str
) -> None:
    new_draft = draft(variant(town.accounts["x"], text=text))
    assert problems(database, town, store, new_draft) == [("variants-0-text", "required")]


def test_a_post_without_a_text_is_none(database: Database, town: City, store: FolderStore) -> None:
    assert problems(database, town, store, draft()) == [("variants", "required")]


def test_280_on_x_and_63206_on_facebook_just_fit(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    new_draft = draft(
        variant(town.accounts["x"], text="क" * 256, link="https://pmc.gov.in/" + "a" * 100),
        variant(town.accounts["facebook"], text="क" * 63_206, link="https://pmc.gov.in/"),
    )
    save(database, store, post, new_draft, actor=town.actor("clerk"), seen_revision=0)
    assert lengths(database, post) == [256, 63_206]


@pytest.mark.parametrize(
    ("text", "link", "code", "length"),
    [
        ("क" * 281, "", "too_long", 281),
        ("क" * 257, "https://pmc.gov.in/a", "too_long_with_link", 281),
    ],
)
def test_a_text_too_long_for_x_says_by_how_much_and_if_the_link_did_it(
    database: Database, town: City, store: FolderStore, text: str, link: str, code: str, length: int
) -> None:
    post = started(town)
    with pytest.raises(Invalid) as caught:
        save(
            database,
            store,
            post,
            draft(variant(town.accounts["x"], text=text, link=link)),
            actor=town.actor("clerk"),
            seen_revision=0,
        )
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("variants-0-text", code)
    assert (problem.values["found"], problem.values["most"]) == (length, 280)


def test_a_paused_account_can_be_written_for(
    database: Database, town: City, store: FolderStore
) -> None:
    with database.transaction() as session:
        session.get_one(Account, town.accounts["x"]).state = AccountState.PAUSED
    post = started(town)
    save(
        database,
        store,
        post,
        draft(variant(town.accounts["x"], text="पाणी")),
        actor=town.actor("clerk"),
        seen_revision=0,
    )
    assert lengths(database, post) == [4]


def test_a_reply_is_held_to_the_limits_of_a_comment(database: Database, town: City) -> None:
    post = started(town)
    long = [
        drafts.PreparedVariant(town.accounts["x"], Language.MARATHI, "क" * 281, target="17"),
        drafts.PreparedVariant(
            town.accounts["facebook"], Language.MARATHI, "क" * 8_001, target="1_2"
        ),
    ]
    with database.transaction() as session:
        session.get_one(Post, post.id).kind = PostKind.REPLY
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        revisions.write_revision(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            post=session.get_one(Post, post.id),
            variants=long,
        )
    assert caught.value.codes == [
        ("variants-0-text", "too_long"),
        ("variants-1-text", "too_long"),
    ]
