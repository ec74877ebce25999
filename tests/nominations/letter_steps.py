"""Steps of the tests of letters on paper: the office above is set, a letter is printed and used."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from publisher.models.nominations import NominationLetter
from publisher.models.people import Department
from publisher.nominations import office_letters
from publisher.nominations.named_officers import OfficersNamed
from publisher.nominations.office_letters import LetterDraft, LetterProblem
from publisher.people.personal_links import LinkCodeProblem
from tests.nominations.steps import NAMED, Calls


@dataclass
class Letters:
    """The steps of a letter about the garden department in the city of a call."""

    calls: Calls

    def set_office_above(self, office: str | None) -> None:
        """Let the garden department report to this office, or to none."""
        city = self.calls.city
        with city.write() as session:
            garden = session.get_one(Department, city.departments["garden"])
            garden.reports_to_id = city.departments[office] if office is not None else None

    def draft(self, by: str = "lead", *, sends_codes: bool = True) -> LetterDraft:
        """Let somebody of the staff prepare the letter."""
        city = self.calls.city
        with city.write() as session:
            letter = office_letters.draft(
                session,
                actor=city.actor(by),
                now=city.now,
                addressee_id=self.calls.addressee().id,
                sends_codes=sends_codes,
            )
            assert letter.offices.department.name_mr
            return letter

    def store(self, letter: LetterDraft, by: str = "lead") -> None:
        """Let the letter count."""
        city = self.calls.city
        with city.write() as session:
            office_letters.store(session, actor=city.actor(by), now=city.now, letter=letter)

    def printed(self, by: str = "lead") -> LetterDraft:
        """Print the letter; return its secrets, which the paper alone has."""
        letter = self.draft(by)
        self.store(letter, by)
        return letter

    def problem(self, letter: LetterDraft) -> LetterProblem | None:
        """Return why the letter cannot be used any more."""
        city = self.calls.city
        with city.write() as session:
            return office_letters.problem_of(session, self.row(session, letter), now=city.now)

    def row(self, session: Session, letter: LetterDraft) -> NominationLetter:
        """Return the stored letter that has this token."""
        row = office_letters.find(session, letter.token)
        assert row is not None
        return row

    def type_code(self, letter: LetterDraft, code: str) -> LinkCodeProblem | None:
        """Type a code on the letter's page."""
        city = self.calls.city
        with city.write() as session:
            row = self.row(session, letter)
            return office_letters.check_code(
                session, letter=row, token=letter.token, code=code, now=city.now
            )

    def name(self, letter: LetterDraft, named: OfficersNamed = NAMED) -> tuple[int, int]:
        """Name two officers by the letter; return the ids of their appointments."""
        city = self.calls.city
        with city.write() as session:
            row = self.row(session, letter)
            nomination = office_letters.name_officers(
                session, letter=row, named=named, now=city.now
            )
            assert nomination.was_proven is False
            return nomination.first_id, nomination.second_id
