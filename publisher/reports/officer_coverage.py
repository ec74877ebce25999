"""The officers and heads of departments, and where nobody can approve, read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from approvals import approvers
from approvals.approvers import Approvers, Candidate
from approvals.policy import Role
from publisher.models.approvals import Absence
from publisher.models.people import Appointment, Department, Person
from publisher.models.posts import Post, Revision, RevisionDepartment
from publisher.people import absences
from publisher.reports import sql_conditions
from publisher.reports.post_bundles import PostBundle
from publisher.reports.types import Office, Who, office_of, who_of
from publisher.working_time import local_day

_WITHOUT_RANK = 9


@dataclass
class Staff:
    """The officers of a department in order of rank, and its head."""

    officers: list[Appointment] = field(default_factory=list)
    head: Appointment | None = None
    absences: dict[int, list[Absence]] = field(default_factory=dict)

    def approvers(self, authors: Collection[int], *, is_overdue: bool = False) -> Approvers:
        """Return the candidates who can approve a text by these authors."""
        heads = [self.head] if self.head else []
        return approvers.approvers(
            absences.candidates(self.officers, self.absences, authors),
            next(iter(absences.candidates(heads, self.absences, authors)), None),
            authors,
            is_overdue=is_overdue,
        )

    def named(self, candidates: Collection[Candidate]) -> tuple[Who, ...]:
        """Return the candidates with their names."""
        appointments = [*self.officers, *([self.head] if self.head else [])]
        appointment_ids = {candidate.appointment_id for candidate in candidates}
        return tuple(
            who_of(appointment) for appointment in appointments if appointment.id in appointment_ids
        )


@dataclass(frozen=True)
class Roster:
    """The staff of departments at `now`; a missing department has nobody."""

    now: datetime
    staff: Mapping[int, Staff]

    def of(self, department_id: int) -> Staff:
        """Return the staff of a department."""
        return self.staff.get(department_id, Staff())


def asked_by(bundles: Iterable[PostBundle]) -> set[int]:
    """Return the departments that own these posts or that their revisions list."""
    department_ids: set[int] = set()
    for bundle in bundles:
        rows = bundle.revision.departments if bundle.revision is not None else ()
        department_ids |= {bundle.post.department_id, *(row.department_id for row in rows)}
    return department_ids


def roster_of(session: Session, departments: Collection[int], *, now: datetime) -> Roster:
    """Return the officers and heads in office at `now`, and who of them is away, in one query."""
    is_away = absences.is_away_on(local_day(now))
    query = (
        select(Appointment, Absence)
        .join(Person, sql_conditions.in_office(Appointment, Person, now=now))
        .outerjoin(Absence, is_away & (Absence.person_id == Person.id))
        .where(
            Appointment.department_id.in_(departments),
            Appointment.role.in_((Role.OFFICER, Role.HEAD)),
        )
        .options(
            joinedload(Appointment.department),
            # On whom each appointment rests, and so whom its holder may not approve for.
            joinedload(Appointment.person).joinedload(Person.contact_changes),
            joinedload(Appointment.recorders),
            joinedload(Appointment.confirmed_under).joinedload(Appointment.recorders),
        )
    )
    staff: defaultdict[int, Staff] = defaultdict(Staff)
    rows = session.execute(query).unique().all()
    for appointment in sorted({row[0]: None for row in rows}, key=_rank_order):
        department_staff = staff[appointment.department_id]
        if appointment.role is Role.OFFICER:
            department_staff.officers.append(appointment)
        elif department_staff.head is None:
            department_staff.head = appointment
    for appointment, absence in rows:
        if absence is not None:
            staff[appointment.department_id].absences.setdefault(absence.person_id, []).append(
                absence
            )
    return Roster(now, staff)


def _rank_order(appointment: Appointment) -> tuple[int, int]:
    return appointment.rank or _WITHOUT_RANK, appointment.id


def lacking_in(
    session: Session, posts: Collection[int], *, now: datetime
) -> defaultdict[int, list[Office]]:
    """Returns, by post id, the asked departments where nobody can approve.

    `posts` are the ids of posts in review.
    """
    departments_by_post: defaultdict[int, list[Office]] = defaultdict(list)
    for post_id, department in session.execute(_lacking(posts, now=now)):
        departments_by_post[post_id].append(office_of(department))
    return departments_by_post


def _lacking(posts: Collection[int], *, now: datetime) -> Select[int, Department]:
    department_id = sql_conditions.asked_department()
    return (
        select(Post.id, Department)
        .join(Revision, sql_conditions.newest())
        .outerjoin(RevisionDepartment, sql_conditions.is_asked())
        .join(Department, Department.id == department_id)
        .where(
            Post.id.in_(posts),
            ~sql_conditions.has_decided(now=now),
            ~sql_conditions.officer_serves(department_id, now=now, unbound=True),
            ~sql_conditions.other_head_serves(department_id, now=now),
        )
        .order_by(Post.id, Department.id)
    )
