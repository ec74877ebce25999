"""Steps of emergency posts in the city: duties, templates, uses and alerts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from publisher.content_checks import placeholder_values
from publisher.emergency import alerts, template_approval, template_editing, templates
from publisher.emergency import publish as emergency_publish
from publisher.emergency.publish import UseForm
from publisher.emergency.template_editing import BlankForm, TemplateForm
from publisher.models.deliveries import Delivery
from publisher.models.emergency import Alert, Duty, EmergencyTemplate, EmergencyUse
from publisher.models.people import SignIn
from publisher.models.posts import Variant
from publisher.people import roster
from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.review import emergency_grounds
from publisher.settings.sms import Sms
from publisher.validation import Validator
from tests.support.city import City
from tests.support.city_people import HOUR

NO_SMS = Sms("", "POST", {}, "", "", "", "", {})
BLANK_TEXTS: Mapping[str, str] = {
    "blank-0": "1",
    "blank-1-mr": "कात्रज",
    "blank-1-en": "Katraj",
    "blank-2": "18:00",
    "blank-3": "020-5550-0108",
}
MARATHI = "कात्रज परिसरात अतिमुसळधार पाऊस, सायं. ६:०० पर्यंत. मदत: ०२०-५५५०-०१०८"
ENGLISH = "Katraj: very heavy rain until 6:00 pm. Help: 020-5550-0108"
FORM = TemplateForm(
    name_mr="अतिवृष्टी",
    name_en="Heavy rain",
    text_mr="{place} परिसरात {level} पाऊस, {time} पर्यंत. मदत: {helpline}",
    text_en="{place}: {level} rain until {time}. Help: {helpline}",
    blanks=(
        BlankForm("level", "choice", 0, "मुसळधार | heavy\nअतिमुसळधार | very heavy"),
        BlankForm("place", "place", 30),
        BlankForm("time", "time"),
        BlankForm("helpline", "helpline"),
    ),
)


def signed_in(town: City, name: str) -> None:
    """Let this person have signed in before, under the appointment of that name."""
    with town.write() as session:
        session.add(
            SignIn(
                token_digest=secrets.token_hex(32),
                person_id=town.people[name],
                appointment_id=town.appointments[name],
                signed_in_at=town.now - HOUR,
                proved_at=town.now - HOUR,
                seen_at=town.now - HOUR,
                ended_at=town.now - HOUR,
            )
        )


def add_duty(
    town: City, name: str = "clerk", *, hours: int = 12, has_signed_in: bool = True
) -> int:
    """Put a person on the roster from now on, and return the duty's id."""
    if has_signed_in:
        signed_in(town, name)
    with town.write() as session:
        duty = roster.put_on(
            session,
            actor=town.actor("admin" if name != "admin" else "lead"),
            now=town.now,
            person_id=town.people[name],
            from_at=town.now,
            until_at=town.now + hours * HOUR,
        )
        return duty.id


def add_template(
    town: City, department: str = "water", *, by: str = "clerk", form: TemplateForm = FORM
) -> int:
    """Add a template that waits for its department's approval, and return its id."""
    form = replace(form, department_id=town.departments[department])
    with town.write() as session:
        return template_editing.make(session, actor=town.actor(by), now=town.now, form=form).id


def approve_template(
    town: City, template_id: int, *, by: str = "first", seen_version: int = 0
) -> None:
    """Approve the template's newest revision, or the revision `seen_version`."""
    with town.write() as session:
        newest = session.get_one(EmergencyTemplate, template_id).newest
        template_approval.approve(
            session,
            actor=town.actor(by),
            now=town.now,
            template_id=template_id,
            seen_revision=seen_version or newest,
        )


def prepare_template(
    town: City, department: str = "water", *, duty: str = "clerk", form: TemplateForm = FORM
) -> int:
    """Add an approved template and a duty, and return the template's id."""
    template_id = add_template(town, department, form=form)
    approve_template(town, template_id, by={"water": "first", "road": "road_officer"}[department])
    add_duty(town, duty)
    return template_id


def use_form(
    town: City,
    template_id: int,
    *,
    blanks: Mapping[str, str] = BLANK_TEXTS,
    token: str = "one",
    word_at: datetime | None = None,
) -> UseForm:
    """Return the form as the duty officer sends it after seeing what will be published."""
    form = UseForm(
        template_id=template_id,
        blank_texts=blanks,
        word_name="विलास थोपटे",
        word_post="अग्निशमन केंद्र अधिकारी",
        word_at=word_at or town.now - timedelta(minutes=3),
        word_how="phone",
        token=token,
    )
    with town.read() as session:
        revision = templates.newest(session.get_one(EmergencyTemplate, template_id))
        texts = placeholder_values.read(
            emergency_grounds.revision_template(revision), blanks, Validator(), now=town.now
        )
        digest = emergency_publish.plan(session, revision, texts).digest
        return replace(form, seen_revision=revision.number, seen_plan=digest)


def publish(town: City, template_id: int, *, by: str = "clerk", form: UseForm | None = None) -> int:
    """Publish an emergency post by this template, and return the use's id."""
    use = form or use_form(town, template_id)
    with town.write() as session:
        return emergency_publish.publish(session, actor=town.actor(by), now=town.now, form=use).id


def publish_new(town: City, *, by: str = "clerk") -> int:
    """Publish by a new template, and return the id of the use, whose deliveries are due."""
    return publish(town, prepare_template(town, duty=by), by=by)


def deliveries(town: City, use_id: int) -> list[Delivery]:
    """Return the deliveries of a use, in order."""
    with town.read() as session:
        revision = session.get_one(EmergencyUse, use_id).decision.revision_id
        query = (
            select(Delivery)
            .join(Variant, Variant.id == Delivery.variant_id)
            .where(Variant.revision_id == revision)
            .order_by(Delivery.id)
        )
        return list(session.scalars(query))


def post_of(town: City, use_id: int) -> int:
    """Return the id of the use's post."""
    with town.read() as session:
        return session.get_one(EmergencyUse, use_id).decision.revision.post_id


def add_one_of_each(town: City, department: str, approver: str) -> dict[str, int]:
    """Add a template, a use, an alert and duties of all people; return an id of each."""
    for name in town.people:
        if not _is_on_duty(town, name):
            add_duty(town, name)
    template_id = add_template(town, department)
    approve_template(town, template_id, by=approver)
    town.platform("x").fail_next(Refused(RefusalCode.PERMISSION))
    form = use_form(town, template_id, token=f"of-{department}")
    use_id = publish(town, template_id, form=form)
    town.tick_dispatch()
    alerts.tick_alerts(town.database, sms=NO_SMS, now=town.clock)
    with town.read() as session:
        alert_id = session.scalars(select(Alert.id).order_by(Alert.id.desc())).first() or 0
        duty = select(Duty.id).where(Duty.person_id == town.people["garden_member"])
        return {
            "template_id": template_id,
            "use_id": use_id,
            "alert_id": alert_id,
            "duty_id": session.scalars(duty).one(),
        }


def _is_on_duty(town: City, name: str) -> bool:
    with town.read() as session:
        return roster.is_on_duty(session, town.actor(name), now=town.now)
