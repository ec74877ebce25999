"""Notification preferences: the channel of each group of notices, as its reader chose."""

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

#: What each group is about. A kind without a group is sent by mail, whatever was chosen.
GROUPS: Final[Mapping[NoticeGroup, frozenset[str]]] = {
    NoticeGroup.APPROVALS: frozenset(
        {
            *("acknowledgement", "submission_declined", "submission_returned"),
            *("review_asked", "review_reminder", "review_blocked"),
            *("approved", "returned", "rejected"),
            *("approval_withdrawn", "approvals_lapsed"),
            *("submission_withdrawn", "original_ended"),
        }
    ),
    NoticeGroup.COMMENTS: frozenset({"comment_routed", "comments_wait", "answer_waits"}),
    NoticeGroup.DEADLINES: frozenset(
        {
            *("delivery_failed", "delivery_missed", "delivery_held"),
            *("account_paused", "access_ends", "comments_unread", "comments_read_again"),
            "credits_used_up",
            *("stopped", "released", "frozen", "freeze_lifted", "wrong_time"),
        }
    ),
}


BY_BOTH: Final = frozenset({"name_officers"})
"""The kinds that are sent by mail and by SMS, whatever was chosen."""


@dataclass(frozen=True)
class NoticeRoute:
    """The channel and address of a notice, and whether it is sent by mail as well."""

    channel: Channel
    address: str
    mail_too: bool = False


def kind_group(kind: str) -> NoticeGroup | None:
    """Return the group of a kind of notice; None if it has no group."""
    return next((group for group, kinds in GROUPS.items() if kind in kinds), None)


def choose_routes(session: Session, person: Person, kind: str) -> list[NoticeRoute]:
    """Return the routes of this kind of notice to this person; empty if there is no address."""
    preference = _preference(session, person, kind)
    by_sms = person.mobile is not None and (person.mail is None or preference is not Telling.MAIL)
    by_mail = person.mail is not None and (not by_sms or preference is Telling.BOTH)
    routes = [NoticeRoute(Channel.MAIL, person.mail or "")] if by_mail else []
    if by_sms:
        routes.append(NoticeRoute(Channel.SMS, person.mobile or "", mail_too=by_mail))
    return routes


def _preference(session: Session, person: Person, kind: str) -> Telling:
    if kind in BY_BOTH:
        return Telling.BOTH
    group = kind_group(kind)
    if group is None or person.id is None:
        return Telling.MAIL
    chosen = session.get(Preference, (person.id, group))
    return chosen.telling if chosen is not None else Telling.MAIL


def read_preferences(session: Session, *, person_id: int) -> dict[NoticeGroup, Telling]:
    """Return a person's preference for each group; mail is the default."""
    query = select(Preference).where(Preference.person_id == person_id)
    chosen = {preference.about: preference.telling for preference in session.scalars(query)}
    return {group: chosen.get(group, Telling.MAIL) for group in NoticeGroup}


def choose(
    session: Session,
    *,
    actor: Actor,
    person: Person,
    preferences: Mapping[NoticeGroup, Telling],
    now: datetime,
) -> None:
    """Store a person's preferences, with an Event if anything changes."""
    before = read_preferences(session, person_id=person.id)
    changed = {
        group: telling for group, telling in preferences.items() if before[group] is not telling
    }
    for group, telling in changed.items():
        session.merge(Preference(person_id=person.id, about=group, telling=telling))
    if changed:
        values = {group.value: telling.value for group, telling in changed.items()}
        transitions.record(session, person, "choose_telling", actor=actor, now=now, values=values)
