"""Who holds an office: it ends, somebody is shut out, somebody else comes."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from approvals.policy import Role
from publisher.people import appointments
from publisher.people.permissions import COMMAND
from tests.delivery.machine.scene import Scene


class InOffice(Scene):
    """The officers of the water department."""

    @precondition(lambda self: self.officers)
    @rule(is_shut_out=st.booleans(), has_follower=st.booleans())
    def an_office_ends(self, is_shut_out: bool, has_follower: bool) -> None:
        """The officer who approves is gone from now on, and what rested on them rests no more."""
        name = self.officers.pop(0)
        if is_shut_out:
            self.town.disable(name)
        self.town.end(name)
        self.came["shut_out" if is_shut_out else "office_ends"] += 1
        if has_follower:
            self.somebody_is_named()

    @precondition(lambda self: len(self.officers) < 2)
    @rule()
    def somebody_is_named(self) -> None:
        """The department has an officer more."""
        self.told += 1
        name = f"officer-{self.told}"
        with self.town.write() as session:
            appointment_id = appointments.record_person(
                session,
                actor=COMMAND,
                now=self.now,
                name_mr=f"समन्वयक {self.told}",
                role=Role.OFFICER,
                department_id=self.town.departments["water"],
                mail=f"{name}@pmc.example",
            )
            session.flush()
            self.town.appointments[name], self.town.people[name] = (
                appointment_id.id,
                appointment_id.person_id,
            )
        self.town.roles[name] = (Role.OFFICER, "water")
        self.officers.append(name)
        self.came["somebody_is_named"] += 1
