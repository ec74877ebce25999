from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals import approvers, gate
from approvals.approvers import Candidate, HeadGround, HeadRight
from approvals.errors import (
    FourEyesRequired,
    NotApproved,
    RestsOnWriter,
    StaleRevision,
    WrongState,
)
from approvals.gate import (
    Approval,
    ApprovalKind,
    Case,
    Picture,
    Refusal,
    Subject,
    VariantSubject,
    Window,
)
from approvals.states import PostState
from tests.support.tables import each

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)
AUTHOR, OFFICER, OTHER = 1, 2, 3
WATER, ROADS = 7, 8
PICTURE = Picture("a" * 64, "नळ")
MARATHI = VariantSubject(5, "mr", "पाणी बंद", "https://pmc.example/a", "", (PICTURE,))
ENGLISH = VariantSubject(5, "en", "No water", "", "", ())
SUBJECT = Subject(
    department_id=WATER,
    asked=(WATER,),
    kind="post",
    window=Window(NOW - SECOND, NOW + timedelta(days=30)),
    variants=(MARATHI, ENGLISH),
)
# Stored approvals rest on these very letters: a change of them is a new HASH_VERSION.
GOLDEN = (
    '{"asked":[7],"department":7,"kind":"post","variants":['
    '{"account_id":5,"language":"mr","link":"https://pmc.example/a","pictures":'
    '[["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","नळ"]],'
    '"target":"","text":"पाणी बंद"},'
    '{"account_id":5,"language":"en","link":"","pictures":[],"target":"","text":"No water"}],'
    '"version":1,"window":["2026-11-25T05:59:59+00:00","2026-12-25T06:00:00+00:00"]}'
)
GOLDEN_DIGEST = "2d4f8b43e06ef1ff8577348afab277dc01f7b8ec3c4c02d61e0a5ea1e41204b9"


def digest(subject: Subject) -> str:
    return gate.digest(gate.canonical(subject))


def approval(**changed: object) -> Approval:
    given_one = Approval(ApprovalKind.APPROVED, WATER, OFFICER, digest(SUBJECT), in_force=True)
    return replace(given_one, **changed)  # type: ignore[arg-type]  # a test's own fields


def case(**changed: object) -> Case:
    ready = Case(
        state=PostState.APPROVED,
        revision=3,
        newest_revision=3,
        stored_digest=digest(SUBJECT),
        subject=SUBJECT,
        authors=frozenset({AUTHOR}),
        approvals=(approval(),),
    )
    return replace(ready, **changed)  # type: ignore[arg-type]  # a test's own fields


def case_about(subject: Subject, *approvals: Approval, **changed: object) -> Case:
    """Return a case whose approvals were given for exactly this subject."""
    fixed = digest(subject)
    return case(
        subject=subject,
        stored_digest=fixed,
        approvals=tuple(replace(approval, digest=fixed) for approval in approvals),
        **changed,
    )


def refusal(case: Case, now: datetime = NOW) -> Refusal | None:
    return gate.judge(case, now=now).refusal


# The hash


def test_the_canonical_form_and_its_digest_are_those_that_were_stored() -> None:
    assert gate.canonical(SUBJECT) == GOLDEN
    assert gate.digest(GOLDEN) == GOLDEN_DIGEST


CHANGES: dict[str, Callable[[Subject], Subject]] = {
    "department_id": lambda it: replace(it, department_id=ROADS),
    "asked": lambda it: replace(it, asked=(WATER, ROADS)),
    "kind": lambda it: replace(it, kind="reply"),
    "window.not_before": lambda it: replace(it, window=Window(NOW, it.window.not_after)),
    "window.not_before none": lambda it: replace(it, window=Window(None, it.window.not_after)),
    "window.not_after": lambda it: replace(
        it, window=Window(it.window.not_before, it.window.not_after + TICK)
    ),
    "variants": lambda it: replace(it, variants=(MARATHI,)),
    "variants order": lambda it: replace(it, variants=(ENGLISH, MARATHI)),
    "variant.account_id": lambda it: changed_variant(it, account_id=6),
    "variant.language": lambda it: changed_variant(it, language="hi"),
    "variant.text": lambda it: changed_variant(it, text="पाणी बंद "),
    "variant.link": lambda it: changed_variant(it, link="https://pmc.example/b"),
    "variant.target": lambda it: changed_variant(it, target="900"),
    "variant.pictures": lambda it: changed_variant(it, pictures=()),
    "picture.sha256": lambda it: changed_variant(it, pictures=(Picture("b" * 64, "नळ"),)),
    "picture.alt_text": lambda it: changed_variant(it, pictures=(Picture("a" * 64, "नळी"),)),
}


def changed_variant(subject: Subject, **changed: object) -> Subject:
    first = replace(subject.variants[0], **changed)  # type: ignore[arg-type]  # a test's own fields
    return replace(subject, variants=(first, *subject.variants[1:]))


def test_every_field_of_what_leaves_has_a_change_here() -> None:
    named = {name.split()[0] for name in CHANGES}
    assert named == (
        {field.name for field in fields(Subject)} - {"window"}
        | {f"window.{field.name}" for field in fields(Window)}
        | {f"variant.{field.name}" for field in fields(VariantSubject)}
        | {f"picture.{field.name}" for field in fields(Picture)}
    )


@each("name", CHANGES)
def test_any_change_of_what_leaves_changes_the_digest_and_is_refused(name: str) -> None:
    changed = CHANGES[name](SUBJECT)
    assert digest(changed) != digest(SUBJECT)
    assert refusal(case(subject=changed)) is Refusal.CHANGED


def test_the_order_of_pictures_counts() -> None:
    first_picture, other = Picture("a" * 64, ""), Picture("b" * 64, "")
    assert digest(changed_variant(SUBJECT, pictures=(first_picture, other))) != digest(
        changed_variant(SUBJECT, pictures=(other, first_picture))
    )


def test_the_order_of_asked_departments_does_not_count() -> None:
    assert digest(replace(SUBJECT, asked=(7, 8, 21))) == digest(replace(SUBJECT, asked=(21, 8, 7)))


def test_a_text_typed_in_another_unicode_form_has_the_same_digest() -> None:
    for word in ("\u0958\u093e\u0928\u0942\u0928", "\u00e9", "\u0929"):
        forms = {word, *(unicodedata.normalize(form, word) for form in ("NFC", "NFD"))}
        assert len(forms) == 2
        assert len({digest(changed_variant(SUBJECT, text=form)) for form in forms}) == 1
        alts = [changed_variant(SUBJECT, pictures=(Picture("a", form),)) for form in forms]
        assert len({digest(alt) for alt in alts}) == 1


def test_the_same_moment_in_another_time_zone_has_the_same_digest() -> None:
    kolkata = timezone(timedelta(hours=5, minutes=30))
    window = Window(NOW.astimezone(kolkata), SUBJECT.window.not_after.astimezone(kolkata))
    here = replace(SUBJECT, window=window)
    elsewhere = replace(SUBJECT, window=Window(NOW, SUBJECT.window.not_after))
    assert digest(here) == digest(elsewhere)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
pictures = st.builds(Picture, sha256=st.sampled_from(["a", "b"]), alt_text=texts)
variants = st.builds(
    VariantSubject,
    account_id=st.integers(1, 3),
    language=st.sampled_from(["mr", "en"]),
    text=texts,
    link=texts,
    target=texts,
    pictures=st.lists(pictures, max_size=2).map(tuple),
)
subjects = st.builds(
    Subject,
    department_id=st.integers(1, 3),
    asked=st.lists(st.integers(1, 3), unique=True, max_size=3).map(tuple),
    kind=st.sampled_from(["post", "reply"]),
    window=st.builds(
        Window,
        not_before=st.none() | st.just(NOW),
        not_after=st.sampled_from([NOW, NOW + SECOND]),
    ),
    variants=st.lists(variants, max_size=2).map(tuple),
)


def normalised(subject: Subject) -> Subject:
    """Return the subject after normalising everything that the digest does not distinguish."""

    def nfc(text: str) -> str:
        return unicodedata.normalize("NFC", text)

    return replace(
        subject,
        asked=tuple(sorted(subject.asked)),
        variants=tuple(
            replace(
                variant,
                text=nfc(variant.text),
                pictures=tuple(
                    replace(each, alt_text=nfc(each.alt_text)) for each in variant.pictures
                ),
            )
            for variant in subject.variants
        ),
    )


@given(subject=subjects, other=subjects)
def test_two_subjects_share_a_digest_only_where_they_are_the_same(
    subject: Subject, other: Subject
) -> None:
    assert (digest(subject) == digest(other)) is (normalised(subject) == normalised(other))
    assert digest(subject) == digest(normalised(subject))


# The gate


def test_an_approved_revision_leaves_on_the_approval_it_has() -> None:
    verdict = gate.judge(case(), now=NOW)
    assert verdict.allowed
    assert verdict.approvals == (approval(),)
    gate.require_verdict(verdict)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW - SECOND - TICK, Refusal.TOO_EARLY),
        (NOW - SECOND, None),
        (NOW + timedelta(days=30), None),
        (NOW + timedelta(days=30) + TICK, Refusal.TOO_LATE),
    ],
)
def test_the_window_holds_to_its_edges(at: datetime, expected: Refusal | None) -> None:
    assert refusal(case(), at) is expected


def test_a_window_without_a_beginning_is_open_from_always() -> None:
    window = Window(None, SUBJECT.window.not_after)
    refusals = case_about(replace(SUBJECT, window=window), approval())
    assert refusal(refusals, NOW - timedelta(days=9_999)) is None


@pytest.mark.parametrize(
    "state", [post_state for post_state in PostState if post_state is not PostState.APPROVED]
)
def test_nothing_leaves_from_another_state(state: PostState) -> None:
    assert refusal(case(state=state)) is Refusal.NOT_IN_STATE_APPROVED


@pytest.mark.parametrize("newest", [2, 4])
def test_only_the_newest_revision_leaves_and_that_is_told_first(newest: int) -> None:
    refusals = case(newest_revision=newest, state=PostState.DRAFT, approvals=())
    assert refusal(refusals) is Refusal.NOT_NEWEST


@pytest.mark.parametrize(
    "bad",
    [
        approval(in_force=False),
        approval(digest="0" * 64),
        approval(digest=""),
        approval(department_id=ROADS),
        approval(person_id=AUTHOR),
        approval(kind=ApprovalKind.OWN_HAND),
        approval(kind=ApprovalKind.OWN_HAND, person_id=AUTHOR),
    ],
)
def test_an_approval_that_does_not_count_opens_nothing(bad: Approval) -> None:
    assert refusal(case(approvals=(bad,))) is Refusal.APPROVAL_MISSING
    assert approval() in gate.judge(case(approvals=(bad, approval())), now=NOW).approvals


def test_no_approval_at_all_opens_nothing() -> None:
    assert refusal(case(approvals=())) is Refusal.APPROVAL_MISSING


def test_nothing_stored_is_not_a_digest_of_anything() -> None:
    assert refusal(case(stored_digest="", approvals=(approval(digest=""),))) is Refusal.CHANGED


def test_four_eyes_compares_every_author() -> None:
    assert refusal(case(authors=frozenset({AUTHOR, OFFICER}))) is Refusal.APPROVAL_MISSING
    assert refusal(case(authors=frozenset({AUTHOR, OTHER}))) is None


def test_a_reply_is_approved_by_its_writer_and_by_no_other_author() -> None:
    reply = replace(SUBJECT, kind="reply")
    own = approval(kind=ApprovalKind.OWN_HAND, person_id=AUTHOR)
    assert refusal(case_about(reply, own)) is None
    foreign = approval(kind=ApprovalKind.OWN_HAND, person_id=OTHER)
    assert refusal(case_about(reply, foreign)) is Refusal.APPROVAL_MISSING


def test_four_eyes_does_not_bind_a_reply() -> None:
    assert refusal(case_about(replace(SUBJECT, kind="reply"), approval(person_id=AUTHOR))) is None
    assert gate.authors_to_exclude("reply", {AUTHOR}) == frozenset()
    assert gate.authors_to_exclude("post", {AUTHOR}) == {AUTHOR}
    assert gate.authors_to_exclude("post", {AUTHOR, OTHER}) == {AUTHOR, OTHER}


def test_an_emergency_decision_counts_for_its_digest_while_in_force() -> None:
    emergency = approval(kind=ApprovalKind.EMERGENCY, person_id=AUTHOR)
    assert refusal(case(approvals=(emergency,))) is None
    for bad in (replace(emergency, in_force=False), replace(emergency, digest="0" * 64)):
        assert refusal(case(approvals=(bad,))) is Refusal.APPROVAL_MISSING


def test_a_joint_post_needs_each_asked_department() -> None:
    joint = replace(SUBJECT, asked=(WATER, ROADS))
    roads = approval(department_id=ROADS, person_id=OTHER)
    assert refusal(case_about(joint, approval())) is Refusal.APPROVAL_MISSING
    assert refusal(case_about(joint, roads)) is Refusal.APPROVAL_MISSING
    assert (
        refusal(case_about(joint, approval(), approval(person_id=OTHER)))
        is Refusal.APPROVAL_MISSING
    )
    assert refusal(case_about(joint, approval(), roads)) is None


def test_the_owning_department_is_asked_where_none_is_listed() -> None:
    assert refusal(case_about(replace(SUBJECT, asked=()), approval())) is None
    foreign = approval(department_id=ROADS)
    assert refusal(case_about(replace(SUBJECT, asked=()), foreign)) is Refusal.APPROVAL_MISSING


def test_a_refusal_is_raised_with_its_reason() -> None:
    with pytest.raises(NotApproved) as refused:
        gate.require_verdict(gate.judge(case(approvals=()), now=NOW))
    assert refused.value.values == {"reason": Refusal.APPROVAL_MISSING}


approvals = st.builds(
    Approval,
    kind=st.sampled_from(ApprovalKind),
    department_id=st.sampled_from([WATER, ROADS]),
    person_id=st.integers(1, 3),
    digest=st.sampled_from([digest(SUBJECT), "0" * 64]),
    in_force=st.booleans(),
)


@given(
    case_drawn=st.builds(
        Case,
        state=st.sampled_from(PostState),
        revision=st.integers(1, 2),
        newest_revision=st.integers(1, 2),
        stored_digest=st.sampled_from([digest(SUBJECT), "0" * 64]),
        subject=st.sampled_from([SUBJECT, CHANGES["variant.text"](SUBJECT)]),
        authors=st.frozensets(st.integers(1, 3), min_size=1),
        approvals=st.lists(approvals, max_size=3).map(tuple),
    ),
    at=st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(days=31)]),
)
def test_only_the_newest_unchanged_revision_approved_by_another_leaves(
    case_drawn: Case, at: datetime
) -> None:
    verdict = gate.judge(case_drawn, now=at)
    if not verdict.allowed:
        assert verdict.approvals == ()
        return
    assert case_drawn.revision == case_drawn.newest_revision
    assert case_drawn.state is PostState.APPROVED
    assert case_drawn.subject == SUBJECT
    assert case_drawn.stored_digest == digest(SUBJECT)
    assert at == NOW
    assert WATER in {approval.department_id for approval in verdict.approvals}
    for approval in verdict.approvals:
        assert approval in case_drawn.approvals
        assert approval.in_force
        assert approval.digest == digest(SUBJECT)
        assert approval.kind is not ApprovalKind.OWN_HAND
        assert (
            approval.kind is ApprovalKind.EMERGENCY or approval.person_id not in case_drawn.authors
        )


# Deciding


def check(
    state: PostState = PostState.IN_REVIEW, seen_revision: int = 3, person: int = OFFICER
) -> None:
    gate.check_approval(
        state=state,
        seen_revision=seen_revision,
        newest_revision=3,
        person_id=person,
        authors={AUTHOR},
    )


def test_a_second_person_may_decide_about_the_newest_revision_in_review() -> None:
    check()


@each("state", PostState)
@each("person", [AUTHOR, OFFICER])
@each("seen_revision", [2, 4])
def test_a_stale_revision_is_told_before_anything_else(
    state: PostState, person: int, seen_revision: int
) -> None:
    with pytest.raises(StaleRevision) as stale:
        check(state, seen_revision, person)
    assert stale.value.values == {"seen": seen_revision, "newest": 3}


@each("state", [post_state for post_state in PostState if post_state is not PostState.IN_REVIEW])
@each("person", [AUTHOR, OFFICER])
def test_a_wrong_state_is_told_before_four_eyes(state: PostState, person: int) -> None:
    with pytest.raises(WrongState) as wrong:
        check(state, 3, person)
    assert wrong.value.values == {"state": state, "to": PostState.APPROVED}


def test_nobody_approves_what_they_wrote() -> None:
    with pytest.raises(FourEyesRequired) as refused:
        check(person=AUTHOR)
    assert refused.value.values == {"revision": 3}


# Who can approve

USHA, DATTA, HEAD = Candidate(2, 20), Candidate(3, 30), Candidate(4, 40)


def test_the_officers_come_first_and_the_head_stands_by() -> None:
    able = approvers.approvers([USHA, DATTA], HEAD, {AUTHOR})
    assert (able.everybody, able.standing_in, able.blocked) == (
        (USHA, DATTA),
        False,
        None,
    )


def test_an_officer_who_wrote_it_is_left_out() -> None:
    assert approvers.approvers([USHA, DATTA], HEAD, {USHA.person_id}).everybody == (DATTA,)


@pytest.mark.parametrize("officers", [[], [USHA]])
def test_the_head_stands_in_where_no_officer_can(officers: list[Candidate]) -> None:
    able = approvers.approvers(officers, HEAD, {USHA.person_id})
    assert (able.everybody, able.standing_in, able.blocked) == ((HEAD,), True, None)


@pytest.mark.parametrize(
    ("officers", "head", "authors", "missing"),
    [
        ([], None, {AUTHOR}, "nobody_named"),
        ([USHA], None, {2}, "all_wrote_it"),
        ([], HEAD, {4}, "all_wrote_it"),
        ([USHA], Candidate(2, 41), {2}, "all_wrote_it"),  # one person under two appointments
        ([replace(USHA, rests_on=frozenset({AUTHOR}))], None, {AUTHOR}, "rests_on_writer"),
        ([USHA], replace(HEAD, rests_on=frozenset({AUTHOR})), {AUTHOR, 2}, "rests_on_writer"),
    ],
)
def test_where_nobody_can_it_is_blocked_and_says_why(
    officers: list[Candidate], head: Candidate | None, authors: set[int], missing: str
) -> None:
    able = approvers.approvers(officers, head, authors)
    assert (able.everybody, able.standing_in, able.blocked) == ((), False, missing)


candidates = st.builds(Candidate, st.integers(1, 4), st.integers(1, 9), is_away=st.booleans())


@given(
    officers=st.lists(candidates, max_size=2),
    head=st.none() | candidates,
    authors=st.frozensets(st.integers(1, 4), max_size=2),
    is_overdue=st.booleans(),
)
def test_either_somebody_who_did_not_write_it_can_approve_or_it_is_blocked(
    officers: list[Candidate], head: Candidate | None, authors: frozenset[int], is_overdue: bool
) -> None:
    able = approvers.approvers(officers, head, authors, is_overdue=is_overdue)
    is_left = able.blocked is not None and able.blocked != "all_away"
    assert bool(able.everybody) is not is_left
    assert all(person.person_id not in authors for person in able.everybody)
    is_overdue_or_away = is_overdue or all(officer.is_away for officer in able.officers)
    assert not able.standing_in or is_overdue_or_away
    assert able.standing_in <= (able.head is not None)


def test_an_approval_that_rests_on_a_writer_counts_for_no_post() -> None:
    resting = approval(rests_on=frozenset({AUTHOR}))
    assert refusal(case(approvals=(resting,))) is Refusal.APPROVAL_MISSING
    assert refusal(case(approvals=(approval(rests_on=frozenset({OTHER})),))) is None
    reply = replace(SUBJECT, kind="reply")
    assert refusal(case_about(reply, resting)) is None  # answers bind nobody


def test_who_rests_on_a_writer_is_refused_beforehand_and_another_asked() -> None:
    check = partial(
        gate.check_approval,
        state=PostState.IN_REVIEW,
        seen_revision=1,
        newest_revision=1,
        person_id=OFFICER,
        authors={AUTHOR},
    )
    check(rests_on={OTHER})
    with pytest.raises(RestsOnWriter):
        check(rests_on={AUTHOR, OTHER})
    resting = replace(USHA, rests_on=frozenset({AUTHOR}))
    assert approvers.approvers([resting, DATTA], HEAD, {AUTHOR}).everybody == (DATTA,)
    assert approvers.approvers([resting], HEAD, {AUTHOR}).standing_in


@pytest.mark.parametrize(
    ("recorder_ids", "confirmed_by_id", "staff_recorder_ids", "expected"),
    [
        ({11}, None, (), set()),  # by a command, or in force at the upgrade
        ({11}, 12, (), {12}),  # by a head, or by staff that a command recorded
        ({11}, 12, (13,), {12, 13}),
        ({11}, 12, (13, 15), {12, 13, 15}),  # 15 changed the address of who confirmed
        ({11, 14}, 11, (), {11, 14}),
    ],
)
def test_an_appointment_rests_on_who_confirmed_it(
    recorder_ids: set[int],
    confirmed_by_id: int | None,
    staff_recorder_ids: tuple[int, ...],
    expected: set[int],
) -> None:
    assert gate.rests_on(recorder_ids, confirmed_by_id, staff_recorder_ids) == expected


@pytest.mark.parametrize(
    ("ground", "from_at", "counts"),
    [
        (HeadGround.NO_OFFICER, None, True),
        (HeadGround.UNDECIDED, NOW, True),
        (HeadGround.UNDECIDED, NOW - SECOND, True),
        (HeadGround.UNDECIDED, NOW + TICK, False),  # decided too early
        (HeadGround.UNDECIDED, None, False),
        (None, NOW - SECOND, False),
        (None, None, False),
    ],
)
def test_a_head_s_approval_counts_by_the_right_that_was_kept(
    ground: HeadGround | None, from_at: datetime | None, counts: bool
) -> None:
    by_head = approval(head_right=HeadRight(NOW, ground, from_at))
    expected = None if counts else Refusal.APPROVAL_MISSING
    assert refusal(case(approvals=(by_head,))) is expected
    # Time that passes afterwards, or a clock that goes back, changes nothing of it.
    later = replace(case(approvals=(by_head,)))
    assert (gate.judge(later, now=NOW + timedelta(days=1)).refusal is None) is counts


def test_the_head_may_decide_only_once_it_is_overdue() -> None:
    able = approvers.approvers([USHA, DATTA], HEAD, {AUTHOR}, is_overdue=True)
    assert able.head_ground is HeadGround.UNDECIDED
    assert able.everybody == (USHA, DATTA, HEAD)
    assert not approvers.approvers([USHA, DATTA], None, {AUTHOR}, is_overdue=True).standing_in
    wrote_it = approvers.approvers([USHA], HEAD, {HEAD.person_id}, is_overdue=True)
    assert not wrote_it.standing_in


def test_officers_who_are_away_leave_it_to_the_head() -> None:
    usha, datta = replace(USHA, is_away=True), replace(DATTA, is_away=True)
    assert approvers.approvers([usha, DATTA], HEAD, {AUTHOR}).everybody == (DATTA,)
    able = approvers.approvers([usha, datta], HEAD, {AUTHOR})
    assert able.head_ground is HeadGround.NO_OFFICER
    assert able.everybody == (HEAD,)
    alone = approvers.approvers([usha, datta], None, {AUTHOR})
    assert (alone.everybody, alone.blocked) == ((usha, datta), "all_away")
