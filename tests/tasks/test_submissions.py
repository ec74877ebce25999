"""Whose turn it is with a submission, as rows."""

from __future__ import annotations

from datetime import timedelta

from publisher.drafting import collaboration
from publisher.intake import close, questions, take
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE
from tests.tasks.open_tasks import open_tasks


def return_it(town: City, submission_id: int) -> None:
    with town.write() as session:
        questions.return_submission(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            question="कधी?",
        )


def note(town: City, submission_id: int, *, after: timedelta = MINUTE) -> None:
    town.clock.move(after)
    with town.write() as session:
        questions.add_note(
            session,
            actor=town.actor("member"),
            now=town.now,
            submission_id=submission_id,
            note_text="वेळ बदलली.",
        )


def returned(submission_id: int, *names: str) -> list[tuple[str, int, str]]:
    return [("submission_returned", submission_id, name) for name in sorted(names)]


def test_a_submission_waits_for_the_cell_until_a_draft_is_begun(town: City) -> None:
    submission_id = town.hand_in()
    assert open_tasks(town, "submissions") == [("submission", submission_id, "cell")]
    with town.write() as session:
        take.take(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            seen_holder_id=None,
        )
    assert open_tasks(town, "submissions") == [("submission", submission_id, "cell")]
    town.start(submission_id)
    assert open_tasks(town, "submissions") == []


def test_what_was_returned_waits_for_who_handed_it_in_and_the_offices(town: City) -> None:
    submission_id = town.hand_in()
    return_it(town, submission_id)
    waits = returned(submission_id, "first", "second", "head", "member")
    assert open_tasks(town, "submissions") == waits
    town.end("second")
    assert open_tasks(town, "submissions") == returned(submission_id, "first", "head", "member")
    with town.write() as session:
        questions.answer_question(
            session,
            actor=town.actor("member"),
            now=town.now,
            submission_id=submission_id,
            answer="शनिवारी.",
        )
    assert open_tasks(town, "submissions") == [("submission", submission_id, "cell")]


def test_an_officer_s_own_submission_is_not_returned_to_members(town: City) -> None:
    submission_id = town.hand_in(by="first")
    return_it(town, submission_id)
    assert open_tasks(town, "submissions") == returned(submission_id, "first", "second", "head")


def test_what_came_at_the_desk_is_returned_to_everybody(town: City) -> None:
    submission_id = town.hand_in(by="clerk")
    return_it(town, submission_id)
    waits = returned(submission_id, "first", "second", "head", "member")
    assert open_tasks(town, "submissions") == waits


def test_who_comes_later_has_what_was_returned(town: City) -> None:
    submission_id = town.hand_in(by="clerk")
    return_it(town, submission_id)
    town.end("member")
    assert open_tasks(town, "submissions") == returned(submission_id, "first", "second", "head")
    town.appoint("another", town.roles["member"][0], "water")
    assert ("submission_returned", submission_id) in {
        row[:2] for row in open_tasks(town, "submissions")
    }
    assert len(open_tasks(town, "submissions")) == 4


def test_a_note_waits_until_it_is_seen_or_a_text_is_saved(town: City) -> None:
    submission_id = town.hand_in()
    post_id = town.draft(submission_id)
    assert open_tasks(town, "submissions") == []
    note(town, submission_id)
    assert open_tasks(town, "submissions") == [("note", submission_id, "cell")]
    town.clock.move(MINUTE)
    town.save(post_id, text="नवा मजकूर")
    assert open_tasks(town, "submissions") == []
    note(town, submission_id)
    with town.write() as session:
        questions.mark_notes_seen(
            session, actor=town.actor("clerk"), now=town.now, submission_id=submission_id
        )
    assert open_tasks(town, "submissions") == []


def test_a_note_waits_again_once_its_submission_is_parted_from_the_post(town: City) -> None:
    submission_id, other_id = town.hand_in(), town.hand_in()
    post_id = town.draft(submission_id)
    town.draft(other_id)
    town.join(post_id, other_id)
    note(town, other_id)
    town.clock.move(MINUTE)
    town.save(post_id, text="नवा मजकूर")
    assert open_tasks(town, "submissions") == []
    with town.write() as session:
        collaboration.remove_submission(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            post_id=post_id,
            submission_id=other_id,
        )
    assert open_tasks(town, "submissions") == [("note", other_id, "cell")]


def test_a_declined_submission_waits_for_nobody(town: City) -> None:
    submission_id = town.hand_in(wished_at=town.now + 3 * HOUR)
    return_it(town, submission_id)
    with town.write() as session:
        close.decline(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            reason="दुबार नोंद.",
        )
    assert open_tasks(town, "submissions") == []
