"""How somebody is told: which way each group of notices goes, as its reader chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.models.notifications import Channel
from publisher.models.people import NoticeGroup, Person, Preference, Telling

#: What each group is about. A kind in none of them goes by mail, whatever was chosen.
GROUPS: Final[Mapping[NoticeGroup, frozenset[str]]] = {
    NoticeGroup.APPROVALS: frozenset(
        {
            *("acknowledgement", "submission_declined", "submission_returned"),
            *("review_asked", "review_blocked", "approved", "returned", "rejected"),
            *("approval_withdrawn", "submission_withdrawn", "original_ended"),
        }
    ),
    NoticeGroup.COMMENTS: frozenset({"comment_routed", "answer_waits"}),
    NoticeGroup.DEADLINES: frozenset(
        {
            *(
                "delivery_failed",
                "delivery_missed",
                "delivery_held",
                "account_paused",
                "access_ends",
            ),
            *("stopped", "released", "frozen", "freeze_lifted"),
        }
    ),
}


@dataclass(frozen=True)
class NoticeRoute:
    """Where a notice goes, and whether the same goes by mail as well."""

    channel: Channel
    address: str
    mail_too: bool = False


def group_of(kind: str) -> NoticeGroup | None:
    """The group that a kind of notice belongs to, if any."""
    return next((group for group, kinds in GROUPS.items() if kind in kinds), None)


def ways_to(session: Session, person: Person, kind: str) -> list[NoticeRoute]:
    """The ways on which this person is told of this kind; none where nothing reaches them."""
    telling = _chosen(session, person, kind)
    by_sms = person.mobile is not None and telling is not Telling.MAIL
    by_mail = person.mail is not None and (not by_sms or telling is Telling.BOTH)
    found = [NoticeRoute(Channel.MAIL, person.mail or "")] if by_mail else []
    if by_sms:
        found.append(NoticeRoute(Channel.SMS, person.mobile or "", mail_too=by_mail))
    return found


def _chosen(session: Session, person: Person, kind: str) -> Telling:
    group = group_of(kind)
    if group is None or person.id is None:
        return Telling.MAIL
    chosen = session.get(Preference, (person.id, group))
    return chosen.telling if chosen is not None else Telling.MAIL


def preferences_of(session: Session, *, person_id: int) -> dict[NoticeGroup, Telling]:
    """How a person is told of each group; by mail where nothing was chosen."""
    query = select(Preference).where(Preference.person_id == person_id)
    chosen = {one.about: one.telling for one in session.scalars(query)}
    return {group: chosen.get(group, Telling.MAIL) for group in NoticeGroup}


def choose(
    session: Session,
    *,
    actor: Actor,
    person: Person,
    wanted: Mapping[NoticeGroup, Telling],
    now: datetime,
) -> None:
    """Keep how a person wants to be told; an Event where anything changes."""
    before = preferences_of(session, person_id=person.id)
    changed = {group: telling for group, telling in wanted.items() if before[group] is not telling}
    for group, telling in changed.items():
        session.merge(Preference(person_id=person.id, about=group, telling=telling))
    if changed:
        values = {group.value: telling.value for group, telling in changed.items()}
        transitions.record(session, person, "choose_telling", actor=actor, now=now, values=values)
