"""Tasks about people for the signed-in person: appointments, lost phones, duties, mails."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, Role, scope_of
from publisher.i18n import dates
from publisher.i18n.languages import number
from publisher.nominations.calls import find_unanswered_call
from publisher.nominations.progress import newest_open
from publisher.people import lost_factor, roster
from publisher.reports.tab_counts import Counts
from web.core.context import ctx
from web.core.i18n import _, _n, page_language
from web.messages.names import person_name


@dataclass(frozen=True)
class PeopleTask:
    """A line of Today with the page where it is done, and the number of things it includes."""

    text: str
    href: str
    count: int = 1


def people_tasks(session: Session, actor: Actor, counts: Counts) -> list[PeopleTask]:
    """Return the lines of Today about people, and for an admin that of the decision board.

    `counts` are those of the actor's tabs.
    """
    return [
        *_appointments(session, actor, counts.to_confirm),
        *_addresses(counts.addresses),
        *_duties(session, actor),
        *_mails(counts.mails),
        *_calls(session, actor),
        *_decisions(actor, counts),
    ]


def _appointments(session: Session, actor: Actor, count: int) -> list[PeopleTask]:
    if scope_of(actor, Action.CONFIRM_APPOINTMENT) is None:
        return []
    now = ctx.now()
    tasks = [
        PeopleTask(
            _("Lost phone of %(name)s: a second person is needed", name=person_name(person)),
            url_for("lost_factor.end", person_id=person.id),
        )
        for person in lost_factor.list_waiting_people(session, actor=actor, now=now)
    ]
    if count:
        text = _n(
            "%(num)s appointment waits for your confirmation",
            "%(num)s appointments wait for your confirmation",
            count,
        )
        tasks.append(PeopleTask(text, url_for("confirmation.index"), count))
    return tasks


def _addresses(count: int) -> list[PeopleTask]:
    text = _n(
        "%(num)s shared address waits for your confirmation",
        "%(num)s shared addresses wait for your confirmation",
        count,
    )
    return [PeopleTask(text, url_for("confirmation.index"), count)] if count else []


def _calls(session: Session, actor: Actor) -> list[PeopleTask]:
    """Return how far the newest call has come, until every department has named its officers.

    For a head it is the call to their own department.
    """
    if actor.role is Role.HEAD and actor.department_id is not None:
        own = find_unanswered_call(session, actor.department_id)
        if own is None:
            return []
        last_day = dates.plain_day(own.nominate_by, page_language(), now=ctx.now())
        text = _("Name two officers of your department, by %(day)s", day=last_day)
        page = url_for("confirmation.index", _anchor="name-officers")
        return [PeopleTask(text, page, count=0)]
    call = newest_open(session) if scope_of(actor, Action.OPEN_CALL) is not None else None
    if call is None or call.answered == call.addressees:
        return []
    text = _(
        "%(answered)s of %(total)s departments have named",
        answered=number(call.answered, page_language()),
        total=number(call.addressees, page_language()),
    )
    # It only informs, and asks nothing of its reader.
    return [PeopleTask(text, url_for("calls.show", call_id=call.call.id, view="open"), count=0)]


def _duties(session: Session, actor: Actor) -> list[PeopleTask]:
    if scope_of(actor, Action.KEEP_ROSTER) is None:
        return []
    count = len(roster.duties_to_approve(session, actor, now=ctx.now()))
    text = _n(
        "%(num)s duty waits for your approval", "%(num)s duties wait for your approval", count
    )
    return [PeopleTask(text, url_for("roster.index"), count)] if count else []


def _mails(count: int) -> list[PeopleTask]:
    text = _n(
        "%(num)s email waits for someone of the Cell",
        "%(num)s emails wait for someone of the Cell",
        count,
    )
    return [PeopleTask(text, url_for("mailbox.index"), count)] if count else []


def _decisions(actor: Actor, counts: Counts) -> list[PeopleTask]:
    # For everybody else these are among the tasks of Today.
    count = counts.decisions if actor.role is Role.ADMIN else 0
    text = _n("%(num)s post waits for a decision", "%(num)s posts wait for a decision", count)
    return [PeopleTask(text, url_for("deliveries.board"), count)] if count else []
