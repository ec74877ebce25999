"""Rules for officers' appointments."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from approvals.policy import Role
from publisher.people import appointments
from publisher.people.permissions import COMMAND
from tests.delivery.machine.city_machine import CityMachine


class AppointmentRules(CityMachine):
    """Rules for the officers of the water department."""

    @precondition(lambda self: self.officers)
    @rule(is_shut_out=st.booleans(), has_follower=st.booleans())
    def end_appointment(self, is_shut_out: bool, has_follower: bool) -> None:
        """The approving officer's appointment ends; perhaps another officer is appointed."""
        name = self.officers.pop(0)
        if is_shut_out:
            self.town.disable(name)
        self.town.end(name)
        self.counts["shut_out" if is_shut_out else "office_ends"] += 1
        if has_follower:
            self.appoint_officer()

    @precondition(lambda self: len(self.officers) < 2)
    @rule()
    def appoint_officer(self) -> None:
        """The department gets another officer."""
        self.number += 1
        name = f"officer-{self.number}"
        with self.town.write() as session:
            appointment_id = appointments.record_person(
                session,
                actor=COMMAND,
                now=self.now,
                name_mr=f"समन्वयक {self.number}",
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
        self.counts["somebody_is_named"] += 1
