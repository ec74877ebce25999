"""All cities of up to five staff and two departments: no one hand both writes and confirms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from approvals.appointments import PendingAppointment, bound_ids, may_confirm
from approvals.policy import Actor, ActorKind, Role

MOST_STAFF = 5
OFFICE, OWN, ABOVE = 1, 2, 3
HEADS = {OWN: 20, ABOVE: 30}
NEWCOMER = 99


@dataclass(frozen=True)
class City:
    """Admins and leads in the order in which they came; the first one came by command.

    `writers` are those who wrote in the appointment of each: nobody where a command has said that
    they hold it.
    """

    roles: Sequence[Role]
    writers: Sequence[frozenset[int]]

    @property
    def makers(self) -> Mapping[int, frozenset[int]]:
        return {person: wrote for person, wrote in enumerate(self.writers) if wrote}

    def controlled_by(self, maker: int) -> set[int]:
        """Return who may all be mailboxes of this one, from the first to the last that came."""
        controlled = {maker}
        for person, wrote in enumerate(self.writers):
            if wrote & controlled:
                controlled.add(person)
        return controlled

    def is_of_one_hand(self, persons: set[int]) -> bool:
        """Return True if one of the staff may stand behind all of these."""
        return any(persons <= self.controlled_by(maker) for maker in range(len(self.roles)))


def actor(person: int, role: Role, department: int = OFFICE) -> Actor:
    return Actor(ActorKind.PERSON, person, person, role, department)


def row(role: Role, wrote: frozenset[int], *, is_left: bool = False) -> PendingAppointment:
    return PendingAppointment(NEWCOMER, role, OWN, ABOVE, wrote, is_left)


def subsets(count: int) -> Iterator[frozenset[int]]:
    for picks in product((False, True), repeat=count):
        yield frozenset(person for person, is_picked in enumerate(picks) if is_picked)


def cities(size: int) -> Iterator[City]:
    """Yield every city of this size that the rules let come about, each newcomer in turn."""
    if size == 1:
        yield City((Role.ADMIN,), (frozenset(),))
        return
    for city in cities(size - 1):
        for role, wrote in product((Role.ADMIN, Role.CELL_LEAD), subsets(size - 1)):
            if not wrote or confirmers(city, row(role, wrote)):
                yield City((*city.roles, role), (*city.writers, wrote))


def confirmers(city: City, waiting: PendingAppointment) -> set[int]:
    """Return who of the staff may confirm this row."""
    makers = city.makers
    return {
        person
        for person, role in enumerate(city.roles)
        if may_confirm(actor(person, role), waiting, bound_ids=bound_ids(person, makers))
    }


def test_no_officer_or_head_is_in_force_on_the_word_of_one_hand() -> None:
    count = 0
    for size in range(1, MOST_STAFF + 1):
        for city in cities(size):
            pairs = {
                (writer, other)
                for writer, other in product(range(size), repeat=2)
                if city.is_of_one_hand({writer, other})
            }
            for wrote in subsets(size):
                able = confirmers(city, row(Role.OFFICER, wrote))
                # No writer and confirmer are of one hand, and whoever is of another hand may.
                expected = {
                    person
                    for person in range(size)
                    if not any((writer, person) in pairs for writer in wrote)
                }
                assert able == expected, (city, wrote)
                count += 1
    assert count > 10_000


def test_a_head_is_bound_by_the_own_writing_alone() -> None:
    for role, wrote in product((Role.OFFICER, Role.HEAD), subsets(2)):
        for own_writing in (False, True):
            written = wrote | ({HEADS[OWN], HEADS[ABOVE]} if own_writing else set())
            for department, head in HEADS.items():
                is_theirs = role is Role.OFFICER or department == ABOVE
                by = actor(head, Role.HEAD, department)
                able = may_confirm(by, row(role, written, is_left=True), bound_ids=())
                assert able is (is_theirs and not own_writing)
