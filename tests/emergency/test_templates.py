"""The cell writes templates, and the owning department approves a revision of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from approvals import placeholders
from approvals.errors import (
    FourEyesRequired,
    NotApproved,
    Overtaken,
    RestsOnWriter,
    StaleRevision,
    WrongRole,
    WrongState,
)
from approvals.policy import Role
from publisher.emergency import seed_templates, template_approval, template_editing, templates
from publisher.emergency.template_editing import BlankForm, TemplateForm
from publisher.models.emergency import EmergencyTemplate, TemplateRevision
from publisher.models.people import Appointment, Department
from publisher.people import confirmation
from publisher.people.appointment_return import put_back
from publisher.people.departments import load_register
from publisher.validation import Invalid
from tests.support import emergency_steps
from tests.support.city import City
from tests.support.city_people import appoint
from tests.support.passwords import set_password


def offered(town: City) -> list[str]:
    with town.read() as session:
        return [template.name_en for template in templates.usable_templates(session)]


def error_codes(town: City, **changes: object) -> list[tuple[str, str]]:
    form = replace(emergency_steps.FORM, department_id=town.departments["water"])
    with town.write() as session, pytest.raises(Invalid) as refused:
        template_editing.validate_template(session, replace(form, **changes), now=town.now)  # type: ignore[arg-type]  # fields by name
    return refused.value.codes


def test_it_is_offered_once_its_department_has_approved_it(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    assert town.notified("template_waits") == ["first", "second"]
    assert offered(town) == []
    emergency_steps.approve_template(town, template_id)
    assert offered(town) == ["Heavy rain"]


@pytest.mark.parametrize("name", ["clerk", "lead", "admin", "member", "head", "road_officer"])
def test_nobody_else_approves_it(town: City, name: str) -> None:
    template_id = emergency_steps.add_template(town)
    with pytest.raises(WrongRole):
        emergency_steps.approve_template(town, template_id, by=name)


def test_the_head_approves_where_no_officer_can(town: City) -> None:
    template_id = emergency_steps.add_template(town, "health")
    emergency_steps.approve_template(town, template_id, by="health_head")
    assert offered(town) == ["Heavy rain"]


def test_nobody_approves_what_they_wrote_under_whatever_appointment(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    with town.write() as session:
        session.execute(update(TemplateRevision).values(author_id=town.people["first"]))
    with pytest.raises(FourEyesRequired):
        emergency_steps.approve_template(town, template_id, by="first")
    emergency_steps.approve_template(town, template_id, by="second")


def test_nobody_approves_what_who_confirmed_them_wrote(town: City) -> None:
    with town.write() as session:
        garden = session.get_one(Department, town.departments["garden"])
        officer = appoint(session, garden, actor=town.actor("admin"))
        digests = {officer.id: confirmation.confirmation_digest(officer)}
        confirmation.confirm(session, actor=town.actor("lead"), now=town.now, digests=digests)
        set_password(session, officer.person, "dongar-mathyavar-dhag", now=town.now)
        town.appointments["third"], town.people["third"] = officer.id, officer.person_id
        town.roles["third"] = (Role.OFFICER, "garden")
    by_lead = emergency_steps.add_template(town, "garden", by="lead")
    with pytest.raises(RestsOnWriter):
        emergency_steps.approve_template(town, by_lead, by="third")
    assert offered(town) == []
    by_clerk = emergency_steps.add_template(town, "garden", by="clerk")
    emergency_steps.approve_template(town, by_clerk, by="third")
    assert offered(town) == ["Heavy rain"]


def test_only_the_revision_that_was_seen_is_approved_and_once(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    with pytest.raises(StaleRevision):
        emergency_steps.approve_template(town, template_id, seen_version=2)
    emergency_steps.approve_template(town, template_id)
    with pytest.raises(Overtaken):
        emergency_steps.approve_template(town, template_id, by="second")


def test_what_was_changed_behind_the_digest_is_not_approved(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    with town.write() as session:
        session.execute(update(TemplateRevision).values(text_en="Run."))
    with pytest.raises(NotApproved):
        emergency_steps.approve_template(town, template_id)


def test_saving_it_unchanged_keeps_its_approval(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    emergency_steps.approve_template(town, template_id)
    form = replace(emergency_steps.FORM, department_id=town.departments["water"])
    _change(town, template_id, form)
    assert offered(town) == ["Heavy rain"]
    _change(town, template_id, replace(form, name_en="Very heavy rain"))
    assert offered(town) == []


def _change(town: City, template_id: int, form: TemplateForm) -> None:
    with town.write() as session:
        newest = session.get_one(EmergencyTemplate, template_id).newest
        template_editing.change(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            template_id=template_id,
            seen_revision=newest,
            form=form,
        )


def test_a_returned_one_tells_its_author_and_waits_for_a_new_revision(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    with town.write() as session:
        template_approval.return_template(
            session,
            actor=town.actor("first"),
            now=town.now,
            template_id=template_id,
            seen_revision=1,
            reason="क्रमांक द्यावा.",
        )
    assert town.notified("template_returned") == ["clerk"]
    assert offered(town) == []


def test_an_approval_can_be_withdrawn_and_given_again(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    emergency_steps.approve_template(town, template_id)
    _withdraw(town, template_id)
    assert offered(town) == []
    with pytest.raises(WrongState):
        _withdraw(town, template_id)
    emergency_steps.approve_template(town, template_id, by="second")
    assert offered(town) == ["Heavy rain"]


def _withdraw(town: City, template_id: int) -> None:
    with town.write() as session:
        template_approval.withdraw(
            session,
            actor=town.actor("second"),
            now=town.now,
            template_id=template_id,
            seen_revision=1,
            reason="थांबा.",
        )


def test_it_outlasts_the_office_of_whoever_approved_it(town: City) -> None:
    """The approval is the department's, which can withdraw it at any time."""
    template_id = emergency_steps.add_template(town)
    emergency_steps.approve_template(town, template_id)
    town.end("first")
    assert offered(town) == ["Heavy rain"]


def test_it_waits_again_if_who_approved_it_has_to_be_confirmed_again(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    emergency_steps.approve_template(town, template_id)
    with town.write() as session:
        office = session.get_one(Appointment, town.appointments["first"])
        admin = town.actor("admin")
        verb = "doubt_appointment"
        put_back(session, [office], approvals=[], actor=admin, now=town.now, verb=verb)
    assert offered(town) == []
    emergency_steps.approve_template(town, template_id, by="second")
    assert offered(town) == ["Heavy rain"]


def test_only_the_cell_words_templates(town: City) -> None:
    for name in ("first", "member", "admin"):
        with pytest.raises(WrongRole):
            emergency_steps.add_template(town, by=name)


def test_every_blank_is_described_and_stands_in_both_texts(town: City) -> None:
    text = emergency_steps.FORM.text_en
    assert error_codes(town, text_en=text + " {where}") == [("text_en", "blank_unknown")]
    assert error_codes(town, text_en=text.replace("{place}", "Here")) == [
        ("text_en", "blank_unused")
    ]


def test_the_longest_text_has_to_fit_on_x(town: City) -> None:
    assert error_codes(town, text_mr=emergency_steps.FORM.text_mr + "अ" * 200) == [
        ("text_mr", "too_long_filled")
    ]


@pytest.mark.parametrize(
    ("blank", "problem"),
    [
        (BlankForm("b", "place", 0), ("blanks-0-most", "letters")),
        (BlankForm("b", "place", 81), ("blanks-0-most", "letters")),
        (BlankForm("b", "colour", 5), ("blanks-0-kind", "choose")),
        (BlankForm("{b", "time"), ("blanks-0-name", "braces")),
        (BlankForm("b", "choice", 0, "एक | one"), ("blanks-0-choices", "choice_pairs")),
        (BlankForm("b", "choice", 0, "एक\nदोन"), ("blanks-0-choices", "choice_pairs")),
    ],
)
def test_a_blank_is_bounded_by_kind_and_length(
    town: City, blank: BlankForm, problem: tuple[str, str]
) -> None:
    errors = error_codes(town, text_mr="{b}", text_en="{b}", blanks=(blank,))
    assert errors[0] == problem


def test_a_template_s_texts_are_read_as_a_starting_text_is(town: City) -> None:
    blanks, longest_name = (BlankForm("b", "number", 5),), "अ" * placeholders.LONGEST_NAME
    text_mr, text_en = "{ b }{" + longest_name + "}", "{b} { }{" + longest_name + "अ}"
    assert error_codes(town, text_mr=text_mr, text_en=text_en, blanks=blanks) == [
        ("text_mr", "blank_unknown")
    ]


def test_names_texts_department_and_limit_are_asked_for(town: City) -> None:
    errors = error_codes(
        town,
        name_mr="",
        name_en="",
        text_mr="",
        text_en=" ",
        department_id=0,
        late_limit=1,
        blanks=(),
    )
    assert errors == [
        ("department_id", "unknown_department"),
        ("name_mr", "required"),
        ("name_en", "required"),
        ("text_mr", "required"),
        ("text_en", "required"),
        ("late_limit", "limit"),
    ]


@pytest.mark.parametrize(
    "text", [" \u00a0\u2003\n", "\u200b\u2060", "\u180b\ufe0f\U000e0100"], ids=ascii
)
def test_a_template_that_nobody_can_see_is_refused(town: City, text: str) -> None:
    errors = error_codes(town, text_mr=text, text_en=text, blanks=())
    assert errors == [("text_mr", "required"), ("text_en", "required")]


def test_those_that_come_with_the_product_are_laid_once_and_unapproved(town: City) -> None:
    with town.write() as session:
        load_register(session, now=town.now)
        assert seed_templates.insert_missing(session, now=town.now) >= 5
    with town.write() as session:
        assert seed_templates.insert_missing(session, now=town.now) == 0
    assert offered(town) == []


def test_those_that_come_with_the_product_are_approved_by_any_officer(town: City) -> None:
    with town.write() as session:
        load_register(session, now=town.now)
        seed_templates.insert_missing(session, now=town.now)
        ids = {
            emergency_template.code: emergency_template.id
            for emergency_template in session.query(EmergencyTemplate)
        }
    emergency_steps.approve_template(town, ids["water-contaminated"])
    assert offered(town) == ["Water contaminated"]


def test_where_a_department_has_nobody_those_who_can_mend_it_are_told(town: City) -> None:
    emergency_steps.add_template(town, "garden")
    assert town.notified("template_waits") == ["admin", "lead"]
    town.appoint("gardener", Role.OFFICER, "garden")
