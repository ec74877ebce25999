"""Where each notice of the demo city ends, as plain rows that a seeding program plays through."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from approvals.states import PostState
from demo import circular, notices
from demo.notices import Notice
from demo.remarks import PlatformName, VariantLanguage
from publisher.states import DeliveryState, SubmissionState


class Trouble(StrEnum):
    """What has to go wrong for a delivery to end as it does."""

    #: The connection is reset before the platform keeps anything; the look finds nothing.
    RESET = "reset"
    #: The platform keeps the post, then hangs; its timeline lags, so the look is not over.
    HANG_AFTER_COMMIT = "hang_after_commit"
    #: The same text already stands on the account, posted there by hand: the platform refuses.
    DUPLICATE = "duplicate"
    #: The clock stood still until the late limit had passed.
    CLOCK_STOPPED = "clock_stopped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one delivery: one variant on one platform."""

    platform: PlatformName
    language: VariantLanguage
    state: DeliveryState
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """What happens to one submission of a notice.

    Persons are keys of the cast. `recorded_by` is set where the cell wrote it down at its desk
    for `handed_in_by`. `reason` (Marathi) goes with the last return, decline, rejection or
    withdrawal; `decided_by` gave it or approved. `returned` tells that the post came back for
    changes first. `joined_into` is the key of the notice whose post takes it in, by its owner's
    clerk; `half_approved` tells that of such a post only the owning department has approved.
    `slips` are left in a draft that is not sent. `blocked` posts wait in review with nobody who
    could approve. `merged_into` is the key of the notice whose first submission it duplicates.
    `asked` came back from its department once, with the answer `answer` to the question
    `reason`. A course without `drafted_by` has no post.
    """

    notice: str
    submission: SubmissionState
    handed_in_by: str
    recorded_by: str | None = None
    drafted_by: str | None = None
    post: PostState | None = None
    decided_by: str | None = None
    reason: str | None = None
    returned: bool = False
    blocked: bool = False
    merged_into: str | None = None
    joined_into: str | None = None
    half_approved: bool = False
    slips: bool = False
    asked: bool = False
    answer: str | None = None
    deliveries: tuple[Outcome, ...] = ()


def _published(*variants: tuple[PlatformName, VariantLanguage]) -> tuple[Outcome, ...]:
    return tuple(Outcome(*variant, DeliveryState.PUBLISHED) for variant in variants)


def _all_four(state: DeliveryState) -> tuple[Outcome, ...]:
    return tuple(Outcome(*variant, state) for variant in _EVERYWHERE)


_EVERYWHERE: Final[tuple[tuple[PlatformName, VariantLanguage], ...]] = (
    ("x", "mr"),
    ("x", "en"),
    ("facebook", "mr"),
    ("facebook", "en"),
)
_SWATI: Final = "swati-ranpise"
_IMRAN: Final = "imran-tamboli"
_LEAD: Final = "prasad-kenjale"

#: In the order in which they were handed in, as far as one leans on another.
COURSES: Final[tuple[Course, ...]] = (
    Course(
        notice="circular",
        submission=SubmissionState.DRAFTED,
        handed_in_by="meenal-gole",
        drafted_by=_IMRAN,
        post=PostState.APPROVED,
        decided_by="ashok-walimbe",
        deliveries=_published(*_EVERYWHERE),
    ),
    Course(
        notice="tree-census",
        submission=SubmissionState.DRAFTED,
        handed_in_by="ujjwala-chavanke",
        drafted_by=_SWATI,
        post=PostState.APPROVED,
        decided_by="ujjwala-chavanke",
        deliveries=_published(("x", "mr"), ("facebook", "mr")),
    ),
    Course(
        notice="school-admission",
        submission=SubmissionState.DRAFTED,
        handed_in_by="smita-gangawane",
        drafted_by=_IMRAN,
        post=PostState.APPROVED,
        decided_by="rafiq-attar",
        deliveries=_published(("x", "mr"), ("facebook", "mr"), ("facebook", "en")),
    ),
    Course(
        notice="dengue-drive",
        submission=SubmissionState.DRAFTED,
        handed_in_by="tejas-ubale",
        drafted_by=_SWATI,
        post=PostState.APPROVED,
        decided_by="bhaskar-shirole",
        deliveries=_published(*_EVERYWHERE),
    ),
    Course(
        notice="tax-rebate",
        submission=SubmissionState.DRAFTED,
        handed_in_by="ganesh-nakhate",
        drafted_by=_IMRAN,
        post=PostState.APPROVED,
        decided_by="vaishali-mhaske",
        deliveries=_published(*_EVERYWHERE),
    ),
    Course(
        notice="road-closed",
        submission=SubmissionState.DRAFTED,
        handed_in_by="samir-borhade",
        drafted_by=_IMRAN,
        post=PostState.APPROVED,
        decided_by="shailaja-kudale",
        returned=True,
        reason="पर्यायी मार्ग दोन्ही दिशांसाठी लागू असल्याचे स्पष्ट करावे.",
        deliveries=_published(*_EVERYWHERE),
    ),
    Course(
        notice="staff-ceremony",
        submission=SubmissionState.DECLINED,
        handed_in_by="datta-kondhare",
        decided_by=_SWATI,
        reason="ही कर्मचाऱ्यांसाठीची अंतर्गत माहिती आहे; नागरिकांसाठी प्रसिद्ध करण्याजोगी नाही.",
    ),
    Course(
        notice="student-aid",
        submission=SubmissionState.DRAFTED,
        handed_in_by="azhar-sayyad",
        drafted_by=_SWATI,
        post=PostState.REJECTED,
        decided_by="kavita-landge",
        reason="अर्थसाहाय्याच्या रकमेत बदल प्रस्तावित आहे. सुधारित आदेशानंतर नव्याने मसुदा करावा.",
    ),
    Course(
        notice="ward-hours",
        submission=SubmissionState.DRAFTED,
        handed_in_by="bhagyashree-pathare",
        recorded_by=_IMRAN,
        drafted_by=_IMRAN,
        post=PostState.WITHDRAWN,
        decided_by="bhagyashree-pathare",
        reason="संगणक प्रणालीच्या देखभालीमुळे त्या दिवशी केंद्र सुरू ठेवता येणार नाही.",
        deliveries=_all_four(DeliveryState.CANCELLED),
    ),
    Course(
        notice="drain-cleaning",
        submission=SubmissionState.DRAFTED,
        handed_in_by="sachin-kolte",
        drafted_by=_IMRAN,
        post=PostState.APPROVED,
        decided_by="sunil-pote",
        deliveries=_all_four(DeliveryState.SCHEDULED),
    ),
    Course(
        notice="exhibition",
        submission=SubmissionState.DRAFTED,
        handed_in_by="rekha-hagawane",
        drafted_by=_SWATI,
        post=PostState.APPROVED,
        decided_by="rekha-hagawane",
    ),
    Course(
        notice="exhibition",
        submission=SubmissionState.WITHDRAWN,
        handed_in_by="rekha-hagawane",
        decided_by="rekha-hagawane",
        reason="हाच प्रस्ताव नजरचुकीने दोनदा सादर झाला.",
    ),
    Course(
        notice="street-lights",
        submission=SubmissionState.DRAFTED,
        handed_in_by="santosh-mandhare",
        drafted_by=_SWATI,
        post=PostState.APPROVED,
        decided_by="santosh-mandhare",
        deliveries=(
            Outcome("x", "mr", DeliveryState.MISSED, Trouble.CLOCK_STOPPED),
            Outcome("facebook", "mr", DeliveryState.MISSED, Trouble.CLOCK_STOPPED),
        ),
    ),
    Course(
        notice="zoo-holiday",
        submission=SubmissionState.DRAFTED,
        handed_in_by="neeta-bodke",
        drafted_by=_IMRAN,
        post=PostState.APPROVED,
        decided_by="neeta-bodke",
        deliveries=(
            Outcome("x", "mr", DeliveryState.PUBLISHED),
            Outcome("x", "en", DeliveryState.FAILED, Trouble.DUPLICATE),
        ),
    ),
    Course(
        notice="market-auction",
        submission=SubmissionState.DRAFTED,
        handed_in_by="alka-dhaygude",
        drafted_by=_SWATI,
        post=PostState.APPROVED,
        decided_by="hemant-walunj",
        deliveries=(
            Outcome("facebook", "mr", DeliveryState.PUBLISHED),
            Outcome("x", "mr", DeliveryState.HELD, Trouble.RESET),
        ),
    ),
    Course(
        notice="e-waste",
        submission=SubmissionState.DRAFTED,
        handed_in_by="mangesh-shelar",
        drafted_by=_IMRAN,
        post=PostState.IN_REVIEW,
        blocked=True,
    ),
    Course(
        notice="fire-training",
        submission=SubmissionState.RETURNED,
        handed_in_by="deepak-jedhe",
        decided_by=_LEAD,
        reason="प्रशिक्षणाचे ठिकाण नमूद केलेले नाही. ते कळवून प्रस्ताव पुन्हा सादर करावा.",
    ),
    Course(
        notice="water-cut",
        submission=SubmissionState.DRAFTED,
        handed_in_by="kiran-wabale",
        drafted_by=_SWATI,
        post=PostState.IN_REVIEW,
        returned=True,
        decided_by="medha-satpute",
        reason="टँकरसाठीचा दूरध्वनी क्रमांक जोडावा.",
    ),
    Course(
        notice="water-cut",
        submission=SubmissionState.MERGED,
        handed_in_by="nitin-gholap",
        decided_by=_IMRAN,
        merged_into="water-cut",
        reason="हाच पाणीपुरवठा बंद आधीच्या प्रस्तावात आला आहे.",
    ),
    Course(
        notice="bp-camp",
        submission=SubmissionState.DRAFTED,
        handed_in_by="tejas-ubale",
        drafted_by=_SWATI,
        post=PostState.DRAFT,
        returned=True,
        decided_by="bhaskar-shirole",
        reason="औषधे मोफत मिळतील हेही लिहावे. पत्त्यांऐवजी दूरध्वनी क्रमांक पुरेसा आहे.",
    ),
    Course(
        notice="control-room",
        submission=SubmissionState.DRAFTED,
        handed_in_by="nanda-kunjir",
        drafted_by=_SWATI,
        post=PostState.APPROVED,
        decided_by="yogesh-pisal",
        deliveries=(
            Outcome("x", "mr", DeliveryState.UNCONFIRMED, Trouble.HANG_AFTER_COMMIT),
            Outcome("facebook", "mr", DeliveryState.PUBLISHED),
        ),
    ),
    Course(
        notice="lights-off",
        submission=SubmissionState.DRAFTED,
        handed_in_by="santosh-mandhare",
        drafted_by=_IMRAN,
        post=PostState.IN_REVIEW,
        joined_into="tree-pruning",
    ),
    Course(
        notice="tree-pruning",
        submission=SubmissionState.DRAFTED,
        handed_in_by="ujjwala-chavanke",
        drafted_by=_IMRAN,
        post=PostState.IN_REVIEW,
        decided_by="ujjwala-chavanke",
        half_approved=True,
    ),
    Course(
        notice="sports-meet",
        submission=SubmissionState.DRAFTED,
        handed_in_by="smita-gangawane",
        drafted_by=_SWATI,
        post=PostState.DRAFT,
        slips=True,
    ),
    Course(
        notice="garden-hours",
        submission=SubmissionState.RECEIVED,
        handed_in_by="pandurang-takale",
        decided_by=_SWATI,
        asked=True,
        reason="पाऊस आल्यास उद्याने खुली राहतील का?",
        answer="होय, पाऊस असतानाही उद्याने ठरलेल्या वेळेत खुली राहतील.",
    ),
)


def all_notices() -> tuple[Notice, ...]:
    """The circular first, then every other notice, days not yet filled in."""
    return (circular.notice(), *notices.load())
