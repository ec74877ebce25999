from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl

import pytest

from approvals.errors import WrongRole
from approvals.policy import Role
from publisher.intake import close
from publisher.models.submissions import Submission, SubmissionKind
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.reports.next_step import NextKind
from publisher.reports.progress import Stage
from publisher.reports.submission_filters import (
    Holder,
    SubmissionFilter,
    SubmissionView,
    Wished,
    filter_from_query,
)
from publisher.reports.submission_list import Listing, list_submissions, submission_counts
from publisher.states import DeliveryState, SubmissionState
from tests.support import scenes
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.scenes import Scene

# Scene, the stage that its department reads, what comes next, and who has it.
TABLE: list[tuple[Scene, Stage, NextKind | None, list[str]]] = [
    (scenes.received, Stage.RECEIVED, NextKind.DRAFT, ["cell"]),
    (scenes.declined, Stage.DECLINED, None, []),
    (scenes.begun, Stage.DRAFT, NextKind.DRAFT, ["स्वाती रणपिसे"]),
    (scenes.drafted, Stage.DRAFT, NextKind.SEND_FOR_REVIEW, ["स्वाती रणपिसे"]),
    (scenes.in_review, Stage.IN_REVIEW, NextKind.APPROVE, ["मेधा सातपुते", "नितीन घोलप"]),
    (scenes.in_review_with_a_head_alone, Stage.IN_REVIEW, NextKind.APPROVE, ["विलास थोपटे"]),
    (scenes.in_review_with_nobody, Stage.BLOCKED, NextKind.NAME_SOMEBODY, ["cell_lead"]),
    (scenes.in_review_by_two_departments, Stage.IN_REVIEW, NextKind.APPROVE, ["शैलजा कुदळे"]),
    (scenes.returned, Stage.CHANGES_WANTED, NextKind.CHANGE, ["स्वाती रणपिसे"]),
    (scenes.rejected, Stage.REJECTED, None, []),
    (scenes.withdrawn, Stage.POST_WITHDRAWN, None, []),
    (scenes.approved, Stage.APPROVED, NextKind.SCHEDULE, ["cell"]),
    (scenes.half_scheduled, Stage.SCHEDULED, NextKind.SCHEDULE, ["cell"]),
    (scenes.scheduled, Stage.SCHEDULED, NextKind.PUBLISH, ["machine"]),
    (scenes.stopped, Stage.APPROVED, NextKind.SCHEDULE, ["cell"]),
    (scenes.left_out, Stage.SCHEDULED, NextKind.PUBLISH, ["machine"]),
    (scenes.approval_withdrawn, Stage.IN_REVIEW, NextKind.APPROVE, ["मेधा सातपुते", "नितीन घोलप"]),
    (scenes.approved_once_more, Stage.APPROVED, NextKind.SCHEDULE, ["cell"]),
    (scenes.live, Stage.LIVE, None, []),
    (scenes.unconfirmed, Stage.UNCONFIRMED, NextKind.CONFIRM, ["machine"]),
    (scenes.held, Stage.HELD, NextKind.SETTLE_HELD, ["cell_lead"]),
    (scenes.missed, Stage.MISSED, NextKind.RESCHEDULE, ["cell"]),
    (scenes.failed, Stage.FAILED, NextKind.RESCHEDULE, ["cell"]),
    (scenes.failed_and_revised, Stage.DRAFT, NextKind.SEND_FOR_REVIEW, ["स्वाती रणपिसे"]),
    (scenes.routed, Stage.LIVE, NextKind.ANSWER, ["मेधा सातपुते"]),
    (scenes.transferred, Stage.LIVE, NextKind.ANSWER, ["शैलजा कुदळे"]),
    (scenes.answered, Stage.LIVE, None, []),
]

# The view of open submissions at this stage; other stages are live, or have ended.
OPENS_IN = {
    Stage.RECEIVED: SubmissionView.RECEIVED,
    Stage.DRAFT: SubmissionView.DRAFT,
    Stage.CHANGES_WANTED: SubmissionView.DRAFT,
    Stage.IN_REVIEW: SubmissionView.IN_REVIEW,
    Stage.BLOCKED: SubmissionView.IN_REVIEW,
    Stage.APPROVED: SubmissionView.APPROVED,
    Stage.SCHEDULED: SubmissionView.SCHEDULED,
    Stage.UNCONFIRMED: SubmissionView.TO_DECIDE,
    Stage.HELD: SubmissionView.TO_DECIDE,
    Stage.MISSED: SubmissionView.TO_DECIDE,
    Stage.FAILED: SubmissionView.TO_DECIDE,
}


@pytest.mark.parametrize(("happens", "stage", "kind", "holders"), TABLE)
def test_a_department_reads_how_far_it_is_what_comes_next_and_who_has_it(
    town: City, happens: Scene, stage: Stage, kind: NextKind | None, holders: list[str]
) -> None:
    happens(town)
    (row,) = _page(town, "auditor").rows
    assert row.stage is stage
    assert (row.next.kind if row.next else None) is kind
    assert [
        _name(holder.name_mr, holder.role) for holder in (row.next.holders if row.next else ())
    ] == (holders)
    view = OPENS_IN.get(stage)
    assert _counts(town, "auditor") == ({SubmissionView.OPEN: 1, view: 1} if view else {})
    assert [row.stage for row in _page(town, "auditor", SubmissionView.OPEN).rows] == (
        [stage] if view else []
    )


def _name(name: str, role: Role | None) -> str:
    return name or (role.value if role else "machine")


def test_every_stage_has_a_chip(town: City) -> None:
    deliveries = {delivery_state.value for delivery_state in DeliveryState}
    for stage in Stage:
        thing, state = stage.look
        assert thing in ("submission", "post", "delivery")
        assert thing != "delivery" or state in deliveries
        assert thing != "submission" or state in {
            submission_state.value for submission_state in SubmissionState
        }


def test_the_row_says_since_when_and_until_when(town: City) -> None:
    town.hand_in(wished_at=town.now + DAY)
    (row,) = _page(town, "member").rows
    assert row.next is not None
    assert (row.next.since_at, row.next.due_at) == (town.now, town.now + DAY)
    post_id = town.draft(row.submission.id)
    town.clock.move(HOUR)
    town.send(post_id)
    (row,) = _page(town, "member").rows
    assert row.next is not None
    assert row.next.since_at == town.now
    assert row.submission.number == "PMC/2026/000001"
    assert row.submission.handed_in_under is not None
    assert row.submission.handed_in_under.person.name_mr == "किरण वाबळे"


def test_the_row_has_every_live_link_and_the_comments_under_them(town: City) -> None:
    on_x, on_facebook = town.live(on=["x", "facebook"])
    answered = town.comment("एक", under=on_x)
    town.comment("दोन", under=on_facebook, on="facebook")
    town.answer(answered)
    town.tick_dispatch()
    town.note_answers()
    (row,) = _page(town, "member").rows
    assert [delivery.account.platform for delivery in row.lives] == ["x", "facebook"]
    assert row.lives[0].url == f"https://platform.example/{town.platform_id(on_x)}"
    assert (row.comments, row.unanswered) == (2, 1)
    assert row.next is not None
    assert (row.next.kind, row.next.quote) == (NextKind.ANSWER, "दोन")


def test_a_correction_in_the_making_leaves_it_live(town: City) -> None:
    town.live()
    town.save(1, on=["x"], text="दुरुस्ती")
    (row,) = _page(town, "member").rows
    assert row.stage is Stage.LIVE
    assert row.next is not None
    assert row.next.kind is NextKind.SEND_FOR_REVIEW


def test_of_two_posts_the_one_that_needs_a_person_is_told(town: City) -> None:
    submission_id = town.hand_in()
    first = town.draft(submission_id)
    town.send(first)
    town.approve(first)
    town.schedule(first)
    town.draft(submission_id)
    (row,) = _page(town, "member").rows
    assert row.stage is Stage.SCHEDULED
    assert row.next is not None
    assert row.next.kind is NextKind.SEND_FOR_REVIEW


@pytest.mark.parametrize(
    ("who", "titles"),
    [
        ("member", ["पाणी"]),
        ("first", ["पाणी"]),
        ("head", ["पाणी"]),
        ("road_member", ["रस्ता"]),
        ("health_head", []),
        ("clerk", ["रस्ता", "पाणी"]),
        ("lead", ["रस्ता", "पाणी"]),
        ("auditor", ["रस्ता", "पाणी"]),
        ("oversight", ["रस्ता", "पाणी"]),
    ],
)
def test_each_sees_the_submissions_of_its_own_line(town: City, who: str, titles: list[str]) -> None:
    town.hand_in("पाणी")
    town.clock.move(MINUTE)
    town.hand_in("रस्ता", department="road")
    assert [row.submission.title for row in _page(town, who).rows] == titles


def test_oversight_does_not_see_what_reports_to_another(town: City) -> None:
    town.hand_in("आरोग्य", department="health")
    assert _page(town, "oversight").rows == ()


def test_an_admin_has_no_submissions(town: City) -> None:
    with pytest.raises(WrongRole):
        _page(town, "admin")


def test_asking_for_another_department_gives_nothing(town: City) -> None:
    town.hand_in("रस्ता", department="road")
    assert _listed(town, "member", SubmissionFilter(department_id=town.departments["road"])) == []


@pytest.mark.twin
def test_it_is_read_by_wished_time_and_everything_newest_first(town: City) -> None:
    for title, after in (("उद्या", DAY), ("केव्हाही", None), ("आज", HOUR)):
        town.hand_in(title, wished_at=town.now + after if after else None)
        town.clock.move(MINUTE)
    assert _listed(town, "clerk", SubmissionFilter()) == ["आज", "उद्या", "केव्हाही"]
    everything = SubmissionFilter(SubmissionView.ALL)
    assert _listed(town, "clerk", everything) == ["आज", "केव्हाही", "उद्या"]


@pytest.mark.twin
def test_a_full_last_page_promises_no_more(town: City) -> None:
    town.hand_in()
    with town.read() as session:
        page = list_submissions(
            session, actor=town.actor("clerk"), now=town.now, filters=SubmissionFilter(), limit=1
        )
    assert (len(page.rows), page.following, page.preceding) == (1, None, None)
    assert (page.first, page.total) == (1, 1)


@pytest.mark.twin
@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("मोहीम डेंग्यू", ["डेंग्यू प्रतिबंध मोहीम"]),
        ("०००००२", ["शनिवारी पाणीपुरवठा बंद"]),
        ("000002", ["शनिवारी पाणीपुरवठा बंद"]),
        ("100%", []),
        ("\u202e", []),
    ],
)
def test_rows_are_found_by_words_and_numbers(town: City, text: str, titles: list[str]) -> None:
    town.hand_in("डेंग्यू प्रतिबंध मोहीम")
    scenes.in_review(town)
    assert _listed(town, "clerk", SubmissionFilter(search_text=text)) == titles


@pytest.mark.twin
def test_rows_are_found_by_wished_time(town: City) -> None:
    wishes = {"पूर्वी": -DAY, "आज": HOUR, "लवकर": 5 * DAY, "नंतर": 20 * DAY}
    for title, after in wishes.items():
        submission_id = town.hand_in(title)
        with town.write() as session:
            session.get_one(Submission, submission_id).wished_at = town.now + after
    town.hand_in("केव्हाही")
    by_wish = {wished: _listed(town, "clerk", SubmissionFilter(wished=wished)) for wished in Wished}
    assert by_wish == {
        Wished.TODAY: ["आज"],
        Wished.SOON: ["आज", "लवकर"],
        Wished.LATER: ["नंतर"],
        Wished.PASSED: ["पूर्वी"],
        Wished.NONE: ["केव्हाही"],
    }


@pytest.mark.twin
def test_rows_are_found_by_the_days_of_handing_in(town: City) -> None:
    for title in ("एक", "दोन", "तीन"):
        town.hand_in(title)
        town.clock.move(DAY)
    day = (town.now - 2 * DAY).date()
    assert _listed(town, "clerk", SubmissionFilter(since=day, until=day)) == ["दोन"]
    assert _listed(town, "clerk", SubmissionFilter(since=day)) == ["दोन", "तीन"]
    assert _listed(town, "clerk", SubmissionFilter(until=day)) == ["एक", "दोन"]


@pytest.mark.ci
@pytest.mark.parametrize(
    ("happens", "holders"),
    [
        (scenes.received, {Holder.NOBODY, Holder.CELL}),
        (scenes.drafted, {Holder.CELL, Holder.ME}),
        (scenes.returned, {Holder.CELL, Holder.ME}),
        (scenes.in_review, {Holder.DEPARTMENT}),
        (scenes.in_review_with_nobody, {Holder.LEAD}),
        (scenes.approved, {Holder.CELL, Holder.ME}),
        (scenes.stopped, {Holder.CELL, Holder.ME}),
        (scenes.scheduled, {Holder.CLOCK}),
        (scenes.unconfirmed, {Holder.CLOCK}),
        (scenes.held, {Holder.LEAD}),
        (scenes.missed, {Holder.CELL, Holder.ME}),
        (scenes.live, set()),
    ],
)
def test_rows_are_found_by_who_has_them(town: City, happens: Scene, holders: set[Holder]) -> None:
    happens(town)
    everything = {holder: SubmissionFilter(SubmissionView.ALL, holder=holder) for holder in Holder}
    matching = {case for case, filters in everything.items() if _listed(town, "clerk", filters)}
    assert matching == holders


def test_an_officer_has_what_waits_for_this_officers_approval(town: City) -> None:
    scenes.in_review(town)
    scenes.in_review_elsewhere(town)
    mine = SubmissionFilter(SubmissionView.ALL, holder=Holder.ME)
    assert len(_listed(town, "first", mine)) == 1
    assert _listed(town, "member", mine) == []


def test_what_is_partly_live_stands_among_the_live_and_among_what_is_left(town: City) -> None:
    town.platform("facebook").fail_next(OutcomeUnknown("no answer"))
    town.due(on=["x", "facebook"])
    town.tick_dispatch()
    (row,) = _page(town, "clerk", SubmissionView.OPEN).rows
    assert (row.stage, row.left) == (Stage.LIVE, Stage.UNCONFIRMED)
    (again,) = _page(town, "clerk", SubmissionView.LIVE).rows
    assert (again.submission.id, again.stage, again.left) == (
        row.submission.id,
        row.stage,
        row.left,
    )
    assert _page(town, "clerk", SubmissionView.ENDED).rows == ()


def test_view_and_filters_come_back_out_of_their_address(town: City) -> None:
    filters = SubmissionFilter(
        view=SubmissionView.LIVE,
        search_text="पाणी & रस्ता",
        department_id=7,
        kind=SubmissionKind.EVENT,
        wished=Wished.SOON,
        holder=Holder.ME,
        since=date(2026, 1, 2),
        until=date(2026, 3, 4),
    )
    assert filter_from_query(dict(parse_qsl(filters.query))) == filters
    assert SubmissionFilter().query == ""
    nonsense = dict.fromkeys(("view", "kind", "wished", "holder", "since", "department"), "x")
    assert filter_from_query(nonsense) == SubmissionFilter()
    assert filter_from_query({"department": "9" * 30}) == SubmissionFilter()


@pytest.mark.twin
def test_counts_name_every_open_view(town: City) -> None:
    for happens in (scenes.received, scenes.received, scenes.approved, scenes.live):
        happens(town)
    assert _counts(town, "member") == {
        SubmissionView.OPEN: 3,
        SubmissionView.RECEIVED: 2,
        SubmissionView.APPROVED: 1,
    }
    filtered = SubmissionFilter(wished=Wished.SOON)
    with town.read() as session:
        none = submission_counts(
            session, actor=town.actor("member"), now=town.now, filters=filtered
        )
    assert set(none.values()) == {0}


def test_a_submission_taken_back_says_so(town: City) -> None:
    submission_id = town.hand_in()
    with town.write() as session:
        close.withdraw(
            session,
            actor=town.actor("member"),
            now=town.now,
            submission_id=submission_id,
            reason="तारीख बदलली.",
        )
    (row,) = _page(town, "member").rows
    assert (row.stage, row.next) == (Stage.WITHDRAWN, None)
    with town.read() as session:
        assert session.get_one(Submission, submission_id).reason == "तारीख बदलली."


def _page(town: City, who: str, view: SubmissionView = SubmissionView.ALL) -> Listing:
    with town.read() as session:
        return list_submissions(
            session, actor=town.actor(who), now=town.now, filters=SubmissionFilter(view)
        )


def _listed(town: City, who: str, filters: SubmissionFilter) -> list[str]:
    with town.read() as session:
        page = list_submissions(session, actor=town.actor(who), now=town.now, filters=filters)
    return [row.submission.title for row in page.rows]


def _counts(town: City, who: str) -> dict[SubmissionView, int]:
    with town.read() as session:
        counts = submission_counts(
            session, actor=town.actor(who), now=town.now, filters=SubmissionFilter()
        )
    return {view: count for view, count in counts.items() if count}
