"""A person on duty publishes an urgent warning at once, but only in the approved words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from approvals import emergency, gate
from approvals.emergency import NotOnDuty
from approvals.errors import FreshSignInRequired, NotApproved, StaleRevision, WrongRole
from approvals.states import PostState
from publisher.delivery.controls.freeze import FreezeForm, freeze
from publisher.delivery.controls.stop import release, stop_all
from publisher.emergency import template_approval, template_editing
from publisher.emergency.publish import WhatLeavesChanged, publish
from publisher.models.deliveries import Account, Delivery
from publisher.models.emergency import EmergencyUse, TemplateDecision, TemplateRevision, WordHow
from publisher.models.posts import Decision, DecisionKind, Language, Post, Variant
from publisher.people import roster
from publisher.review import gate_adapter
from publisher.states import AccountState, DeliveryState
from publisher.validation import Invalid, NotFound
from tests.support import emergency_steps
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE


@pytest.mark.twin
def test_it_leaves_at_once_on_every_connected_account_in_both_languages(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    town.tick_dispatch()
    live = emergency_steps.deliveries(town, use_id)
    assert [delivery.state for delivery in live] == [DeliveryState.PUBLISHED] * 4
    assert all(delivery.urgent for delivery in live)
    for name in ("x", "facebook"):
        assert sorted(post.text for post in town.platform(name).published) == sorted(
            [emergency_steps.MARATHI, emergency_steps.ENGLISH]
        )


def test_the_decision_names_revision_approval_values_and_whose_word_it_was(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    with town.read() as session:
        use = session.get_one(EmergencyUse, use_id)
        decision = use.decision
        assert decision.kind is DecisionKind.EMERGENCY
        assert decision.person_id == town.people["clerk"]
        assert decision.digest == gate.digest(decision.revision.canonical)
        assert decision.revision.post.state is PostState.APPROVED
        assert use.template_revision.number == 1
        assert use.approval.person_id == town.people["first"]
        assert use.said["mr"] == {
            "level": "अतिमुसळधार",
            "place": "कात्रज",
            "time": "सायं. ६:००",
            "helpline": "०२०-५५५०-०१०८",
        }
        assert (use.word_name, use.word_how) == ("विलास थोपटे", WordHow.PHONE)
        assert use.due_at == decision.at + 24 * HOUR


def test_it_goes_ahead_of_everything_that_is_due(town: City) -> None:
    town.due("road", on=["x"])
    town.clock.move(MINUTE)
    emergency_steps.publish_new(town)
    town.tick_dispatch()
    texts = [post.text for post in town.platform("x").published]
    assert set(texts[:2]) == {emergency_steps.MARATHI, emergency_steps.ENGLISH}
    assert len(texts) == 3


@pytest.mark.parametrize("name", ["admin", "member", "auditor", "oversight", "head"])
def test_whoever_is_on_the_roster_may_whatever_their_role(town: City, name: str) -> None:
    template_id = emergency_steps.prepare_template(town, duty=name)
    assert emergency_steps.publish(town, template_id, by=name)


def test_nobody_else_may_not_even_the_cells_lead_or_the_approver(town: City) -> None:
    template_id = emergency_steps.prepare_template(town, duty="member")
    for name in ("lead", "first", "clerk", "admin"):
        with pytest.raises(NotOnDuty):
            emergency_steps.publish(town, template_id, by=name)


def test_the_roster_counts_at_the_moment_of_confirming(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    form = emergency_steps.use_form(town, template_id)
    town.clock.move(12 * HOUR)
    with pytest.raises(NotOnDuty):
        emergency_steps.publish(town, template_id, form=form)


def test_a_duty_that_was_taken_back_counts_no_more(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    emergency_steps.approve_template(town, template_id)
    duty_id = emergency_steps.add_duty(town)
    with town.write() as session:
        roster.take_off(session, actor=town.actor("admin"), now=town.now, duty_id=duty_id)
    with pytest.raises(NotOnDuty):
        emergency_steps.publish(town, template_id)


def test_it_asks_for_a_fresh_sign_in(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    form, stale = emergency_steps.use_form(town, template_id), town.actor("clerk", fresh=False)
    with town.write() as session, pytest.raises(FreshSignInRequired):
        publish(session, actor=stale, now=town.now, form=form)


def test_out_of_office_nobody_publishes_though_they_stand_on_the_roster(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    form, actor = emergency_steps.use_form(town, template_id), town.actor("clerk")
    town.end("clerk")
    town.clock.move(MINUTE)
    with town.write() as session, pytest.raises(WrongRole):
        publish(session, actor=actor, now=town.now, form=form)


def test_two_clicks_in_haste_make_one_post(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    form = emergency_steps.use_form(town, template_id)
    assert emergency_steps.publish(town, template_id, form=form) == emergency_steps.publish(
        town, template_id, form=form
    )
    with town.read() as session:
        assert len(list(session.scalars(select(Post.id)))) == 1


@pytest.mark.both
def test_two_clicks_at_the_same_moment_make_one_post(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    form = emergency_steps.use_form(town, template_id)
    with ThreadPoolExecutor(2) as both:
        use_ids = list(
            both.map(lambda _n: emergency_steps.publish(town, template_id, form=form), range(2))
        )
    assert use_ids[0] == use_ids[1]
    with town.read() as session:
        assert len(list(session.scalars(select(Delivery.id)))) == 4


def test_anothers_form_is_not_taken_for_ones_own(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    emergency_steps.add_duty(town, "member")
    form = emergency_steps.use_form(town, template_id)
    emergency_steps.publish(town, template_id, form=form)
    with pytest.raises(Invalid) as refused:
        emergency_steps.publish(town, template_id, by="member", form=form)
    assert refused.value.codes == [("token", "used")]


def test_a_template_that_waits_for_its_department_cannot_be_used(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    emergency_steps.add_duty(town)
    with pytest.raises(NotApproved):
        emergency_steps.publish(town, template_id)


def test_a_changed_template_needs_its_approval_anew(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    form = emergency_steps.use_form(town, template_id)
    _change(town, template_id)
    with pytest.raises(NotApproved):
        emergency_steps.publish(town, template_id, form=form)
    emergency_steps.approve_template(town, template_id, by="second")
    with pytest.raises(StaleRevision):
        emergency_steps.publish(town, template_id, form=form)
    assert emergency_steps.publish(town, template_id)


def _change(town: City, template_id: int) -> None:
    changed = replace(
        emergency_steps.FORM,
        text_en=emergency_steps.FORM.text_en + " Stay indoors.",
        department_id=town.departments["water"],
    )
    with town.write() as session:
        template_editing.change(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            template_id=template_id,
            seen_revision=1,
            form=changed,
        )


def test_an_ended_template_cannot_be_used(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    form = emergency_steps.use_form(town, template_id)
    with town.write() as session:
        template_editing.end(
            session, actor=town.actor("clerk"), now=town.now, template_id=template_id
        )
    with pytest.raises(NotFound):
        emergency_steps.publish(town, template_id, form=form)


def test_what_was_not_seen_does_not_leave(town: City) -> None:
    """An account was paused after the confirmation page was opened."""
    template_id = emergency_steps.prepare_template(town)
    form = emergency_steps.use_form(town, template_id)
    with town.write() as session:
        account = session.get_one(Account, town.accounts["facebook"])
        session.execute(
            update(Account).where(Account.id == account.id).values(state=AccountState.PAUSED)
        )
    with pytest.raises(WhatLeavesChanged):
        emergency_steps.publish(town, template_id, form=form)
    use_id = emergency_steps.publish(town, template_id)
    assert {delivery.account_id for delivery in emergency_steps.deliveries(town, use_id)} == {
        town.accounts["x"]
    }


def test_a_word_is_asked_for_with_name_post_how_and_when(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    form = replace(
        emergency_steps.use_form(town, template_id),
        word_name=" ",
        word_post="",
        word_how="dream",
        word_at=None,
    )
    with pytest.raises(Invalid) as refused:
        emergency_steps.publish(town, template_id, form=form)
    assert refused.value.codes == [
        ("word_name", "required"),
        ("word_post", "required"),
        ("word_how", "choose"),
        ("word_at", "required"),
    ]


@pytest.mark.parametrize("span", [timedelta(minutes=-5), 25 * HOUR])
def test_a_word_of_tomorrow_or_of_yesterday_is_refused(town: City, span: timedelta) -> None:
    template_id = emergency_steps.prepare_template(town)
    form = emergency_steps.use_form(town, template_id, word_at=town.now - span)
    with pytest.raises(Invalid) as refused:
        emergency_steps.publish(town, template_id, form=form)
    assert refused.value.codes == [("word_at", "not_lately")]


# The gate


def _withdraw(town: City, template_id: int) -> None:
    with town.write() as session:
        template_approval.withdraw(
            session,
            actor=town.actor("second"),
            now=town.now,
            template_id=template_id,
            seen_revision=1,
            reason="क्रमांक बदलला आहे.",
        )


def test_withdrawing_the_templates_approval_stops_what_has_not_left(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    use_id = emergency_steps.publish(town, template_id)
    _withdraw(town, template_id)
    assert {delivery.state for delivery in emergency_steps.deliveries(town, use_id)} == {
        DeliveryState.CANCELLED
    }
    town.tick_dispatch()
    assert town.platform("x").published == []


def test_the_gate_refuses_once_the_templates_approval_was_withdrawn(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    with town.write() as session:
        session.execute(update(TemplateDecision).values(withdrawn_at=town.now))
    _expect_refused(town, use_id, "approval_missing")


@pytest.mark.usefixtures("changeable_rows")
def test_the_gate_refuses_a_text_that_is_not_the_templates(town: City) -> None:
    """The digest and the canonical form are changed to fit the text."""
    use_id = emergency_steps.publish_new(town)
    with town.write() as session:
        session.execute(
            update(Variant).where(Variant.language == Language.MARATHI).values(text="घाबरू नका.")
        )
        decision = session.get_one(EmergencyUse, use_id).decision
        revision = decision.revision
        session.expire_all()
        revision.canonical = gate.canonical(gate_adapter.load_subject(session, revision.id))
        revision.digest = decision.digest = gate.digest(revision.canonical)
    _expect_refused(town, use_id, "approval_missing")


def test_the_gate_refuses_other_values_than_those_of_the_record(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    with town.write() as session:
        use = session.get_one(EmergencyUse, use_id)
        use.said = {**use.said, "mr": {**use.said["mr"], "place": "कोंढवा"}}
    _expect_refused(town, use_id, "approval_missing")


def test_the_gate_refuses_if_the_approved_template_was_changed_afterwards(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    with town.write() as session:
        session.execute(update(TemplateRevision).values(late_limit=600))
    _expect_refused(town, use_id, "approval_missing")


def test_the_gate_refuses_an_emergency_decision_that_names_no_use(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    deliveries = emergency_steps.deliveries(town, use_id)
    with town.write() as session:
        session.delete(session.get_one(EmergencyUse, use_id))
    town.tick_dispatch()
    for delivery in deliveries:
        assert town.delivery(delivery.id).reason["code"] == "approval_missing"


def _expect_refused(town: City, use_id: int, code: str) -> None:
    town.tick_dispatch()
    for delivery in emergency_steps.deliveries(town, use_id):
        assert (delivery.state, delivery.reason["code"]) == (DeliveryState.FAILED, code)
    assert town.platform("x").published == town.platform("facebook").published == []


def test_a_template_needs_every_language_on_every_account() -> None:
    """This tests the pure rule without a database."""
    template = emergency.Template(1, ("अ", "A"), (("mr", "पाऊस"), ("en", "Rain")), (), 60)
    digest = emergency.digest(template)
    ground = emergency.EmergencyBasis(template, digest, digest, True, False, {})
    variants = [_variant("mr", "पाऊस"), _variant("en", "Rain")]
    assert emergency.stands(ground, _subject(variants))
    assert not emergency.stands(ground, _subject(variants[:1]))
    assert not emergency.stands(ground, _subject([]))
    assert not emergency.stands(ground, _subject([variants[0], replace(variants[1], link="x")]))
    assert not emergency.stands(replace(ground, refused=True), _subject(variants))
    assert not emergency.stands(replace(ground, approval_stands=False), _subject(variants))
    assert not emergency.stands(replace(ground, approved_digest="0" * 64), _subject(variants))


def _variant(language: str, text: str) -> gate.VariantSubject:
    return gate.VariantSubject(7, language, text, "", "", ())


def _subject(variants: list[gate.VariantSubject]) -> gate.Subject:
    window = gate.Window(None, datetime(2026, 11, 26, tzinfo=UTC))
    return gate.Subject(1, (1,), "post", window, tuple(variants))


# Stop and freeze


def test_a_stop_holds_it_and_a_freeze_does_not(town: City) -> None:
    with town.write() as session:
        form = FreezeForm(town.now, town.now + 9 * DAY, "आचारसंहिता")
        freeze(session, actor=town.actor("lead"), now=town.now, form=form)
        stop = stop_all(session, actor=town.actor("lead"), now=town.now, reason="तपासणी")
    use_id = emergency_steps.publish_new(town)
    town.tick_dispatch()
    assert {delivery.state for delivery in emergency_steps.deliveries(town, use_id)} == {
        DeliveryState.SCHEDULED
    }
    with town.write() as session:
        release(session, actor=town.actor("lead"), now=town.now, stop_ids=[stop.id], reason="झाली")
    town.tick_dispatch(MINUTE)
    assert {delivery.state for delivery in emergency_steps.deliveries(town, use_id)} == {
        DeliveryState.PUBLISHED
    }


def test_the_decision_is_nobodys_second_pair_of_eyes_for_another_post(town: City) -> None:
    """An emergency approval covers its own revision alone."""
    use_id = emergency_steps.publish_new(town)
    post_id = town.in_review("water")
    with town.write() as session:
        decision = session.get_one(EmergencyUse, use_id).decision
        session.add(
            Decision(
                revision_id=session.get_one(Post, post_id).revisions[-1].id,
                department_id=decision.department_id,
                kind=DecisionKind.EMERGENCY,
                person_id=decision.person_id,
                appointment_id=decision.appointment_id,
                at=town.now,
                digest=session.get_one(Post, post_id).revisions[-1].digest,
            )
        )
    with town.read() as session:
        revision = session.get_one(Post, post_id).revisions[-1]
        assert gate.counting(gate_adapter.load_case(session, revision.id, now=town.now)) == ()
