"""Steps of a post, each within the caller's session, in the city of the tests.

They call the product's use cases; a test that writes in one session keeps nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.drafting import revisions
from publisher.drafting import save as drafting_save
from publisher.drafting.drafts import Draft, PreparedDraft, PreparedVariant
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.posts import Language, Post, PostKind, Revision, Variant
from publisher.models.submissions import Submission, SubmissionKind
from publisher.review import decide
from publisher.scheduling import schedule as scheduling_schedule
from publisher.states import DeliveryState
from tests.support.city_people import DAY, NOON, CityPeople


def handed_in(session: Session, department_id: int, by: Actor) -> Submission:
    """Return a submission that waits for the cell."""
    row = Submission(
        number=f"PMC/2026/{len(session.scalars(select(Submission.id)).all()) + 1:06d}",
        state_at=NOON,
        department_id=department_id,
        kind=SubmissionKind.PUBLIC_NOTICE,
        title="शनिवारी पाणीपुरवठा बंद",
        text_mr="शनिवारी शहराच्या पूर्व भागाचा पाणीपुरवठा बंद राहील.",
        handed_in_by_id=by.person_id or 0,
        received_at=NOON,
    )
    session.add(row)
    session.flush()
    return row


def started(
    session: Session, city: CityPeople, code: str = "water", *, by: Actor | None = None
) -> int:
    """Start a post of this department without a revision, and return its id."""
    submission = handed_in(session, city.departments[code], city.actor("clerk"))
    post = drafting_save.start(
        session, actor=by or city.actor("clerk"), now=NOON, submission_id=submission.id
    )
    session.flush()
    return post.id


def save(
    session: Session,
    city: CityPeople,
    post_id: int,
    *,
    by: Actor | None = None,
    seen_revision: int | None = None,
    asked_departments: Sequence[str] = (),
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    text: str = "शनिवारी पाणीपुरवठा बंद.",
    now: datetime = NOON,
) -> Revision:
    """Save the next revision, with a variant on each account."""
    post = session.get_one(Post, post_id)
    variants = tuple(
        PreparedVariant(account_id=account_id, language=Language.MARATHI, text=text)
        for account_id in (city.accounts["x"], city.accounts["facebook"])
    )
    draft = Draft(
        title="पाणीपुरवठा बंद",
        not_before=not_before,
        not_after=not_after,
        asked_ids=tuple(city.departments[code] for code in asked_departments),
    )
    return drafting_save.save(
        session,
        actor=by or city.actor("clerk"),
        now=now,
        post_id=post_id,
        seen_revision=post.newest if seen_revision is None else seen_revision,
        prepared=PreparedDraft(draft, variants, ()),
    )


def send(session: Session, city: CityPeople, post_id: int, *, now: datetime = NOON) -> None:
    """Send the newest revision for review."""
    newest = session.get_one(Post, post_id).newest
    decide.send_for_review(
        session, actor=city.actor("clerk"), now=now, post_id=post_id, seen_revision=newest
    )


def in_review(
    session: Session,
    city: CityPeople,
    code: str = "water",
    *,
    asked_departments: Sequence[str] = (),
) -> int:
    """Send a new post of this department for review, and return its id."""
    post_id = started(session, city, code)
    save(session, city, post_id, asked_departments=asked_departments)
    send(session, city, post_id)
    return post_id


def approve(
    session: Session,
    post_id: int,
    *,
    by: Actor,
    now: datetime = NOON,
    seen_revision: int | None = None,
) -> None:
    """Approve the newest revision."""
    newest = session.get_one(Post, post_id).newest if seen_revision is None else seen_revision
    decide.approve(session, actor=by, now=now, post_id=post_id, seen_revision=newest)


def approved(session: Session, city: CityPeople) -> int:
    """Let the first officer approve a new post of the water department; return its id."""
    post_id = in_review(session, city)
    approve(session, post_id, by=city.actor("first"))
    return post_id


def variants_of(session: Session, post_id: int) -> list[Variant]:
    """Return the variants of the newest revision."""
    return scheduling_schedule.newest_revision(session.get_one(Post, post_id)).variants


def schedule(
    session: Session,
    city: CityPeople,
    post_id: int,
    *,
    at: datetime = NOON + DAY,
    state: DeliveryState | None = None,
) -> list[Delivery]:
    """Schedule every variant; with `state`, each delivery is then set to it by force."""
    deliveries = [
        scheduling_schedule.schedule(
            session,
            actor=city.actor("clerk"),
            now=NOON,
            variant_id=variant.id,
            due_at=at,
            despite_clash=True,
        )
        for variant in variants_of(session, post_id)
    ]
    session.flush()
    for delivery in deliveries:
        delivery.state = state or delivery.state
    session.flush()
    return deliveries


def details(session: Session, post_id: int, verb: str) -> list[dict[str, object]]:
    """Return the details of the post's events of this verb, in order."""
    query = select(Event.details).where(
        Event.subject == "posts", Event.subject_id == post_id, Event.verb == verb
    )
    return list(session.scalars(query.order_by(Event.id)))


def notified(session: Session, kind: str) -> list[int | None]:
    """Return the ids of those who got a notice of this kind, in order."""
    query = select(Notice.person_id).where(Notice.kind == kind).order_by(Notice.id)
    return list(session.scalars(query))


def reply_post(session: Session, city: CityPeople, code: str, *, by: Actor) -> int:
    """Return the id of a reply of this department to a citizen, without the comment."""
    post = Post(
        kind=PostKind.REPLY,
        title="@nagarik",
        department_id=city.departments[code],
        created_at=NOON,
        state_at=NOON,
    )
    session.add(post)
    session.flush()
    revisions.write_revision(
        session,
        actor=by,
        now=NOON,
        post=post,
        variants=[
            PreparedVariant(
                city.accounts["x"], Language.MARATHI, "आपली तक्रार मिळाली.", target="900"
            )
        ],
    )
    return post.id
